"""Who needs an object of the store: pictures, covers of media, jobs. What nobody needs may go.

An object is deleted between `take` and `let_go`, and put only after `refer`. Redis does one thing
at a time, so either the reference comes first and nothing is deleted, or the delete comes first:
then `refer` waits until it is done, and whoever waited puts the object anew.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import redis

from worker.errors import RequestError, StorageError
from worker.state.scripts import Script

_PAUSE_S: Final = 0.05
# A delete that has not begun by then, since its process stood still, is left to the next sweep.
_LATEST_S: Final = 5.0

# The keys that are being deleted just now get no reference, and are told. A job that is forgotten,
# or was lost with Redis, gets none: nobody would ever take it back.
_REFER: Final = """
local tenant, job = ARGV[1], ARGV[2]
local busy = {}
if redis.call('EXISTS', record_key(tenant, job)) == 0 then return 'job.superseded' end
for at = 3, #ARGV do
  if redis.call('EXISTS', 'ff:deleting:' .. ARGV[at]) == 1 then
    table.insert(busy, ARGV[at])
  else
    refer(ARGV[at], job_owner(tenant, job))
    redis.call('SADD', job_objects_key(tenant, job), ARGV[at])
  end
end
return busy
"""

_TAKE: Final = """
local key, grace_ms, mark_ms, token = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local since, mark = redis.call('ZSCORE', ORPHANS, key), 'ff:deleting:' .. key
if not since or tonumber(since) > clock_ms() - grace_ms then return 0 end
if redis.call('GET', mark) == token then return 1 end
return redis.call('SET', mark, token, 'NX', 'PX', mark_ms) and 1 or 0
"""

_LET_GO: Final = """
local key, token = ARGV[1], ARGV[2]
if redis.call('GET', 'ff:deleting:' .. key) ~= token then return end
redis.call('ZREM', ORPHANS, key)
redis.call('DEL', 'ff:deleting:' .. key)
"""

_OLD: Final = """
return redis.call('ZRANGEBYSCORE', 'ff:orphans', '-inf',
  whole(math.ceil(clock_ms() - tonumber(ARGV[1]))), 'LIMIT', ARGV[2], ARGV[3])
"""

_UNKNOWN: Final = """
local unknown = {}
for at = 2, #ARGV do
  local key = ARGV[at]
  if redis.call('EXISTS', owners_key(key)) == 0 and not redis.call('ZSCORE', ORPHANS, key) then
    table.insert(unknown, key)
    if ARGV[1] == '1' then redis.call('ZADD', ORPHANS, math.floor(clock_ms()), key) end
  end
end
return unknown
"""


@dataclass(frozen=True)
class JobReferences:
    """The references of one job, noted before it puts an object or relies on an earlier one."""

    references: "References"
    tenant: str
    job_id: str

    def __call__(self, *keys: str) -> None:
        """See `References.refer`."""
        self.references.refer(self.tenant, self.job_id, keys)


class References:
    """The owners of objects, and the objects that have none any more.

    No delete lasts longer than `delete_s`. Every method raises RequestError `queue.unavailable`.
    """

    def __init__(self, client: redis.Redis, *, delete_s: float) -> None:
        self._delete_s = delete_s
        self._refer = Script(client, _REFER)
        self._take = Script(client, _TAKE)
        self._let_go = Script(client, _LET_GO)
        self._old = Script(client, _OLD)
        self._unknown = Script(client, _UNKNOWN)

    def of_job(self, tenant: str, job_id: str) -> JobReferences:
        """How a job refers to objects; it does so until its record is forgotten."""
        return JobReferences(self, tenant, job_id)

    def refer(self, tenant: str, job_id: str, keys: Sequence[str]) -> None:
        """Note that the job needs the objects, whether they are there or will be put.

        Waits for a delete that is under way. Raises: StorageError `storage.unavailable` when that
        does not end in time, RequestError `job.superseded` for a job that has no record.
        """
        patient_until_s = time.monotonic() + self._mark_s + 1
        while keys := self._referred(tenant, job_id, keys) if keys else ():
            if time.monotonic() > patient_until_s:
                raise StorageError("storage.unavailable", "an object is being deleted for long")
            time.sleep(_PAUSE_S)

    def delete(self, key: str, delete: Callable[[str], None], *, grace_s: float) -> bool:
        """Delete an object that nobody has needed for `grace_s`; whether that was so.

        What `delete` raises leaves the object to the next sweep, and its mark to run out: the
        delete may still come to pass.
        """
        began_s, token = time.monotonic(), secrets.token_hex(8)
        if not self._take(key, grace_s * 1000, int(self._mark_s * 1000), token):
            return False
        if time.monotonic() - began_s > _LATEST_S:
            return False
        delete(key)
        self._let_go(key, token)
        return True

    def orphans(self, *, grace_s: float, start: int = 0, limit: int) -> list[str]:
        """Objects that nobody has needed for `grace_s`, those of longest standing first."""
        found: list[str] = self._old(grace_s * 1000, start, limit)
        return found

    def unknown(self, keys: Sequence[str], *, release: bool) -> list[str]:
        """Those of `keys` that no picture or job was ever of; `release` makes orphans of them."""
        found: list[str] = self._unknown(int(release), *keys)
        return found

    def _referred(self, tenant: str, job_id: str, keys: Sequence[str]) -> Sequence[str]:
        """The keys that are being deleted, of which no reference was noted."""
        busy: Sequence[str] = self._refer(tenant, job_id, *keys)
        if isinstance(busy, str):
            raise RequestError(busy)
        return busy

    @property
    def _mark_s(self) -> float:
        return self._delete_s + _LATEST_S
