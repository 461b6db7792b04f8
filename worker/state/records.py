"""The records of covers written back: made for covers that are there, read, listed, run again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final, NamedTuple

import redis
from ulid import ULID

from worker.contracts.catalogue import MediumCover
from worker.contracts.jobs import REQUESTS
from worker.contracts.records import Record, RecordedCover, RecordOrder, RecordResult
from worker.contracts.results import ErrorInfo
from worker.contracts.targets import FirstframeTarget
from worker.errors import RequestError
from worker.rules.records import target_key
from worker.state.connection import redis_errors_as_ours
from worker.state.listing import RECORDS, Page, Wanted, read_rows, scan
from worker.state.media import packed_cover
from worker.state.medium_scripts import SHOWING
from worker.state.record import time_of
from worker.state.record_scripts import MAKING_RECORDS, TOLD, told_order
from worker.state.scripts import Script

# So many in one script keep others waiting in Redis for some milliseconds.
BATCH: Final = 250

# A picture may be deleted while an order for it comes in.
_CREATE: Final = (
    MAKING_RECORDS
    + f"""
local function is_gone(tenant, cover)
  local told = cover ~= '' and cjson.decode(cover) or {{}}
  return type(told.image_id) == 'string' and not is_object(told.key)
    and redis.call('EXISTS', 'ff:image:' .. tenant .. ':' .. told.image_id) == 0
end
local tenant, fences, now = ARGV[1], {{}}, clock_ms()
for first = 2, #ARGV, {TOLD} do
  local id = ARGV[first]
  local key = record_key(tenant, id)
  local fence = redis.call('HGET', key, 'fence')
  if not fence then
    fence = make_record(tenant, 'queued', now, {{unpack(ARGV, first, first + {TOLD - 1})}})
    if is_gone(tenant, ARGV[first + 5]) then
      redis.call('HSET', key, 'error', GONE_COVER)
      end_job(key, tenant, 'record:' .. id, 'failed', now)
    end
  end
  table.insert(fences, fence)
end
return fences
"""
)

# What needs no provider: a medium shows a picture of ours, which is recorded in the same instant,
# and no older order overwrites it.
_SETTLE: Final = (
    MAKING_RECORDS
    + SHOWING
    + """
local tenant, target, result, reference = unpack(ARGV, 1, 4)
local medium, cover, picture, image, object = unpack(ARGV, 5, 9)
local id, now, at = ARGV[10], clock_ms(), 'ff:target:' .. target
local key = record_key(tenant, id)
if redis.call('EXISTS', key) == 1 then return end
local wrong = why_not_shown(tenant, medium, image, object)
if wrong then return wrong end
local fence = make_record(tenant, 'running', now, {unpack(ARGV, 10)})
local told = cjson.decode(cover)
told.fence, told.record = fence, id
show_cover(tenant, medium, cjson.encode(told), picture, image, object)
redis.call('HSET', key, 'state', 'recorded', 'result', result)
redis.call('HSET', at, 'fence', fence, 'record', id, 'tenant', tenant, 'reference', reference,
  'request', '', 'verified', 1, 'at_ms', whole(now))
redis.call('ZADD', 'ff:targets', now, target)
show_object(target, cover_of(key), now)
end_job(key, tenant, 'record:' .. id, 'succeeded', now)
"""
)

# Half a step older than the record itself, which still has to write; older orders have not.
_PRECEDE: Final = """
local tenant, id, target, reference = unpack(ARGV)
local at, now = 'ff:target:' .. target, clock_ms()
local fence = tonumber(redis.call('HGET', record_key(tenant, id), 'fence')) - 0.5
if fence > tonumber(redis.call('HGET', at, 'fence') or 0) then
  redis.call('HSET', at, 'fence', fence, 'record', id, 'tenant', tenant, 'reference', reference,
    'request', '', 'verified', 1, 'at_ms', whole(now))
  redis.call('ZADD', 'ff:targets', now, target)
  show_object(target, nil, now)
