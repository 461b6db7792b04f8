"""The scripts of the leases. Only the attempt whose token the record holds may change it."""

from typing import Final

# A claim that is repeated because its answer was lost gives the same answer again. A cancelled item
# keeps its place in the window until its message comes here. Of an endpoint that is gone all
# callbacks and records end when it is their turn. The wait for a turn makes nobody older.
CLAIM: Final = """
local item, token, lease_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
local tenant = redis.call('HGET', 'ff:out', item)
if not tenant then return false end
local key, now = record_key(tenant, id_of(item)), clock_ms()
local had = redis.call('HMGET', key, 'status', 'token', 'lane')
if had[1] == 'queued' and had[3] == 'notify' and endpoint_is_gone(tenant, id_of(item)) then
  redis.call('HSET', key, 'error', GONE)
  end_job(key, tenant, item, 'failed', now)
  return false
elseif had[1] == 'queued' then
  redis.call('HINCRBY', key, 'attempts', 1)
  redis.call('HINCRBY', key, 'spent', 1)
  redis.call('HSET', key, 'status', 'running', 'token', token, 'started_ms', whole(now))
  redis.call('HSETNX', key, 'began_ms', whole(now))
  local since_ms = redis.call('HGET', key, 'turn_ms')
  if since_ms then redis.call('HINCRBY', key, 'began_ms', whole(now - tonumber(since_ms))) end
  redis.call('HDEL', key, 'next_ms', 'turn_ms')
  tell(key, tenant, id_of(item))
elseif had[1] ~= 'running' or had[2] ~= token then
  if had[1] == 'cancelled' then leave(had[3], tenant, item) end
  return false
end
redis.call('ZADD', 'ff:leases', now + lease_ms, item)
local kept = redis.call('HMGET', key, 'attempts', 'spent', 'began_ms', 'failures',
  'without_faces', 'request', 'fence', 'cover', 'queued_ms')
return {tenant, kept[1], kept[2], whole(now - tonumber(kept[3])), kept[4], kept[5], kept[6],
  kept[7], kept[8], whole(now - tonumber(kept[9]))}
"""

HOLD: Final = """
local tenant, item, token, lease_ms, stage = unpack(ARGV)
local key = record_key(tenant, id_of(item))
local over = why_not_held(key, token)
if over then return over end
redis.call('ZADD', 'ff:leases', clock_ms() + tonumber(lease_ms), item)
if stage ~= '' then redis.call('HSET', key, 'stage', stage) end
"""

LOOK: Final = """
local tenant, item, token = unpack(ARGV)
return why_not_held(record_key(tenant, id_of(item)), token)
"""

PROGRESS: Final = """
local tenant, item, token, lease_ms, percent, at_ms = unpack(ARGV)
local key = record_key(tenant, id_of(item))
local over = why_not_held(key, token)
if over then return over end
redis.call('ZADD', 'ff:leases', clock_ms() + tonumber(lease_ms), item)
redis.call('HSET', key, 'percent', percent)
redis.call('HDEL', key, 'at_ms')
if at_ms ~= '' then redis.call('HSET', key, 'at_ms', at_ms) end
tell(key, tenant, id_of(item))
"""

# The record of a job gets its cover here, so that a job that succeeded is always written back.
FINISH: Final = """
local tenant, item, token, result, cover, state = unpack(ARGV)
local key, now = record_key(tenant, id_of(item)), clock_ms()
local had = redis.call('HMGET', key, 'status', 'token', 'record')
if had[1] == 'succeeded' and had[2] == token then return end
local over = why_not_held(key, token)
if over then return over end
redis.call('HSET', key, 'result', result)
if state ~= '' then
  redis.call('HSET', key, 'state', state)
  redis.call('HDEL', key, 'error')
end
end_job(key, tenant, item, 'succeeded', now)
if had[3] then line_up_record(tenant, had[3], cover, now) end
"""

# A record tells its last failure while it waits, too, and counts only attempts that were spent.
FAIL: Final = """
local tenant, item, token, told, failures, delay_ms, free_of_charge, for_turn = unpack(ARGV)
local key = record_key(tenant, id_of(item))
local over = why_not_held(key, token)
if over then return over end
local now = clock_ms()
local kind, lane, started_ms = unpack(redis.call('HMGET', key, 'kind', 'lane', 'started_ms'))
redis.call('HSET', key, 'failures', failures)
redis.call('HINCRBY', key, 'spent', 0 - tonumber(free_of_charge))
if kind == 'record' then
  redis.call('HSET', key, 'error', told)
  redis.call('HINCRBY', key, 'attempts', 0 - tonumber(free_of_charge))
end
if lane == 'notify' and cjson.decode(told).code == 'webhook.disabled' then
  disable_endpoint(tenant, endpoint_of(key), id_of(item), now)
end
if for_turn == '1' then redis.call('HSET', key, 'turn_ms', started_ms) end
if delay_ms == '' then
  redis.call('HSET', key, 'error', told)
  end_job(key, tenant, item, 'failed', now)
else
  queue_again(key, tenant, item, now + tonumber(delay_ms), now)
end
"""

GIVE_BACK: Final = """
local tenant, item, token = unpack(ARGV)
local key = record_key(tenant, id_of(item))
local over = why_not_held(key, token)
if over then return over end
redis.call('HINCRBY', key, 'attempts', -1)
redis.call('HINCRBY', key, 'spent', -1)
queue_again(key, tenant, item, tonumber(redis.call('HGET', key, 'queued_ms')), clock_ms())
"""

# A lost attempt goes to the front of its tenant's lane: it has waited its turn already. One that
# died while detecting is followed by attempts that do not detect.
_LOSE: Final = """
local function lose(tenant, item, limits)
  local key, now = record_key(tenant, id_of(item)), clock_ms()
  local had = redis.call('HMGET', key, 'stage', 'spent', 'began_ms', 'queued_ms', 'lane')
  local kind = had[5] == 'notify' and 'notify' or string.match(item, '^[^:]*')
  local age_ms, attempts = unpack(cjson.decode(limits[2])[kind])
  local lost = redis.call('HINCRBY', key, 'lost', 1)
  redis.call('HDEL', key, 'token')
  if had[1] == 'detect' then redis.call('HSET', key, 'without_faces', 1) end
  if lost >= tonumber(limits[1]) or tonumber(had[2]) >= attempts
      or now - tonumber(had[3]) >= age_ms then
    redis.call('HSET', key, 'error', limits[3])
    end_job(key, tenant, item, 'failed', now)
    return 'failed'
  end
  queue_again(key, tenant, item, tonumber(had[4]), now)
  return 'queued'
end
"""

GIVE_UP: Final = (
    _LOSE
    + """
local tenant, item, token = unpack(ARGV, 1, 3)
local over = why_not_held(record_key(tenant, id_of(item)), token)
if over then return over end
lose(tenant, item, {unpack(ARGV, 4)})
"""
)

EXPIRED: Final = (
    _LOSE
    + """
local lost = {}
for _, item in ipairs(redis.call('ZRANGEBYSCORE', 'ff:leases', '-inf', clock_ms(),
    'LIMIT', 0, 100)) do
  local tenant = redis.call('HGET', 'ff:out', item)
  table.insert(lost, {item, lose(tenant, item, ARGV)})
end
return lost
"""
)
