"""What callback URLs are told: listed, replayed, and the endpoints that said that they are gone."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import redis

from worker.contracts.jobs import REQUESTS
from worker.contracts.records import Delivery, Notice, NoticeResult
from worker.contracts.results import ErrorInfo
from worker.errors import RequestError
from worker.state.listing import NOTICES, Page, Wanted, read_rows, scan
from worker.state.record import time_of
from worker.state.scripts import Script

_STATES: Final = {
    "queued": "pending",
    "running": "pending",
    "succeeded": "delivered",
    "failed": "failed",
}

_REPLAY: Final = """
local tenant, id = unpack(ARGV)
local key = record_key(tenant, id)
local had = redis.call('HMGET', key, 'status', 'kind', 'request')
if had[2] ~= 'notify' then return false end
redis.call('DEL', endpoint_key(tenant, cjson.decode(had[3]).url))
if had[1] ~= 'failed' and had[1] ~= 'succeeded' then return had[1] end
redis.call('HDEL', key, 'result')
reopen(key, tenant, 'notify:' .. id, 'queued', clock_ms())
tell(key, tenant, id)
return 'queued now'
"""


class NoticePage(NamedTuple):
    """Some deliveries, and where to go on; a page may be short and still have a next one."""

    notices: list[Delivery]
    next_cursor: str | None


class NoticeRecords:
    """All notices of all tenants. A notice of another tenant does not exist here.

    Every method raises RequestError `queue.unavailable` when Redis does not do its part.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._replay = Script(client, _REPLAY)

    def read(self, tenant: str, notice_id: str) -> Delivery | None:
        rows = read_rows(self._redis, tenant, [notice_id] if notice_id.startswith("msg_") else [])
        return _delivery_of(tenant, *rows[0]) if rows else None

    def page(self, tenant: str, state: str | None, *, cursor: str | None, limit: int) -> NoticePage:
        """Notices, those of the newest job first; a page looks at a bounded number of them.

        Raises: RequestError `request.invalid` for a cursor that no page gave.
        """
        of_state = frozenset(status for status, told in _STATES.items() if told == state)
        wanted = Wanted({"status": of_state} if state is not None else {})
        found = scan(self._redis, tenant, NOTICES, wanted, Page(cursor, limit))
        rows = read_rows(self._redis, tenant, found.ids)
        return NoticePage([_delivery_of(tenant, *row) for row in rows], found.last)

    def replay(self, tenant: str, notice_id: str) -> Delivery:
        """Send a notice again that ended, and let its endpoint be called again if it was gone.

        Raises: RequestError `job.state` while it is under way, `request.not_found`.
        """
        outcome = self._replay(tenant, notice_id) if notice_id.startswith("msg_") else None
        if outcome not in {"queued now", None}:
            raise RequestError("job.state", "The notice is still under way.")
        notice = self.read(tenant, notice_id)
        if outcome is None or notice is None:
            raise RequestError("request.not_found", "There is no such notice.")
        return notice


def _delivery_of(tenant: str, notice_id: str, row: Mapping[str, str]) -> Delivery:
    notice = REQUESTS["notify"].model_validate_json(row["request"])
    assert isinstance(notice, Notice)
    values: dict[str, Any] = {
        **{name: getattr(notice, name) for name in ("url", "type", "job", "record", "sequence")},
        "state": _STATES[row["status"]],
        "created_at": time_of(row["created_ms"]),
        "next_at": time_of(row.get("next_ms")),
        "ended_at": time_of(row.get("finished_ms")),
    }
    if "result" in row:
        values["status"] = NoticeResult.model_validate_json(row["result"]).status
    if "error" in row:
        values["error"] = ErrorInfo.model_validate_json(row["error"])
    return Delivery(**values, id=notice_id, tenant=tenant, attempts=int(row["attempts"]))
