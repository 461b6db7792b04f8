"""The scripts of a target's ledger: who may write to it, what stands there, what is not known.

`ff:target:{key}` holds what stands (`fence`, `record`, `tenant`, `reference`, `request`,
`verified`, `at_ms`), who has the target for a write (`w_…`), until when an order's earlier write of
unknown outcome may still be carried out (`unsettled_ms`, `unsettled_record`), and the newer order
that ended while its write may stand (`d_…`).
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
# carry it out. A newer order's that may stand is left to its next attempt, if there will be one;
# else the older one has to look whether it does.
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

local compare = kept.w_record == id and kept.w_at
if kept.w_record and kept.w_record ~= id then
  local theirs = redis.call('HMGET', record_key(kept.w_tenant, kept.w_record),
    'status', 'token', 'cover')
  if theirs[1] == 'running' and theirs[2] == kept.w_token then return {'waiting', '1000'} end
  local settled = kept.w_at and tonumber(kept.w_at) + settle_ms or 0
  if settled > now then return {'waiting', whole(math.ceil(settled - now))} end
  if kept.w_at and tonumber(kept.w_fence) > mine then
    local unfinished = {running = true, queued = true, waiting = true}
    if unfinished[theirs[1] or ''] then return {'waiting', '5000'} end
    kept.d_fence, kept.d_cover = kept.w_fence, theirs[3] or ''
    kept.d_reference = kept.w_reference or ''
    put('d_fence', kept.d_fence, 'd_cover', kept.d_cover, 'd_reference', kept.d_reference,
      'd_record', kept.w_record, 'd_tenant', kept.w_tenant)
  end
  compare = kept.w_at
  forget('w_')
  kept.w_reference, kept.w_request, kept.w_answered = nil, nil, nil
end
put('w_record', id, 'w_tenant', tenant, 'w_token', token, 'w_fence', whole(mine))
local doubt = kept.d_fence and tonumber(kept.d_fence) > mine
return {(compare or doubt) and 'compare' or 'write', kept.w_reference or '',
  kept.w_request or '', kept.w_answered or '', doubt and '1' or '',
  doubt and kept.d_cover or '', doubt and kept.d_reference or ''}
"""
)

# From here on the outcome is unknown until the answer is there.
WRITES: Final = (
    _TARGET
    + """
if kept.w_at and not kept.w_answered then put('w_before', kept.w_at) end
forget('d_')
redis.call('HDEL', at, 'w_answered', 'w_reference', 'w_request')
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
end
forget('w_')
forget('d_')
return {'done'}
"""
)

YIELDS: Final = (
    _TARGET
    + """
if kept.d_fence then
  put('fence', kept.d_fence, 'record', kept.d_record, 'tenant', kept.d_tenant,
    'reference', kept.d_reference, 'request', '', 'verified', ARGV[5], 'at_ms', whole(now))
end
forget('w_')
forget('d_')
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
