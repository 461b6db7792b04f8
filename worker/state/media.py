"""The records of media: every medium that a job saw, under an id made of what its source is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, cast

import redis

from worker.contracts.catalogue import MediumRecord
from worker.contracts.results import MediumInfo
from worker.state.connection import redis_errors_as_ours
from worker.state.record import time_of
from worker.state.scripts import Script

# More in one script would keep others waiting in Redis, which does one thing at a time.
_BATCH: Final = 200

# When each was seen last stands in the list of the tenant's media, which is also what sweeps read.
_MEDIA: Final = """
local function medium_key(tenant, id) return 'ff:medium:' .. tenant .. ':' .. id end
local function media_key(tenant) return 'ff:media:' .. tenant end

local function see_at(tenant, id, seen_ms)
  redis.call('ZADD', media_key(tenant), 'GT', seen_ms, id)
  redis.call('SADD', 'ff:media_tenants', tenant)
end

local function told_of(tenant, id)
  local fields = redis.call('HGETALL', medium_key(tenant, id))
  if #fields == 0 then return fields end
  table.insert(fields, 'seen_ms')
  table.insert(fields, whole(tonumber(redis.call('ZSCORE', media_key(tenant), id))))
  return fields
end
"""

# Where nobody can tell whether two media are the same bytes, they count as one version.
_SEE: Final = (
    _MEDIA
    + """
local tenant, id, source, probe, fingerprint, of_library, seen_ms = unpack(ARGV)
local key = medium_key(tenant, id)
if redis.call('EXISTS', key) == 0 then
  redis.call('HSET', key, 'version', 1, 'created_ms', seen_ms, 'of_library', of_library,
    'fingerprint', fingerprint)
end
local before = redis.call('HGET', key, 'fingerprint')
if fingerprint ~= '' and fingerprint ~= before then
  if before ~= '' then redis.call('HINCRBY', key, 'version', 1) end
  redis.call('HSET', key, 'fingerprint', fingerprint)
  redis.call('HDEL', key, 'documented')
end
redis.call('HSET', key, 'source', source, 'probe', probe)
see_at(tenant, id, seen_ms)
return told_of(tenant, id)
"""
)

_RESTORE: Final = (
    _MEDIA
    + """
local tenant, id, seen_ms = ARGV[1], ARGV[2], ARGV[3]
local key = medium_key(tenant, id)
see_at(tenant, id, seen_ms)
if redis.call('EXISTS', key) == 1 then return 0 end
redis.call('HSET', key, 'documented', 1, unpack(ARGV, 4))
return 1
"""
)

_READ: Final = (
    _MEDIA
    + """
return told_of(ARGV[1], ARGV[2])
"""
)

_DOCUMENTED: Final = (
    _MEDIA
    + """
local key = medium_key(ARGV[1], ARGV[2])
if redis.call('HGET', key, 'version') == ARGV[3] then redis.call('HSET', key, 'documented', 1) end
"""
)

_SEE_AGAIN: Final = (
    _MEDIA
    + """
see_at(ARGV[1], ARGV[2], ARGV[3])
"""
)

_IS_UNUSED: Final = (
    _MEDIA
    + """
local function is_unused(tenant, id, before_ms)
  local seen_ms = redis.call('ZSCORE', media_key(tenant), id)
  return seen_ms and tonumber(seen_ms) < tonumber(before_ms)
    and redis.call('EXISTS', 'ff:images:' .. tenant .. ':medium:' .. id) == 0
end
"""
)

_UNUSED: Final = (
    _IS_UNUSED
    + """
local tenant, before_ms, start, limit = unpack(ARGV)
local told = {0}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', media_key(tenant), '-inf', '(' .. before_ms,
    'LIMIT', start, limit)) do
  told[1] = told[1] + 1
  if is_unused(tenant, id, before_ms) then table.insert(told, id) end
end
return told
"""
)

# One that was seen meanwhile stays; its document, which is gone by now, is put at the next sight.
_FORGET: Final = (
    _IS_UNUSED
    + """
local tenant, id, before_ms = unpack(ARGV)
if not is_unused(tenant, id, before_ms) then
  redis.call('HDEL', medium_key(tenant, id), 'documented')
  return 0
