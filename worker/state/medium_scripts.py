"""The scripts of media: what jobs saw, what they show as their cover, what clients call them."""

from typing import Final

from worker.contracts.catalogue import MediumLabels
from worker.contracts.records import RecordResult
from worker.state.image_scripts import IMAGES

LABEL: Final = "label_"
_LABELS: Final = ", ".join(f"'{LABEL}{name}'" for name in MediumLabels.model_fields)

# When each was seen last stands in the list of the tenant's media, which is also what sweeps read.
MEDIA: Final = """
local function medium_key(tenant, id) return 'ff:medium:' .. tenant .. ':' .. id end
local function media_key(tenant) return 'ff:media:' .. tenant end

local function see_at(tenant, id, seen_ms)
  redis.call('ZADD', media_key(tenant), 'GT', seen_ms, id)
  redis.call('SADD', 'ff:media_tenants', tenant)
end

local function change(key)
  redis.call('HSET', key, 'revision', (redis.call('HGET', key, 'revision') or 1) + 1)
  redis.call('HDEL', key, 'documented')
end

local function told_of(tenant, id)
  local fields = redis.call('HGETALL', medium_key(tenant, id))
  if #fields == 0 then return fields end
  table.insert(fields, 'seen_ms')
  table.insert(fields, whole(tonumber(redis.call('ZSCORE', media_key(tenant), id))))
  return fields
end
"""

# Where nobody can tell whether two media are the same bytes, they count as one version.
SEE: Final = (
    MEDIA
    + """
local tenant, id, source, probe, fingerprint, of_library, seen_ms = unpack(ARGV)
local key = medium_key(tenant, id)
if redis.call('EXISTS', key) == 0 then
  redis.call('HSET', key, 'version', 1, 'revision', 1, 'created_ms', seen_ms,
    'of_library', of_library, 'fingerprint', fingerprint)
end
local before = redis.call('HGET', key, 'fingerprint')
if fingerprint ~= '' and fingerprint ~= before then
  if before ~= '' then redis.call('HINCRBY', key, 'version', 1) end
  redis.call('HSET', key, 'fingerprint', fingerprint)
  change(key)
end
redis.call('HSET', key, 'source', source, 'probe', probe)
see_at(tenant, id, seen_ms)
return told_of(tenant, id)
"""
)

# What was set on a medium is taken over where nothing is set since. New fences must be newer than
# those of covers that come back, though their counter was lost.
RESTORE: Final = (
    MEDIA
    + """
local tenant, id, seen_ms, fence, object, image, facts = unpack(ARGV, 1, 7)
local key, is_known = medium_key(tenant, id), 0
see_at(tenant, id, seen_ms)
if redis.call('EXISTS', key) == 1 then
  is_known = 1
else
  redis.call('HSET', key, 'documented', 1, unpack(ARGV, 8, 7 + facts * 2))
end
if tonumber(fence) > tonumber(redis.call('GET', 'ff:fence') or 0) then
  redis.call('SET', 'ff:fence', fence)
end
local has_cover = redis.call('HEXISTS', key, 'cover') == 1
  or (object ~= '' and redis.call('EXISTS', 'ff:deleting:' .. object) == 1)
local adopted = 0
for at = 8 + facts * 2, #ARGV, 2 do
  if not (has_cover and string.match(ARGV[at], '^cover')) then
    adopted = adopted + redis.call('HSETNX', key, ARGV[at], ARGV[at + 1])
  end
end
if not has_cover and object ~= '' then refer(object, cover_owner(tenant, image, id)) end
if is_known == 1 and adopted > 0 then change(key) end
return 1 - is_known
"""
)

READ: Final = (
    MEDIA
    + """
return told_of(ARGV[1], ARGV[2])
"""
)

DOCUMENTED: Final = (
    MEDIA
    + """
local key = medium_key(ARGV[1], ARGV[2])
if redis.call('EXISTS', key) == 0 then return 1 end
if (redis.call('HGET', key, 'revision') or '1') ~= ARGV[3] then return 0 end
redis.call('HSET', key, 'documented', 1)
return 1
"""
)

SEE_AGAIN: Final = (
    MEDIA
    + """
see_at(ARGV[1], ARGV[2], ARGV[3])
"""
)

