"""What the scripts inside Redis share: the clock, the keys, the events, the places in a lane.

A script is all or nothing and sees one instant, so every change of a job's state is one script.
Keys are computed inside (docs/redis.md lists them); Redis Cluster is not supported.
"""

from typing import Any

import redis

from worker.state.connection import redis_errors_as_ours
from worker.state.ending_scripts import ENDINGS
from worker.state.events import EVENTS_KEPT, EVENTS_KEY
from worker.state.reference_scripts import REFERENCES

SHARED = f"""
local function clock_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
end
local function whole(ms) return string.format('%.0f', ms) end
local function record_key(tenant, id) return 'ff:job:' .. tenant .. ':' .. id end
local function id_of(item) return string.match(item, ':(.*)') end

local function tell(key, tenant, id)
  local revision = redis.call('HINCRBY', key, 'revision', 1)
  local told = redis.call('HMGET', key, 'kind', 'status', 'percent', 'stage', 'at_ms')
  if told[1] == 'record' or told[1] == 'notify' then return end
  local fields = {{'tenant', tenant, 'id', id, 'kind', told[1], 'status', told[2],
    'revision', revision}}
  for i, name in ipairs({{'percent', 'stage', 'at_ms'}}) do
    if told[3] and told[2 + i] then
      table.insert(fields, name)
      table.insert(fields, told[2 + i])
    end
  end
  redis.call('XADD', '{EVENTS_KEY}', 'MAXLEN', '~', {EVENTS_KEPT}, '*', unpack(fields))
end

local function forget_progress(key) redis.call('HDEL', key, 'stage', 'percent', 'at_ms') end

local function line_up(lane, tenant, item, at, now)
  redis.call('ZADD', 'ff:lane:' .. lane .. ':' .. tenant, at, item)
  if at > now then
    redis.call('ZADD', 'ff:later:' .. lane, 'LT', at, tenant)
  else
    local turn = tonumber(redis.call('GET', 'ff:turn:' .. lane) or 0)
    redis.call('ZADD', 'ff:turns:' .. lane, 'NX', turn + 1, tenant)
  end
end

local function leave(lane, tenant, item)
  redis.call('ZREM', 'ff:lane:' .. lane .. ':' .. tenant, item)
  redis.call('ZREM', 'ff:window:' .. lane, item)
  redis.call('ZREM', 'ff:leases', item)
  redis.call('HDEL', 'ff:out', item)
end

local function need_upload(key, tenant, change)
  local upload = redis.call('HGET', key, 'upload')
  if upload and redis.call('HINCRBY', 'ff:needs:' .. tenant, upload, change) <= 0 then
    redis.call('HDEL', 'ff:needs:' .. tenant, upload)
  end
end

{REFERENCES}{ENDINGS}
local function queue_again(key, tenant, item, at, now)
  local lane = redis.call('HGET', key, 'lane')
  leave(lane, tenant, item)
  redis.call('HSET', key, 'status', 'queued', 'next_ms', whole(at))
  forget_progress(key)
  line_up(lane, tenant, item, at, now)
  tell(key, tenant, id_of(item))
end

local function why_not_held(key, token)
  local held = redis.call('HMGET', key, 'status', 'token')
  if held[1] == 'cancelled' then return 'job.cancelled' end
  if held[1] ~= 'running' or held[2] ~= token then return 'job.superseded' end
end
"""


class Script:
    """A script of ours: arguments in, its answer out, the errors of Redis translated."""

    def __init__(self, client: redis.Redis, body: str) -> None:
        self._run = client.register_script(SHARED + body)

    def __call__(self, *arguments: str | float) -> Any:
        """Raises: RequestError `queue.unavailable`."""
        with redis_errors_as_ours():
            return self._run(args=arguments)
