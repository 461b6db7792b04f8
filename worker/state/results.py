"""Results by what they were made of, so that a repeated request is answered without decoding."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Generic, NamedTuple, TypeVar

import redis
from pydantic import ValidationError

from worker.contracts.names import Visibility
from worker.contracts.requests import Recipe
from worker.contracts.results import CoverResult
from worker.contracts.snapshot_results import SnapshotResult
from worker.contracts.snapshots import SnapshotRecipe
from worker.errors import RequestError
from worker.rules.recipes import result_key
from worker.state.scripts import Script

MAX_RESULT_BYTES: Final = 256 * 1024

log = logging.getLogger(__name__)
# Asking for a file takes the store's time, not ours; a result may have thousands of them.
_AT_ONCE: Final = 8

Asked = TypeVar("Asked", Recipe, SnapshotRecipe)
Made = TypeVar("Made", CoverResult, SnapshotResult)

# A use is noted only when a tenth of the life has passed: a hit seldom costs a write to the disk.
_FIND: Final = """
local name, keep_ms = ARGV[1], tonumber(ARGV[2])
local key = 'ff:result:' .. name
local result = redis.call('GET', key)
if result and redis.call('PTTL', key) < keep_ms * 0.9 then
  redis.call('PEXPIRE', key, whole(keep_ms))
  redis.call('ZADD', 'ff:results', clock_ms(), name)
end
return result
"""

# Names of results that ran out by themselves are the oldest, so they leave the list here.
_KEEP: Final = """
local name, result, keep_ms, most = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local now = clock_ms()
redis.call('SET', 'ff:result:' .. name, result, 'PX', whole(keep_ms))
redis.call('ZADD', 'ff:results', now, name)
local over = redis.call('ZRANGEBYSCORE', 'ff:results', '-inf', now - keep_ms, 'LIMIT', 0, 100)
local beyond = math.min(redis.call('ZCARD', 'ff:results') - #over - most, 100)
if beyond > 0 then over = redis.call('ZRANGE', 'ff:results', 0, #over + beyond - 1) end
for _, old in ipairs(over) do
  redis.call('DEL', 'ff:result:' .. old)
  redis.call('ZREM', 'ff:results', old)
end
"""


class KeepRules(NamedTuple):
    """How long a result is kept after its last use, and how many at most."""

    keep_s: float
    most: int


class ResultRecords(Generic[Asked, Made]):
    """The results of one kind, of all tenants; those of all kinds share the room that `rules` give.

    One tenant never finds another's, nor public ones private ones. `making` is what else decides
    the bytes (`rules.recipes`), `is_stored` asks the store for a key, from several threads.
    Its methods raise RequestError `queue.unavailable`, and what `is_stored` raises.
    """

    def __init__(
        self,
        client: redis.Redis,
        kind: type[Made],
        rules: KeepRules,
        *,
        making: Mapping[str, object],
        is_stored: Callable[[str], bool],
    ) -> None:
        self._kind: type[Made] = kind
        self._rules, self._making, self._is_stored = rules, making, is_stored
        self._find = Script(client, _FIND)
        self._keep = Script(client, _KEEP)

    def find(
        self,
        tenant: str,
        fingerprint: str,
        recipe: Asked,
        visibility: Visibility,
        *,
        refer: Callable[..., None] | None = None,
    ) -> Made | None:
        """The earlier result of the same bytes and recipe, if all its files are still stored.

        `refer` is told of their keys first, so that they stay. One that cannot be read counts as
        none: another version keeps results here, too, while processes are being replaced.
        """
        name = self._name(tenant, fingerprint, recipe, visibility)
        told: str | None = self._find(name, self._rules.keep_s * 1000)
        if told is None:
            return None
        try:
            result = self._kind.model_validate_json(told)
        except ValidationError:
            return None
        files = result.files()
        keys = list(dict.fromkeys(file.key for file in files if file.key))
        if refer:
            refer(*keys)
        return result if all(file.key for file in files) and self._are_stored(keys) else None

    def keep(
        self,
        tenant: str,
        fingerprint: str,
        recipe: Asked,
        visibility: Visibility,
        *,
        result: Made,
    ) -> None:
        """Keep a result; the least recently used beyond the most are forgotten.

        One of very many files is not kept: it would cost more memory than it saves work.
        """
        told = result.model_dump_json()
        if len(told) > MAX_RESULT_BYTES:
            return
        name = self._name(tenant, fingerprint, recipe, visibility)
        self._keep(name, told, self._rules.keep_s * 1000, self._rules.most)

    def of(
        self, tenant: str, visibility: Visibility, *, refer: Callable[..., None] | None = None
    ) -> "TenantResults[Asked, Made]":
        """The results as a story for this tenant asks them; see `find`."""
        return TenantResults(self, tenant, visibility, refer)

    def _are_stored(self, keys: Sequence[str]) -> bool:
        """Whether all are; once one is missing the rest is not asked for."""
        if not all(map(self._is_stored, keys[:1])):
            return False
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return all(pool.map(self._is_stored, keys[1:]))

    def _name(self, tenant: str, fingerprint: str, recipe: Asked, visibility: Visibility) -> str:
        return f"{tenant}:{visibility}:{result_key(fingerprint, recipe, self._making)}"


class TenantResults(NamedTuple, Generic[Asked, Made]):
    """One tenant's results of one visibility. Without Redis it knows none, and keeps none."""

    records: ResultRecords[Asked, Made]
    tenant: str
    visibility: Visibility
    refer: Callable[..., None] | None = None

    def find(self, fingerprint: str, recipe: Asked) -> Made | None:
        """Raises: what the store raises that is asked for the files, and why `refer` refuses."""
        try:
            return self.records.find(
                self.tenant, fingerprint, recipe, self.visibility, refer=self.refer
            )
        except RequestError as error:
            if error.code != "queue.unavailable":
                raise
            log.warning("earlier results were not asked: %s", error)
            return None

    def keep(self, fingerprint: str, recipe: Asked, result: Made) -> None:
        try:
            self.records.keep(self.tenant, fingerprint, recipe, self.visibility, result=result)
        except RequestError as error:
            log.warning("a result was not kept: %s", error)
