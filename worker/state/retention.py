"""What is kept no longer: finished jobs, and uploads that nothing unfinished needs."""

from typing import Final

import redis

from worker.state.references import REFERENCES
from worker.state.scripts import Script

_OBJECTS_AT_ONCE: Final = 2000

# Of jobs with very many objects fewer are forgotten at a time.
_FORGET: Final = (
    REFERENCES
    + f"""
local keep_ms, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local now = clock_ms()
local forgotten, objects = 0, 0
local old = redis.call('ZRANGEBYSCORE', 'ff:finished', '-inf', now - keep_ms, 'LIMIT', 0, limit)
for _, job in ipairs(old) do
  if objects >= {_OBJECTS_AT_ONCE} then break end
  local tenant, id = string.match(job, '^(.*):(.*)$')
  objects = objects + forget_job_objects(tenant, id, now)
  redis.call('DEL', record_key(tenant, id))
  redis.call('ZREM', 'ff:jobs:' .. tenant, id)
  redis.call('ZREM', 'ff:finished', job)
  forgotten = forgotten + 1
end
return forgotten
"""
)

_IS_NEEDED: Final = """
return redis.call('HEXISTS', 'ff:needs:' .. ARGV[1], ARGV[2])
  + redis.call('EXISTS', 'ff:piece:' .. ARGV[2])
"""


class Retention:
    """Forgets finished jobs, and knows which uploads are still needed."""

    def __init__(self, client: redis.Redis) -> None:
        self._forget = Script(client, _FORGET)
        self._is_needed = Script(client, _IS_NEEDED)

    def forget_finished(self, *, keep_s: float, limit: int) -> int:
        """Remove the records of at most `limit` jobs that finished `keep_s` ago or earlier.

        They need no objects any more. 0 when there are no such jobs.
        """
        return int(self._forget(keep_s * 1000, limit))

    def upload_is_needed(self, tenant: str, upload_id: str) -> bool:
        """Whether an unfinished job of the tenant, or a transfer, has the upload in it."""
        return bool(self._is_needed(tenant, upload_id))
