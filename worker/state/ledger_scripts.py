"""The scripts of a target's ledger: who may write to it, what stands there, what is not known.

`ff:target:{key}` holds what stands (`fence`, `record`, `tenant`, `reference`, `request`,
`verified`, `at_ms`), who has the target for a write (`w_…`, `w_shown` what was shown before the
first of its writes, `w_seen` what first after the answer to the last), until when an order's
earlier write of unknown outcome may still be carried out (`unsettled_ms`, `unsettled_record`), and
whose write may stand though another order has taken the target since (`d:{record}`): of the newest
such orders, `lost_fence` being that of the newest that was forgotten.
"""

from typing import Final

_MOST_DOUBTS: Final = 32

_TARGET: Final = """
local tenant, item, token, target = unpack(ARGV, 1, 4)
local id, now, at = id_of(item), clock_ms(), 'ff:target:' .. target
local key = record_key(tenant, id)
local over = why_not_held(key, token)
if over then return {'over', over} end
local kept = {}
local rows = redis.call('HGETALL', at)
for i = 1, #rows, 2 do kept[rows[i]] = rows[i + 1] end
local mine = tonumber(redis.call('HGET', key, 'fence'))

local function said(text)
  return text ~= '' and text or nil
end
local function sha256_of(record)
  local cover = redis.call('HGET', record, 'cover')
  return cover and cjson.decode(cover).sha256
end
-- What a record's cover is shown as, where that or the same bytes stand.
local function shown_as(record)
  if not kept.record then return nil end
  local sha256 = sha256_of(record_key(kept.tenant, kept.record))
  return sha256 and sha256 == sha256_of(record) and kept.reference or nil
end
local function forget(prefix)
  for name in pairs(kept) do
    if string.sub(name, 1, 2) == prefix then
      redis.call('HDEL', at, name)
      kept[name] = nil
    end
  end
end
local function put(...)
  redis.call('HSET', at, ...)
  redis.call('ZADD', 'ff:targets', now, target)
end
"""

# Another's write is waited for while its attempt lives, and after that until no server can still
# carry it out. That it may stand is kept until something is seen to stand. A newer order's is left
# to its next attempt, if there will be one; else an older order has to look whether it does.
BEGIN: Final = (
    _TARGET
    + f"""
local MOST_DOUBTS = {_MOST_DOUBTS}
"""
    + """
local LEFT = {'at', 'answered', 'reference', 'request', 'shown', 'seen', 'missed'}
-- Of more doubts than these the oldest is forgotten: who is older than it gives way from then on.
local function doubt_of(record, doubt)
  kept['d:' .. record] = cjson.encode(doubt)
  put('d:' .. record, kept['d:' .. record])
  local count, oldest, fence = 0, nil, nil
  for name, told in pairs(kept) do
    if string.sub(name, 1, 2) == 'd:' then
      local of = cjson.decode(told).fence
      count = count + 1
      if not fence or of < fence then oldest, fence = name, of end
    end
  end
  if count <= MOST_DOUBTS then return end
  redis.call('HDEL', at, oldest)
  kept[oldest] = nil
  kept.lost_fence = whole(math.max(fence, tonumber(kept.lost_fence or 0)))
  put('lost_fence', kept.lost_fence)
end
local settle_ms = tonumber(ARGV[5])
local stands = tonumber(kept.fence or 0)
if stands > mine then return {'superseded'} end
if stands == mine then
  return {'recorded', kept.reference or '', kept.request or '', kept.verified or ''}
end
local floating = kept.unsettled_record ~= id and tonumber(kept.unsettled_ms or 0) or 0
if floating > now then return {'waiting', whole(math.ceil(floating - now))} end

if kept.w_record and kept.w_record ~= id then
  local theirs = redis.call('HMGET', record_key(kept.w_tenant, kept.w_record), 'status', 'token')
  if theirs[1] == 'running' and theirs[2] == kept.w_token then return {'waiting', '1000'} end
  local last = kept.w_at
  if kept.w_answered then last = kept.w_before end
  local settled = last and tonumber(last) + settle_ms or 0
  if settled > now then return {'waiting', whole(math.ceil(settled - now))} end
  if kept.w_at then
    local doubt = {fence = tonumber(kept.w_fence), tenant = kept.w_tenant}
    for _, name in ipairs(LEFT) do doubt[name] = kept['w_' .. name] end
    doubt_of(kept.w_record, doubt)
  end
  forget('w_')
end

local floor = tonumber(kept.lost_fence or 0)
if mine < floor then return {'superseded'} end
local own = kept['d:' .. id] and cjson.decode(kept['d:' .. id])
for _, name in ipairs(own and not kept.w_at and LEFT or {}) do
  kept['w_' .. name] = own[name]
end
local has_written, rivals = kept.w_at or own or mine == floor, {}
for name, told in pairs(kept) do
  local doubt = string.sub(name, 1, 2) == 'd:' and cjson.decode(told)
  if doubt and doubt.fence > mine then
    local rival = string.sub(name, 3)
    local at_rival = record_key(doubt.tenant, rival)
    local theirs = redis.call('HMGET', at_rival, 'status', 'cover')
    local unfinished = {running = true, queued = true, waiting = true}
    if unfinished[theirs[1] or ''] then return {'waiting', '5000'} end
    table.insert(rivals, {fence = doubt.fence, record = rival, cover = theirs[2] or nil,
      reference = said(doubt.reference) or shown_as(at_rival), shown = doubt.shown})
  end
end
table.sort(rivals, function(one, other) return one.fence > other.fence end)
put('w_record', id, 'w_tenant', tenant, 'w_token', token, 'w_fence', whole(mine))
for _, name in ipairs(LEFT) do
  if kept['w_' .. name] then put('w_' .. name, kept['w_' .. name]) end
end
local reference = said(kept.w_reference) or shown_as(key) or ''
return {(has_written or rivals[1]) and 'compare' or 'write', reference, kept.w_request or '',
  kept.w_answered or '', rivals[1] and cjson.encode(rivals) or '[]',
  kept.w_shown and {kept.w_shown} or {}, has_written and '1' or '', kept.w_missed or ''}
"""
)

