"""What is kept no longer: finished jobs and records, and uploads that nothing unfinished needs."""

from typing import Final

import redis

from worker.state.scripts import Script

_OBJECTS_AT_ONCE: Final = 2000

# Of jobs with very many objects fewer are forgotten at a time.
_FORGET: Final = f"""
local keep_ms, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local now = clock_ms()
local forgotten, objects = 0, 0
local old = redis.call('ZRANGEBYSCORE', 'ff:finished', '-inf', now - keep_ms, 'LIMIT', 0, limit)
for _, job in ipairs(old) do
  if objects >= {_OBJECTS_AT_ONCE} then break end
  local tenant, id = string.match(job, '^(.*):(.*)$')
  objects = objects + forget_job_objects(tenant, id, now)
  redis.call('DEL', record_key(tenant, id))
  redis.call('ZREM', (string.sub(id, 1, 4) == 'msg_' and 'ff:notices:' or 'ff:jobs:') .. tenant, id)
  redis.call('ZREM', 'ff:finished', job)
  forgotten = forgotten + 1
end
return forgotten
"""

# A record is kept as long as the job that tells of it, and looked at again when its time is over
# once more.
_FORGET_RECORDS: Final = """
local keep_ms, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local now = clock_ms()
local old = redis.call('ZRANGEBYSCORE', 'ff:finished_records', '-inf', now - keep_ms,
  'LIMIT', 0, limit)
local forgotten = 0
for _, record in ipairs(old) do
  local tenant, id = string.match(record, '^(.*):(.*)$')
  local job = redis.call('HGET', record_key(tenant, id), 'job')
  if job and redis.call('HGET', record_key(tenant, job), 'record') == id then
    redis.call('ZADD', 'ff:finished_records', now, record)
  else
    redis.call('DEL', record_key(tenant, id))
    redis.call('ZREM', 'ff:records:' .. tenant, id)
    redis.call('ZREM', 'ff:finished_records', record)
    forgotten = forgotten + 1
  end
end
return forgotten
"""

_FORGET_TARGETS: Final = """
local keep_ms, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local now = clock_ms()
local old = redis.call('ZRANGEBYSCORE', 'ff:targets', '-inf', now - keep_ms, 'LIMIT', 0, limit)
for _, target in ipairs(old) do
  show_object(target, nil, now)
  redis.call('DEL', 'ff:target:' .. target)
  redis.call('ZREM', 'ff:targets', target)
end
return #old
"""

_IS_NEEDED: Final = """
return redis.call('HEXISTS', 'ff:needs:' .. ARGV[1], ARGV[2])
  + redis.call('EXISTS', 'ff:piece:' .. ARGV[2])
"""


class Retention:
    """Forgets finished jobs and records, and knows which uploads are still needed."""

    def __init__(self, client: redis.Redis) -> None:
        self._forget = Script(client, _FORGET)
        self._forget_records = Script(client, _FORGET_RECORDS)
        self._forget_targets = Script(client, _FORGET_TARGETS)
        self._is_needed = Script(client, _IS_NEEDED)

    def forget_finished(self, *, keep_s: float, limit: int) -> int:
        """Remove at most `limit` jobs and callbacks that ended `keep_s` ago or earlier.

        They need no objects any more. 0 when there are no such jobs.
        """
        return int(self._forget(keep_s * 1000, limit))

    def forget_records(self, *, keep_s: float, limit: int) -> int:
        """Remove at most `limit` records that ended `keep_s` ago or earlier; how many went.

        Those stay whose job is kept: it may be retried, and tells of them.
        """
        return int(self._forget_records(keep_s * 1000, limit))

    def forget_targets(self, *, keep_s: float, limit: int) -> int:
        """Forget what stood at targets where nothing was recorded for `keep_s`.

        No order may still be unfinished that is older than that.
        """
        return int(self._forget_targets(keep_s * 1000, limit))

    def upload_is_needed(self, tenant: str, upload_id: str) -> bool:
        """Whether an unfinished job of the tenant, or a transfer, has the upload in it."""
        return bool(self._is_needed(tenant, upload_id))
