"""What ends with a job: its record, when there is no cover for it, and that callers are told."""

from typing import Final

from worker.contracts.results import ErrorInfo
from worker.errors import CODES, error_of

# A callback URL may be made for one job, so nobody may ever ask for it again.
GONE_KEPT_S: Final = 30 * 86_400


def _told(code: str, text: str | None = None) -> str:
    """An error as records keep it, as a literal of Lua."""
    error = error_of(code, text or CODES[code].meaning)
    return f"[[{ErrorInfo(**error.facts()).model_dump_json()}]]"


# Every end is told once: whoever ends a job has checked that it has not ended. Records and notices
# are kept as jobs are, but tell no events of their own: there may be very many of them.
ENDINGS: Final = f"""
local function finished_key(kind)
  return kind == 'record' and 'ff:finished_records' or 'ff:finished'
end
local function endpoint_key(tenant, url)
  return 'ff:endpoint:' .. redis.sha1hex(tenant .. ' ' .. url)
end

local GONE = {_told("webhook.disabled")}
local GONE_COVER = {_told("record.no_cover", "The picture was deleted meanwhile.")}
-- What lane notify has for it: the URL of a notice, or a record's profile, which has the URL.
local function endpoint_of(key)
  local told = cjson.decode(redis.call('HGET', key, 'request'))
  return told.url or 'profile ' .. (told.target.profile or '')
end
local function endpoint_is_gone(tenant, id)
  local gone = endpoint_key(tenant, endpoint_of(record_key(tenant, id)))
  return redis.call('EXPIRE', gone, {GONE_KEPT_S}) == 1
end
local function disable_endpoint(tenant, url, notice, now)
  redis.call('HSET', endpoint_key(tenant, url), 'notice', notice, 'at_ms', whole(now))
  redis.call('EXPIRE', endpoint_key(tenant, url), {GONE_KEPT_S})
end

local function tell_job_of(key, tenant, id)
  local job = redis.call('HGET', key, 'job')
  local of = job and record_key(tenant, job)
  if of and redis.call('HGET', of, 'record') == id then tell(of, tenant, job) end
end

local function notify(key, tenant, id, now)
  local had = redis.call('HMGET', key, 'callback', 'kind', 'status', 'state', 'revision', 'job')
  if not had[1] then return end
  local of_record = had[2] == 'record'
  local notice = 'msg_' .. string.match(id, '_(.*)') .. '_' .. had[5]
  local told = {{url = had[1], sequence = tonumber(had[5]), at = math.floor(now)}}
  told.type = of_record and 'record.' .. had[4] or 'job.' .. had[3]
  told.job = of_record and had[6] or (not of_record and id) or nil
  told.record = of_record and id or nil
  local kept = record_key(tenant, notice)
  redis.call('HSET', kept, 'kind', 'notify', 'lane', 'notify', 'status', 'queued', 'attempts', 0,
    'spent', 0, 'lost', 0, 'revision', 1, 'created_ms', whole(now), 'queued_ms', whole(now),
    'request', cjson.encode(told))
  redis.call('ZADD', 'ff:notices:' .. tenant, 0, notice)
  line_up('notify', tenant, 'notify:' .. notice, now, now)
end

-- A record holds its cover until it has ended; what stands is held by its target then.
local function cover_of(record)
  local cover = redis.call('HGET', record, 'cover')
  return cover and cjson.decode(cover).key
end
local function hold_cover(key, tenant, id)
  local object = cover_of(key)
  if object and is_object(object) then
    refer(object, record_owner(tenant, id))
    redis.call('HSET', key, 'held', 1)
  end
end
local function let_cover_go(key, tenant, id, now)
  local object = cover_of(key)
  if object then unrefer(object, record_owner(tenant, id), now) end
end

local function show_object(target, object, now)
  local at = 'ff:target:' .. target
  local before, held = redis.call('HGET', at, 'object'), object and is_object(object)
  if held then
    refer(object, target_owner(target))
    redis.call('HSET', at, 'object', object)
  else
    redis.call('HDEL', at, 'object')
  end
  if before and not (held and before == object) then unrefer(before, target_owner(target), now) end
end

local function set_ended(key, tenant, item, status, now)
  local had = redis.call('HMGET', key, 'lane', 'kind')
  leave(had[1], tenant, item)
  redis.call('HSET', key, 'status', status, 'finished_ms', whole(now))
  redis.call('HDEL', key, 'next_ms')
  if had[2] == 'record' then
    let_cover_go(key, tenant, id_of(item), now)
    if status ~= 'succeeded' then redis.call('HSET', key, 'state', 'failed') end
  end
  forget_progress(key)
  redis.call('ZADD', finished_key(had[2]), now, tenant .. ':' .. id_of(item))
  need_upload(key, tenant, -1)
  tell(key, tenant, id_of(item))
  notify(key, tenant, id_of(item), now)
end

local function fail_record(tenant, id, now)
  local key = record_key(tenant, id)
  if redis.call('HGET', key, 'status') ~= 'waiting' then return end
  redis.call('HSET', key, 'error', {_told("record.no_cover")})
  set_ended(key, tenant, 'record:' .. id, 'failed', now)
end

local function end_job(key, tenant, item, status, now)
  set_ended(key, tenant, item, status, now)
  local had = redis.call('HMGET', key, 'kind', 'record')
  if had[1] == 'record' then tell_job_of(key, tenant, id_of(item)) end
  if had[2] and status ~= 'succeeded' then fail_record(tenant, had[2], now) end
end

-- The message of a published item stays in its queue, and so does the item in the window, or the
-- queue would have no bound. Answers what the job is, where it had ended otherwise before.
local function cancel_job(tenant, id, now)
  local key = record_key(tenant, id)
  local had = redis.call('HMGET', key, 'status', 'kind', 'lane')
  if had[1] ~= 'queued' and had[1] ~= 'running' then return had[1] end
  local item, window = had[2] .. ':' .. id, 'ff:window:' .. had[3]
  local published = had[1] == 'queued' and redis.call('ZSCORE', window, item)
  end_job(key, tenant, item, 'cancelled', now)
  if published then
    redis.call('ZADD', window, published, item)
    redis.call('HSET', 'ff:out', item, tenant)
  end
  return 'cancelled'
end

local function line_up_record(tenant, id, cover, now)
  local key = record_key(tenant, id)
  local had = redis.call('HMGET', key, 'status', 'lane')
  if had[1] ~= 'waiting' then return end
  if cover == '' then
    fail_record(tenant, id, now)
  else
    redis.call('HSET', key, 'status', 'queued', 'cover', cover, 'queued_ms', whole(now))
    hold_cover(key, tenant, id)
    line_up(had[2], tenant, 'record:' .. id, now, now)
  end
end

local function reopen(key, tenant, item, status, now)
  local kind = redis.call('HGET', key, 'kind')
  redis.call('HSET', key, 'status', status, 'spent', 0, 'lost', 0, 'queued_ms', whole(now))
  redis.call('HDEL', key, 'error', 'finished_ms', 'started_ms', 'began_ms', 'failures',
    'without_faces', 'token', 'next_ms', 'turn_ms')
  redis.call('ZREM', finished_key(kind), tenant .. ':' .. id_of(item))
  if kind == 'record' then
    redis.call('HSET', key, 'state', 'pending', 'fence', redis.call('INCR', 'ff:fence'))
  end
  if status == 'queued' then
    if kind == 'record' then hold_cover(key, tenant, id_of(item)) end
    line_up(redis.call('HGET', key, 'lane'), tenant, item, now, now)
  end
end
"""
