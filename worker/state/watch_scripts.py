"""The scripts of watches over albums: every job of one, and what it is made after, in one step."""

from typing import Final

from worker.state.job_scripts import FOLLOWING, MAKING_JOBS

# A call makes a job whatever was seen, unless one of the watch is under way. What was found wrong
# so far counts no more.
KEEP: Final = (
    MAKING_JOBS
    + FOLLOWING
    + """
local watch, digest, most, delay_ms = unpack(ARGV, 1, 4)
local told = {unpack(ARGV, 5)}
local tenant, now = told[1], clock_ms()
local id = redis.call('HGET', 'ff:watch_ids:' .. tenant, digest) or watch
local key, member = watch_key(tenant, id), tenant .. ':' .. id
if redis.call('HGET', key, 'state') ~= 'watching' then
  local watching = tonumber(redis.call('HGET', 'ff:watching', tenant) or 0)
  if watching >= tonumber(most) then return false end
  redis.call('HINCRBY', 'ff:watching', tenant, 1)
  redis.call('HSETNX', key, 'created_ms', whole(now))
  redis.call('HSET', key, 'state', 'watching', 'request', told[6], 'digest', digest)
  redis.call('HDEL', key, 'stopped_ms')
  redis.call('HSET', 'ff:watch_ids:' .. tenant, digest, id)
  redis.call('ZADD', 'ff:watches:' .. tenant, 0, id)
  redis.call('ZREM', 'ff:watches_stopped', member)
end
redis.call('HDEL', key, 'error', 'failures', 'look')
redis.call('ZADD', 'ff:watches_due', now + tonumber(delay_ms), member)
local job = redis.call('HGET', key, 'job')
if is_under_way(tenant, job) then return job end
told[10] = id
job = make_job(told)
follow(tenant, id, job)
return job
"""
)

STOP: Final = """
local tenant, id = unpack(ARGV)
local key, member, now = 'ff:watch:' .. tenant .. ':' .. id, tenant .. ':' .. id, clock_ms()
if redis.call('HGET', key, 'state') ~= 'watching' then return end
redis.call('HSET', key, 'state', 'stopped', 'stopped_ms', whole(now))
redis.call('HDEL', key, 'look')
redis.call('HINCRBY', 'ff:watching', tenant, -1)
redis.call('ZREM', 'ff:watches_due', member)
redis.call('ZADD', 'ff:watches_stopped', now, member)
"""

FORGET: Final = """
local keep_ms, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local old = redis.call('ZRANGEBYSCORE', 'ff:watches_stopped', '-inf', clock_ms() - keep_ms,
  'LIMIT', 0, limit)
for _, member in ipairs(old) do
  local tenant, id = string.match(member, '^(.*):(.*)$')
  local key = 'ff:watch:' .. tenant .. ':' .. id
  redis.call('HDEL', 'ff:watch_ids:' .. tenant, redis.call('HGET', key, 'digest') or '')
  redis.call('ZREM', 'ff:watches:' .. tenant, id)
  redis.call('DEL', key)
  redis.call('ZREM', 'ff:watches_stopped', member)
end
return #old
"""

# The first of what is due whose job has ended, if a look may begin now; else what to wait, in ms.
# Nothing at all is told where nothing is due.
CLAIM: Final = (
    MAKING_JOBS
    + FOLLOWING
    + """
local token, hold_ms, interval_ms, later_ms = ARGV[1], unpack(ARGV, 2, 4)
local now = clock_ms()
local due = redis.call('ZRANGEBYSCORE', 'ff:watches_due', '-inf', now, 'LIMIT', 0, 20)
for _, member in ipairs(due) do
  local tenant, id = string.match(member, '^(.*):(.*)$')
  local key = watch_key(tenant, id)
  if redis.call('EXISTS', key) == 0 then
    redis.call('ZREM', 'ff:watches_due', member)
  elseif is_under_way(tenant, take_over(tenant, key)) then
    redis.call('ZADD', 'ff:watches_due', now + tonumber(later_ms), member)
  else
    local free = tonumber(redis.call('GET', 'ff:looks') or 0)
    if free > now then return {whole(free - now)} end
    redis.call('SET', 'ff:looks', whole(now + tonumber(interval_ms)), 'PX',
      whole(tonumber(interval_ms) + 1000))
    redis.call('ZADD', 'ff:watches_due', now + tonumber(hold_ms), member)
    redis.call('HSET', key, 'look', token)
    local kept = redis.call('HMGET', key, 'request', 'failures')
    return {'0', tenant, id, kept[1], kept[2] or '0'}
  end
end
return #due > 0 and {'0'} or {}
"""
)

# A job that was made after a sight and failed is not made again for the same sight. One that
# succeeded on other bytes is, once: the album may have changed there and back.
SAW: Final = (
    MAKING_JOBS
    + FOLLOWING
    + """
local watch, token, delay_ms, source, version = unpack(ARGV, 1, 5)
local told = {unpack(ARGV, 6)}
local tenant, now = told[1], clock_ms()
local key = watch_key(tenant, watch)
if redis.call('HGET', key, 'look') ~= token then return end
redis.call('HDEL', key, 'look', 'error', 'failures')
redis.call('HSET', key, 'looked_ms', whole(now))
redis.call('ZADD', 'ff:watches_due', now + tonumber(delay_ms), tenant .. ':' .. watch)
local job, status = take_over(tenant, key)
if is_under_way(tenant, job) then return end
local kept = redis.call('HMGET', key, 'source', 'version', 'tried_source', 'tried_version', 'tries')
if kept[1] == source and kept[2] == version then
  redis.call('HDEL', key, 'tried_source', 'tried_version', 'tries')
  return
end
local tries = kept[3] == source and kept[4] == version and tonumber(kept[5]) or 0
if tries > 1 or (tries == 1 and status ~= 'succeeded') then return end
told[10] = watch
job = make_job(told)
follow(tenant, watch, job)
redis.call('HSET', key, 'tried_source', source, 'tried_version', version, 'tries', tries + 1,
  'changed_ms', whole(now))
redis.call('HINCRBY', key, 'jobs', 1)
return job
"""
)

MISSED: Final = """
local tenant, watch, token, delay_ms, told = unpack(ARGV)
local key, now = 'ff:watch:' .. tenant .. ':' .. watch, clock_ms()
if redis.call('HGET', key, 'look') ~= token then return end
redis.call('HDEL', key, 'look')
redis.call('HINCRBY', key, 'failures', 1)
redis.call('HSET', key, 'error', told, 'looked_ms', whole(now))
redis.call('ZADD', 'ff:watches_due', now + tonumber(delay_ms), tenant .. ':' .. watch)
"""
