"""The scripts of a target's ledger: who may write to it, what stands there, what is not known.

`ff:target:{key}` holds what stands (`fence`, `record`, `tenant`, `reference`, `request`,
`verified`, `at_ms`), who has the target for a write (`w_…`, `w_shown` what was shown before the
first of its writes), until when an order's earlier write of unknown outcome may still be carried
out (`unsettled_ms`, `unsettled_record`), and whose write may stand though another order has taken
the target since (`d:{record}`).
"""

from typing import Final

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
    if string.sub(name, 1, 2) == prefix then redis.call('HDEL', at, name) end
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
    + """
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
    local doubt = {fence = tonumber(kept.w_fence), tenant = kept.w_tenant,
      reference = kept.w_reference, shown = kept.w_shown}
    kept['d:' .. kept.w_record] = cjson.encode(doubt)
    put('d:' .. kept.w_record, kept['d:' .. kept.w_record])
  end
  forget('w_')
  local theirs_only = {'w_at', 'w_reference', 'w_request', 'w_answered', 'w_shown'}
  for _, name in ipairs(theirs_only) do kept[name] = nil end
end

local compare, rivals, shown = kept.w_at or kept['d:' .. id], {}, kept.w_shown
if not shown and kept['d:' .. id] then shown = cjson.decode(kept['d:' .. id]).shown end
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
local reference = said(kept.w_reference) or shown_as(key) or ''
return {(compare or rivals[1]) and 'compare' or 'write', reference, kept.w_request or '',
  kept.w_answered or '', rivals[1] and cjson.encode(rivals) or '[]',
  shown and {shown} or {}}
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
redis.call('HDEL', at, 'w_answered', 'w_reference', 'w_request')
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
put('w_answered', 1, 'w_reference', reference, 'w_request', request)
redis.call('HDEL', at, 'w_open')
return {'done'}
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