end
redis.call('DEL', medium_key(tenant, id))
redis.call('ZREM', media_key(tenant), id)
return 1
"""
)


class Seen(NamedTuple):
    """A medium that a job saw; `is_news` while the store has no document of it as it is."""

    record: MediumRecord
    is_news: bool


class Sighting(NamedTuple):
    """What a job saw: which medium, and what it is."""

    medium_id: str
    source: str
    probe: MediumInfo
    fingerprint: str | None
    of_library: bool


class MediumRecords:
    """All media of all tenants. A medium of another tenant does not exist here.

    Every method raises RequestError `queue.unavailable` when Redis does not do its part.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._see = Script(client, _SEE)
        self._read = Script(client, _READ)
        self._restore = Script(client, _RESTORE)
        self._see_again = Script(client, _SEE_AGAIN)
        self._documented = Script(client, _DOCUMENTED)
        self._unused = Script(client, _UNUSED)
        self._forget = Script(client, _FORGET)

    def see(self, tenant: str, sighting: Sighting, at: datetime) -> Seen:
        """The record of a medium, made where it is new; another fingerprint is a new version."""
        told = self._see(
            *(tenant, sighting.medium_id, sighting.source, sighting.probe.model_dump_json()),
            *(sighting.fingerprint or "", int(sighting.of_library), _ms(at)),
        )
        return Seen(_record(tenant, sighting.medium_id, told), "documented" not in told[::2])

    def documented(self, record: MediumRecord) -> None:
        """Note that the store has the document of this version."""
        self._documented(record.tenant, record.medium_id, record.version)

    def see_again(self, tenant: str, medium_id: str, at: datetime) -> None:
        """Note that a job over the medium was taken then, if that is the latest."""
        self._see_again(tenant, medium_id, _ms(at))

    def restore(self, record: MediumRecord) -> bool:
        """Know a medium that only its document tells of; False where it is known."""
        fields: dict[str, str | int] = {
            "version": record.version,
            "created_ms": _ms(record.created_at),
            "of_library": int(record.of_library),
            "source": record.source,
            "probe": record.probe.model_dump_json(),
            "fingerprint": record.fingerprint or "",
        }
        pairs = (part for pair in fields.items() for part in pair)
        return bool(self._restore(record.tenant, record.medium_id, _ms(record.seen_at), *pairs))

    def read(self, tenant: str, medium_id: str) -> MediumRecord | None:
        told = self._read(tenant, medium_id)
        return _record(tenant, medium_id, told) if told else None

    def unused(self, tenant: str, before: datetime) -> list[str]:
        """The ids of media without pictures that no job taken since `before` saw."""
        found: list[str] = []
        start = 0
        while True:
            looked_at, *ids = self._unused(tenant, _ms(before), start, _BATCH)
            found += ids
            start += looked_at
            if looked_at < _BATCH:
                return found

    def forget(self, tenant: str, medium_id: str, before: datetime) -> bool:
        """Forget a medium whose document is gone, if it is still unused; whether it was."""
        return bool(self._forget(tenant, medium_id, _ms(before)))

    def tenants(self) -> list[str]:
        """Tenants that have or had media."""
        with redis_errors_as_ours():
            return sorted(cast(set[str], self._redis.smembers("ff:media_tenants")))


def _record(tenant: str, medium_id: str, told: Sequence[str]) -> MediumRecord:
    fields = dict(zip(told[::2], told[1::2], strict=True))
    created_at, seen_at = time_of(fields["created_ms"]), time_of(fields["seen_ms"])
    assert created_at
    assert seen_at
    return MediumRecord(
        medium_id=medium_id,
        tenant=tenant,
        of_library=fields["of_library"] == "1",
        source=fields["source"],
        probe=MediumInfo.model_validate_json(fields["probe"]),
        fingerprint=fields["fingerprint"] or None,
        version=int(fields["version"]),
        created_at=created_at,
        seen_at=seen_at,
    )


def _ms(at: datetime) -> str:
    return f"{at.timestamp() * 1000:.0f}"