# From here on the outcome is unknown until the answer is there. Newer orders that might stand were
# looked for. What was shown before the first of the order's writes that may stand is kept.
WRITES: Final = (
    _TARGET
    + """
if kept.w_at and not kept.w_answered then put('w_before', kept.w_at) end
for name, told in pairs(kept) do
  if string.sub(name, 1, 2) == 'd:' and cjson.decode(told).fence > mine then
    redis.call('HDEL', at, name)
  end
end
redis.call('HDEL', at, 'w_answered', 'w_reference', 'w_request', 'w_seen', 'w_missed')
if ARGV[5] and not kept.w_shown then put('w_shown', ARGV[5]) end
put('w_record', id, 'w_tenant', tenant, 'w_token', token, 'w_fence', whole(mine),
  'w_at', whole(now), 'w_open', 1)
return {'done'}
"""
)

WRITTEN: Final = (
    _TARGET
    + """
local reference, request = ARGV[5], ARGV[6]
put('w_answered', whole(now), 'w_reference', reference, 'w_request', request)
redis.call('HDEL', at, 'w_open')
return {'done'}
"""
)

# What is shown is looked at again after as long as it was looked for already. What was shown before
# the write nobody has read: what is shown first counts as that.
MISSES: Final = (
    _TARGET
    + """
local late_ms, shown = tonumber(ARGV[5]), ARGV[6]
local since_ms = now - tonumber(kept.w_answered or 0)
if not kept.w_seen then put('w_seen', shown) end
if (kept.w_seen or shown) == shown and since_ms < late_ms then
  return {'waiting', whole(math.max(1000, math.min(since_ms, late_ms - since_ms)))}
end
put('w_missed', 1)
return {'conflict'}
"""
)

# A write of this order whose outcome nobody knows may still come, and keeps others waiting.
STANDS: Final = (
    _TARGET
    + """
local settle_ms, reference, verified = tonumber(ARGV[5]), ARGV[6], ARGV[7]
local last = kept.w_at
if kept.w_answered then last = kept.w_before end
if last then put('unsettled_ms', whole(tonumber(last) + settle_ms), 'unsettled_record', id) end
if tonumber(kept.fence or 0) <= mine then
  put('fence', whole(mine), 'record', id, 'tenant', tenant, 'reference', reference,
    'request', kept.w_request or '', 'verified', verified, 'at_ms', whole(now))
  local tried = redis.call('HGET', key, 'provider') == 'dry_run'
  show_object(target, not tried and cover_of(key), now)
end
forget('w_')
forget('d:')
redis.call('HDEL', at, 'lost_fence')
return {'done'}
"""
)

YIELDS: Final = (
    _TARGET
    + """
local rival, reference, verified = unpack(ARGV, 5, 7)
if kept['d:' .. rival] then
  local doubt = cjson.decode(kept['d:' .. rival])
  put('fence', whole(doubt.fence), 'record', rival, 'tenant', doubt.tenant,
    'reference', reference, 'request', '', 'verified', verified, 'at_ms', whole(now))
  show_object(target, cover_of(record_key(doubt.tenant, rival)), now)
end
forget('w_')
forget('d:')
redis.call('HDEL', at, 'lost_fence')
return {'done'}
"""
)

# A write may be several calls: the last of them was under way until now.
DOUBTS: Final = (
    _TARGET
    + """
if kept.w_open and kept.w_record == id then put('w_at', whole(now)) end
return {'done'}
"""
)

LEAVE: Final = (
    _TARGET
    + """
if not kept.w_open or kept.w_record ~= id then return {'done'} end
if kept.w_before then
  put('w_at', kept.w_before)
  redis.call('HDEL', at, 'w_before', 'w_open')
else
  forget('w_')
end
return {'done'}
"""
)
