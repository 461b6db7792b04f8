"""The records of media: every medium that a job saw, found again by what its source is."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple, cast

import redis

from worker.contracts.catalogue import MediumRecord
from worker.contracts.results import MediumInfo
from worker.state.connection import redis_errors_as_ours
from worker.state.record import time_of
from worker.state.scripts import Script

_MEDIA: Final = """
local function medium_key(tenant, id) return 'ff:medium:' .. tenant .. ':' .. id end
local function media_key(tenant) return 'ff:media:' .. tenant end

local function see_later(key, seen_ms)
  if tonumber(seen_ms) > tonumber(redis.call('HGET', key, 'seen_ms') or 0) then
    redis.call('HSET', key, 'seen_ms', seen_ms)
  end
end
"""

# Where nobody can tell whether two media are the same bytes, they count as one version.
_SEE: Final = (
    _MEDIA
    + """
local tenant, id, identity, source, probe, fingerprint, of_library, seen_ms = unpack(ARGV)
local known = redis.call('HGET', media_key(tenant), identity)
local key = medium_key(tenant, known or id)
if not known then
  redis.call('HSET', media_key(tenant), identity, id)
  redis.call('HSET', key, 'identity', identity, 'version', 1, 'created_ms', seen_ms,
    'of_library', of_library, 'fingerprint', fingerprint)
end
local before = redis.call('HGET', key, 'fingerprint')
if fingerprint ~= '' and fingerprint ~= before then
  if before ~= '' then redis.call('HINCRBY', key, 'version', 1) end
  redis.call('HSET', key, 'fingerprint', fingerprint)
  redis.call('HDEL', key, 'documented')
end
redis.call('HSET', key, 'source', source, 'probe', probe)
see_later(key, seen_ms)
return {known or id, redis.call('HGETALL', key)}
"""
)

_RESTORE: Final = (
    _MEDIA
    + """
local tenant, id, identity = ARGV[1], ARGV[2], ARGV[3]
local key = medium_key(tenant, id)
if redis.call('HSETNX', media_key(tenant), identity, id) == 0 then return 0 end
for at = 4, #ARGV, 2 do
  if ARGV[at] == 'seen_ms' then
    see_later(key, ARGV[at + 1])
  else
    redis.call('HSET', key, ARGV[at], ARGV[at + 1])
  end
end
redis.call('HSET', key, 'documented', 1)
return 1
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
see_later(medium_key(ARGV[1], ARGV[2]), ARGV[3])
"""
)


class Seen(NamedTuple):
    """A medium that a job saw; `is_news` while the store has no document of it as it is."""

    record: MediumRecord
    is_news: bool


class Sighting(NamedTuple):
    """What a job saw: which medium by its identity, and what it is."""

    identity: str
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
        self._restore = Script(client, _RESTORE)
        self._see_again = Script(client, _SEE_AGAIN)
        self._documented = Script(client, _DOCUMENTED)

    def see(self, tenant: str, sighting: Sighting, at: datetime) -> Seen:
        """The record of a medium, made where it is new; another fingerprint is a new version."""
        medium_id, told = self._see(
            *(tenant, secrets.token_hex(16), sighting.identity, sighting.source),
            *(sighting.probe.model_dump_json(), sighting.fingerprint or ""),
            *(int(sighting.of_library), _ms(at)),
        )
        fields = dict(zip(told[::2], told[1::2], strict=True))
        return Seen(_record(tenant, medium_id, fields), "documented" not in fields)

    def documented(self, record: MediumRecord) -> None:
        """Note that the store has the document of this version."""
        self._documented(record.tenant, record.medium_id, record.version)

    def see_again(self, tenant: str, medium_id: str, at: datetime) -> None:
        """Note that a job over the medium was taken then, if that is the latest."""
        self._see_again(tenant, medium_id, _ms(at))

    def restore(self, record: MediumRecord) -> bool:
        """Know a medium that only its document tells of; False where its source is known."""
        fields: dict[str, str | int] = {
            "identity": record.identity,
            "version": record.version,
            "created_ms": _ms(record.created_at),
            "of_library": int(record.of_library),
            "source": record.source,
            "probe": record.probe.model_dump_json(),
            "fingerprint": record.fingerprint or "",
            "seen_ms": _ms(record.seen_at),
        }
        pairs = (part for pair in fields.items() for part in pair)
        return bool(self._restore(record.tenant, record.medium_id, record.identity, *pairs))

    def read(self, tenant: str, medium_id: str) -> MediumRecord | None:
        with redis_errors_as_ours():
            told = self._redis.hgetall(f"ff:medium:{tenant}:{medium_id}")
        fields = cast(dict[str, str], told)
        return _record(tenant, medium_id, fields) if "identity" in fields else None


def _record(tenant: str, medium_id: str, fields: Mapping[str, str]) -> MediumRecord:
    created_at, seen_at = time_of(fields["created_ms"]), time_of(fields["seen_ms"])
    assert created_at
    assert seen_at
    return MediumRecord(
        medium_id=medium_id,
        tenant=tenant,
        identity=fields["identity"],
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
