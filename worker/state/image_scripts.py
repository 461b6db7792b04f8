"""The scripts of image records: each keeps a record, its places in the lists and its references."""

from typing import Final

# A record is packed as {status, job, medium, type, place, json}. Its place is
# `{created_ms}.{label}.{id}`: in the order of their bytes, pictures stand from old to new, and
# those of a job by their labels.
IMAGES: Final = """
local UNMADE = 'ff:images_unmade'
local function image_key(tenant, id) return 'ff:image:' .. tenant .. ':' .. id end
local function list_key(tenant, list) return 'ff:images:' .. tenant .. list end

local function lists_of(image)
  local lists = {'', ':job:' .. image[2], ':type:' .. image[4]}
  if image[3] ~= '' then table.insert(lists, ':medium:' .. image[3]) end
  return lists
end

local function image_owner(tenant, id, image)
  return 'i:' .. tenant .. ':' .. image[2] .. ':' .. string.sub(id, 1, 16)
end

local function each_object(image, act)
  local told = cjson.decode(image[6])
  if type(told.key) == 'string' then act(told.key) end
  for _, key in ipairs(told.objects or {}) do act(key) end
end

local function is_going(image)
  local going = 0
  each_object(image, function(key) going = going + redis.call('EXISTS', 'ff:deleting:' .. key) end)
  return going > 0
end

local function image_of(tenant, id)
  local packed = redis.call('GET', image_key(tenant, id))
  return packed and cmsgpack.unpack(packed)
end

local function drop(tenant, id, image, now)
  for _, list in ipairs(lists_of(image)) do
    redis.call('ZREM', list_key(tenant, list), image[5])
  end
  each_object(image, function(key) unrefer(key, image_owner(tenant, id, image), now) end)
  redis.call('ZREM', UNMADE, tenant .. ':' .. id)
  redis.call('DEL', image_key(tenant, id))
end

local function add(tenant, id, image)
  redis.call('SET', image_key(tenant, id), cmsgpack.pack(image))
  for _, list in ipairs(lists_of(image)) do
    redis.call('ZADD', list_key(tenant, list), 0, image[5])
  end
  each_object(image, function(key) refer(key, image_owner(tenant, id, image)) end)
  redis.call('SADD', 'ff:image_tenants', tenant)
  if image[1] == 'Uploading' then
    redis.call('ZADD', UNMADE, string.match(image[5], '^%d+'), tenant .. ':' .. id)
  end
end

local function is_cover(tenant, id, image)
  local told = cjson.decode(image[6])
  if type(told.key) ~= 'string' then return 0 end
  local mine = '[m:' .. tenant .. ':' .. string.sub(id, 1, 16) .. ':'
  return #redis.call('ZRANGEBYLEX', owners_key(told.key), mine, mine .. '\\255', 'LIMIT', 0, 1)
end

local function is_under_way(tenant, job)
  local status = redis.call('HGET', record_key(tenant, job), 'status')
  return status == 'queued' or status == 'running'
end

local function status_of(tenant, image)
  if image[1] ~= 'Uploading' then return image[1] end
  return is_under_way(tenant, image[2]) and 'Uploading' or 'UploadFail'
end

local function tell_of(told, tenant, id, image)
  table.insert(told, image[6])
  table.insert(told, status_of(tenant, image))
  table.insert(told, is_cover(tenant, id, image))
end
"""

# Only the attempt that runs keeps pictures: the one of that number, while its job is running. What
# is there already stays when pictures are only expected, or come from documents; of those none
# comes whose object is being deleted just now. None is expected of a job that has begun: a request
# that joins it then would bring back what the attempt has found not to come.
KEEP: Final = (
    IMAGES
    + """
local tenant, how, job, attempt = unpack(ARGV, 1, 4)
local now, kept = clock_ms(), 0
if how == 'keep' then
  local held = redis.call('HMGET', record_key(tenant, job), 'status', 'attempts')
  if held[1] == 'cancelled' then return 'job.cancelled' end
  if held[1] ~= 'running' or held[2] ~= attempt then return 'job.superseded' end
end
if how == 'expect' and redis.call('HGET', record_key(tenant, job), 'status') ~= 'queued' then
  return 0
end
for at = 5, #ARGV, 2 do
  local id, image = ARGV[at], cjson.decode(ARGV[at + 1])
  local before = image_of(tenant, id)
  local stays = before and (how == 'expect' or (how == 'restore' and before[1] == 'Normal'))
  if not (stays or (how == 'restore' and is_going(image))) then
    if before then drop(tenant, id, before, now) end
    add(tenant, id, image)
    kept = kept + 1
  end
end
return kept
"""
)