end
"""

_RETRY: Final = """
local tenant, id = unpack(ARGV)
local key = record_key(tenant, id)
local had = redis.call('HMGET', key, 'status', 'kind', 'cover', 'held', 'lane')
if had[2] ~= 'record' then return false end
if had[1] ~= 'failed' then return redis.call('HGET', key, 'state') end
if not had[3] then return 'without a cover' end
if had[4] and not is_object(cover_of(key)) then return 'of a picture that was deleted' end
reopen(key, tenant, 'record:' .. id, 'queued', clock_ms())
if had[5] == 'notify' then redis.call('DEL', endpoint_key(tenant, endpoint_of(key))) end
tell(key, tenant, id)
tell_job_of(key, tenant, id)
return 'queued now'
"""

# The fence stays, so that an order accepted since then is still the newer one. What stands counts
# as half a step older: an order of an older fence finds it newer all the same.
_MEND: Final = """
local tenant, id, target = unpack(ARGV)
local key, at = record_key(tenant, id), 'ff:target:' .. target
local fence = redis.call('HGET', key, 'fence')
if not fence or redis.call('HGET', key, 'state') ~= 'recorded' then return 0 end
if redis.call('HGET', at, 'fence') ~= fence then return 0 end
local writer = redis.call('HMGET', at, 'w_tenant', 'w_record')
if writer[2] and redis.call('HGET', record_key(unpack(writer)), 'state') == 'pending' then
  return 0