# What is shown without a picture of ours gets one later. `picture` is its JSON, `object` its key.
# A copy that is still to be made for what is shown no more is not, and its picture is not waited
# for: clients may set very many.
SHOWING: Final = (
    IMAGES
    + MEDIA
    + f"""
local SUPERSEDED = [[{RecordResult(state="superseded").model_dump_json()}]]
"""
    + """
local function end_copy(tenant, cover, now)
  local job = cjson.decode(cover).job
  local had = job and redis.call('HMGET', record_key(tenant, job), 'status', 'record') or {}
  if had[1] ~= 'queued' and had[1] ~= 'running' then return end
  local key = had[2] and record_key(tenant, had[2])
  if key and redis.call('HGET', key, 'status') == 'waiting' then
    redis.call('HSET', key, 'state', 'superseded', 'result', SUPERSEDED)
    end_job(key, tenant, 'record:' .. had[2], 'succeeded', now)
  end
  cancel_job(tenant, job, now)
  for _, place in ipairs(redis.call('ZRANGE', list_key(tenant, ':job:' .. job), 0, -1)) do
    local id = string.sub(place, -32)
    local image = image_of(tenant, id)
    if image[1] == 'Uploading' then drop(tenant, id, image, now) end
  end
end

local function why_not_shown(tenant, id, image, object)
  if redis.call('EXISTS', medium_key(tenant, id)) == 0 then return 'request.not_found' end
  if object == '' then return nil end
  local is_picture = image == '' or redis.call('EXISTS', 'ff:image:' .. tenant .. ':' .. image) == 1
  if not (is_picture and is_object(object)) then return 'request.not_found' end
end

local function show_cover(tenant, id, cover, picture, image, object)
  local key = medium_key(tenant, id)
  local had = redis.call('HMGET', key, 'cover_picture', 'cover')
  local before = had[1] and cjson.decode(had[1])
  if had[2] and not before and cjson.decode(had[2]).fence ~= cjson.decode(cover).fence then
    end_copy(tenant, had[2], clock_ms())
  end
  if object ~= '' then refer(object, cover_owner(tenant, image, id)) end
  if before and not (before.key == object and (before.image_id or '') == image) then
    unrefer(before.key, cover_owner(tenant, before.image_id or '', id), clock_ms())
  end
  redis.call('HDEL', key, 'cover_picture')
  redis.call('HSET', key, 'cover', cover)
  if picture ~= '' then redis.call('HSET', key, 'cover_picture', picture) end
  change(key)
end
"""
)

# A cover with the fence of what stands adds its picture, if that has none yet, and nothing else.
COVER: Final = (
    SHOWING
    + """
local tenant, id, fence, cover, picture, image, object = unpack(ARGV)
local had = redis.call('HMGET', medium_key(tenant, id), 'cover', 'cover_picture')
local stands = had[1] and cjson.decode(had[1]).fence or -1
if stands > tonumber(fence) then
  if picture == '' then end_copy(tenant, cover, clock_ms()) end
  return 'job.superseded'
end
local is_same = stands == tonumber(fence)
if not is_same or (picture ~= '' and not had[2]) then
  local wrong = why_not_shown(tenant, id, image, object)
  if wrong then return wrong end
  show_cover(tenant, id, is_same and had[1] or cover, picture, image, object)
end
return told_of(tenant, id)
"""
)

LABELLED: Final = (
    MEDIA
    + """
local tenant, id = ARGV[1], ARGV[2]
local key, is_new = medium_key(tenant, id), false
if redis.call('EXISTS', key) == 0 then return {} end
for at = 3, #ARGV, 2 do
  is_new = is_new or redis.call('HGET', key, ARGV[at]) ~= ARGV[at + 1]
  redis.call('HSET', key, ARGV[at], ARGV[at + 1])
end
if is_new then change(key) end
return told_of(tenant, id)
"""
)

# What a client set on a medium would be lost with it.
_IS_UNUSED: Final = (
    MEDIA
    + f"""
local function is_unused(tenant, id, before_ms)
  local seen_ms = redis.call('ZSCORE', media_key(tenant), id)
  if not seen_ms or tonumber(seen_ms) >= tonumber(before_ms) then return false end
  for _, set in ipairs({{'cover', {_LABELS}}}) do
    if redis.call('HEXISTS', medium_key(tenant, id), set) == 1 then return false end
  end
  return redis.call('EXISTS', 'ff:images:' .. tenant .. ':medium:' .. id) == 0
end
"""
)

UNUSED: Final = (
    _IS_UNUSED
    + """
local tenant, before_ms, start, limit = unpack(ARGV)
local told = {0}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', media_key(tenant), '-inf', '(' .. before_ms,
    'LIMIT', start, limit)) do
  told[1] = told[1] + 1
  if is_unused(tenant, id, before_ms) then table.insert(told, id) end
end
return told
"""
)

# One that was seen or set meanwhile stays; its document, which is gone by now, is put again.
FORGET: Final = (
    _IS_UNUSED
    + """
local tenant, id, before_ms = unpack(ARGV)
if not is_unused(tenant, id, before_ms) then
  redis.call('HDEL', medium_key(tenant, id), 'documented')
  return 0
end
redis.call('DEL', medium_key(tenant, id))
redis.call('ZREM', media_key(tenant), id)
return 1
"""
)