READ: Final = (
    IMAGES
    + """
local tenant, told = ARGV[1], {}
for i = 2, #ARGV do
  local image = image_of(tenant, ARGV[i])
  if image then tell_of(told, tenant, ARGV[i], image) end
end
return told
"""
)

# Answers the last place that was looked at, "" at the end of the list, and what passed.
PAGED: Final = (
    IMAGES
    + """
local function page_of(tenant, list, top, limit, most, job, medium, type_)
  local told, last, found = {''}, '', 0
  local places = redis.call('ZREVRANGEBYLEX', list_key(tenant, list), top, '-',
    'LIMIT', 0, most + 1)
  for at, place in ipairs(places) do
    if found == limit or at > most then
      told[1] = last
      return told
    end
    local id = string.sub(place, -32)
    local image = image_of(tenant, id)
    if (job == '' or image[2] == job) and (medium == '' or image[3] == medium)
        and (type_ == '' or image[4] == type_) then
      tell_of(told, tenant, id, image)
      found = found + 1
    end
    last = place
  end
  return told
end
"""
)

PAGE: Final = (
    PAGED
    + """
local tenant, list, top = ARGV[1], ARGV[2], ARGV[3]
return page_of(tenant, list, top, tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6], ARGV[7], ARGV[8])
"""
)

# What the job itself refers to goes with its picture, unless another picture of it is the same, or
# the job is not done: its next attempt relies on what it refers to. Answers the objects that nobody
# needs now, or `cover` where a medium shows the picture, which stays then.
REMOVE: Final = (
    IMAGES
    + """
local tenant, id = ARGV[1], ARGV[2]
local image = image_of(tenant, id)
if not image then return {} end
if is_cover(tenant, id, image) == 1 then return 'cover' end
local now, free = clock_ms(), {}
local is_done = not is_under_way(tenant, image[2])
drop(tenant, id, image, now)
each_object(image, function(key)
  local mine = '[i:' .. tenant .. ':' .. image[2] .. ':'
  local owners = owners_key(key)
  if is_done and #redis.call('ZRANGEBYLEX', owners, mine, mine .. '\\255', 'LIMIT', 0, 1) == 0 then
    unrefer(key, job_owner(tenant, image[2]), now)
    redis.call('SREM', job_objects_key(tenant, image[2]), key)
  end
  if redis.call('EXISTS', owners) == 0 then table.insert(free, key) end
end)
return free
"""
)

# From one place, which is left out, up to another.
OLD: Final = (
    IMAGES
    + """
local tenant, list, above, below, limit = unpack(ARGV)
local told = {}
for _, place in ipairs(redis.call('ZRANGEBYLEX', list_key(tenant, list), above, below,
    'LIMIT', 0, limit)) do
  local id = string.sub(place, -32)
  tell_of(told, tenant, id, image_of(tenant, id))
end
return told
"""
)

# Those of the newest jobs. Owners tell half of an id: the lists of their jobs have all of it.
OF_KEY: Final = (
    IMAGES
    + """
local tenant, key, most_owners, most_places = unpack(ARGV)
local mine, wanted, jobs, told = '[i:' .. tenant .. ':', {}, {}, {}
for _, owner in ipairs(redis.call('ZREVRANGEBYLEX', owners_key(key), mine .. '\\255', mine,
    'LIMIT', 0, most_owners)) do
  local job, half = string.match(owner, '^i:[^:]*:([^:]*):(.*)$')
  if jobs[#jobs] ~= job then table.insert(jobs, job) end
  wanted[job .. half] = true
end
local looked_at = 0
for _, job in ipairs(jobs) do
  local places = redis.call('ZRANGE', list_key(tenant, ':job:' .. job), 0, most_places - looked_at)
  for _, place in ipairs(places) do
    local id = string.sub(place, -32)
    local image = wanted[job .. string.sub(id, 1, 16)] and image_of(tenant, id)
    if image and cjson.decode(image[6]).key == key then tell_of(told, tenant, id, image) end
  end
  looked_at = looked_at + #places
  if looked_at >= tonumber(most_places) then break end
end
return told
"""
)

# A picture that was expected of a job that is forgotten by now will never come.
FORGET_UNMADE: Final = (
    IMAGES
    + """
local gone, members = 0, redis.call('ZRANGE', UNMADE, ARGV[1], ARGV[1] + ARGV[2] - 1)
for _, member in ipairs(members) do
  local tenant, id = string.match(member, '^(.*):(.*)$')
  local image = image_of(tenant, id)
  if redis.call('EXISTS', record_key(tenant, image[2])) == 0 then
    drop(tenant, id, image, clock_ms())
    gone = gone + 1
  end
end
return {#members, gone}
"""
)