end
reopen(key, tenant, 'record:' .. id, 'queued', clock_ms())
redis.call('HSET', key, 'fence', fence)
redis.call('HDEL', key, 'result')
redis.call('HSET', at, 'fence', fence - 0.5)
tell(key, tenant, id)
tell_job_of(key, tenant, id)
return 1
"""


class RecordFilters(NamedTuple):
    """What a listed record must be; None lets every record pass. `target` is as `target_id`."""

    state: str | None = None
    provider: str | None = None
    job: str | None = None
    created_after: datetime | None = None
    target: str | None = None


class RecordPage(NamedTuple):
    """Some records, and where to go on; a page may be short or empty and still have a next one."""

    records: list[Record]
    next_cursor: str | None


class Standing(NamedTuple):
    """What was last seen to stand at a target; `fence` is that of the record which put it there.

    `writer`, its tenant and id, is a record whose write is under way, or was left in doubt.
    """

    target: str
    tenant: str
    record: str
    fence: float
    reference: str | None
    at: datetime | None
    writer: tuple[str, str] | None = None


class RecordRecords:
    """All records of all tenants. A record of another tenant does not exist here.

    Every method raises RequestError `queue.unavailable` when Redis does not do its part.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._create = Script(client, _CREATE)
        self._settle = Script(client, _SETTLE)
        self._precede = Script(client, _PRECEDE)
        self._retry = Script(client, _RETRY)
        self._mend = Script(client, _MEND)

    def create(self, tenant: str, orders: Iterable[RecordOrder]) -> list[Record]:
        """Record orders whose covers are there, and line them up; later ones count as newer.

        The lanes have to be released afterwards. What Redis took before it failed stays.
        """
        made: list[Record] = []
        waiting = iter(orders)
        while batch := [(f"rec_{ULID()}", order) for order in islice(waiting, BATCH)]:
            told = [word for made_id, order in batch for word in told_order(made_id, order)]
            fences = self._create(tenant, *told)
            made += [
                _pending(tenant, made_id, order, int(fence))
                for (made_id, order), fence in zip(batch, fences, strict=True)
            ]
        return made

    def settle(self, tenant: str, order: RecordOrder, cover: MediumCover) -> Record:
        """Let a medium of our own show a picture of ours, and record it as `recorded` at once.

        The fence and record of `cover` are made here; older orders are superseded from now on.
        Raises: RequestError `request.not_found` without the medium, or when the picture is gone.
        """
        assert isinstance(order.target, FirstframeTarget)
        made_id = f"rec_{ULID()}"
        result = RecordResult(state="recorded", reference=cover.key, verified=True)
        wrong = self._settle(
            *(tenant, target_key(order.target), result.model_dump_json(), cover.key or ""),
            *(order.target.medium_id, *packed_cover(cover)),
            *told_order(made_id, order),
        )
        if wrong:
            raise RequestError(wrong)
        settled = self.read(tenant, made_id)
        assert settled is not None
        return settled

    def precede(self, record: Record, *, reference: str) -> None:
        """Note that the target shows at once what the record is to complete.

        Older orders are superseded from now on, though the record may never come to its write.
        """
        self._precede(record.tenant, record.id, target_key(record.target), reference)

    def read(self, tenant: str, record_id: str) -> Record | None:
        rows = read_rows(self._redis, tenant, [record_id] if record_id.startswith("rec_") else [])
        return _record_of(tenant, *rows[0]) if rows else None

    def page(
        self, tenant: str, filters: RecordFilters, *, cursor: str | None, limit: int
    ) -> RecordPage:
        """Records newest first; a page looks at no more than `listing.MAX_LOOKED_AT`.

        Raises: RequestError `request.invalid` for a cursor that no page gave.
        """
        named = filters._asdict()
        del named["created_after"]
        fields = {name: frozenset([value]) for name, value in named.items() if value is not None}
        wanted = Wanted(fields, filters.created_after)
        found = scan(self._redis, tenant, RECORDS, wanted, Page(cursor, limit))
        rows = read_rows(self._redis, tenant, found.ids)
        return RecordPage([_record_of(tenant, *row) for row in rows], found.last)

    def retry(self, tenant: str, record_id: str) -> Record:
        """Queue a failed record again, as a new order: it counts as newer than all before.

        An endpoint that was gone is called again.
        Raises: RequestError `job.state` when it has not failed or has no cover (then its job is
        what to retry), `request.not_found`.
        """
        outcome = self._retry(tenant, record_id) if record_id.startswith("rec_") else None
        if outcome not in {"queued now", None}:
            raise RequestError("job.state", f"The record is {outcome}.")
        record = self.read(tenant, record_id)
        if outcome is None or record is None:
            raise RequestError("request.not_found", "There is no such record.")
        return record

    def standing(self) -> Iterator[Standing]:
        """What stands at each target, what was written longest ago first, each once.

        What is written meanwhile is left out.
        """
        until_ms, from_ms, told = self._now_ms(), "-inf", set[str]()
        while True:
            with redis_errors_as_ours():
                most = BATCH + len(told)
                found: Any = self._redis.zrangebyscore(
                    *("ff:targets", from_ms, until_ms, 0, most), withscores=True
                )
                rows = self._targets([target for target, _ in found if target not in told])
            yield from (_standing_of(target, row) for target, row in rows if "fence" in row)
            if len(found) < most:
                return
            last_ms = found[-1][1]
            from_ms, told = repr(last_ms), {target for target, at_ms in found if at_ms == last_ms}

    def _now_ms(self) -> float:
        """By the clock of Redis."""
        with redis_errors_as_ours():
            seconds, microseconds = self._redis.time()
        return float(seconds) * 1000 + float(microseconds) / 1000

    def stands_still(self, standing: Standing) -> bool:
        """Whether the same stands at the target now, and nobody else has begun to write there."""
        with redis_errors_as_ours():
            ((_, row),) = self._targets([standing.target])
        return "fence" in row and _standing_of(standing.target, row) == standing

    def _targets(self, targets: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
        with self._redis.pipeline(transaction=False) as pipe:
            for target in targets:
                pipe.hgetall(f"ff:target:{target}")
            return list(zip(targets, pipe.execute(), strict=True))

    def mend(self, record: Record) -> bool:
        """Queue a record again whose cover stands no more, in its old place in the order.

        False when a newer order has the target, or another write is under way there.
        """
        return bool(self._mend(record.tenant, record.id, target_key(record.target)))


def _standing_of(target: str, row: Mapping[str, str]) -> Standing:
    fence, at = float(row["fence"]), time_of(row.get("at_ms"))
    told = (target, row["tenant"], row["record"], fence, row["reference"] or None, at)
    writer = (row["w_tenant"], row["w_record"]) if "w_record" in row else None
    return Standing(*told, writer=writer)


def _pending(tenant: str, record_id: str, order: RecordOrder, fence: int) -> Record:
    return Record(
        id=record_id,
        tenant=tenant,
        target=order.target,
        state="pending",
        fence=fence,
        attempts=0,
        job=order.job,
        cover=order.cover,
        created_at=ULID.from_str(record_id.removeprefix("rec_")).datetime,
        metadata=order.metadata,
    )


def _record_of(tenant: str, record_id: str, row: Mapping[str, str]) -> Record:
    order = REQUESTS["record"].model_validate_json(row["request"])
    assert isinstance(order, RecordOrder)
    values: dict[str, Any] = {
        "state": row["state"],
        "created_at": time_of(row["created_ms"]),
        "next_at": time_of(row.get("next_ms")),
        "recorded_at": time_of(row.get("finished_ms")) if row["state"] == "recorded" else None,
    }
    for name, model in (("cover", RecordedCover), ("result", RecordResult), ("error", ErrorInfo)):
        if name in row:
            values[name] = model.model_validate_json(row[name])
    return Record(
        **values,
        id=record_id,
        tenant=tenant,
        target=order.target,
        fence=int(row["fence"]),
        attempts=int(row["attempts"]),
        job=order.job,
        metadata=order.metadata,
    )
