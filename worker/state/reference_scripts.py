"""What scripts know of who needs an object of the store; part of what all of them share."""

from typing import Final

# Owners are `i:{tenant}:{job}:{image}`, `j:{tenant}:{job}`, `m:{tenant}:{image}:{medium}` where a
# medium shows the picture as its cover, `r:{tenant}:{record}` while a record has not ended, and
# `t:{target}` where its cover stands; in the order of their bytes, so that those of one job or
# picture are found among very many. Half of a picture's id tells it from its job's others, and
# keeps owners so short that Redis has few of them in a quarter of the memory.
REFERENCES: Final = """
local ORPHANS = 'ff:orphans'
local function owners_key(key) return 'ff:owners:' .. key end
local function job_objects_key(tenant, job) return 'ff:job_objects:' .. tenant .. ':' .. job end
local function job_owner(tenant, job) return 'j:' .. tenant .. ':' .. job end
local function record_owner(tenant, record) return 'r:' .. tenant .. ':' .. record end
local function target_owner(target) return 't:' .. target end
local function cover_owner(tenant, image, medium)
  return 'm:' .. tenant .. ':' .. string.sub(image, 1, 16) .. ':' .. medium
end

local function refer(key, owner)
  redis.call('ZADD', owners_key(key), 0, owner)
  redis.call('ZREM', ORPHANS, key)
end

local function unrefer(key, owner, now)
  if redis.call('ZREM', owners_key(key), owner) == 1
      and redis.call('EXISTS', owners_key(key)) == 0 then
    redis.call('ZADD', ORPHANS, math.floor(now), key)
  end
end

-- An object of nobody is none of ours, or it is gone.
local function is_object(key)
  return redis.call('EXISTS', 'ff:deleting:' .. key) == 0
    and (redis.call('EXISTS', owners_key(key)) == 1 or redis.call('ZSCORE', ORPHANS, key))
end

local function forget_job_objects(tenant, job, now)
  local keys = redis.call('SMEMBERS', job_objects_key(tenant, job))
  for _, key in ipairs(keys) do unrefer(key, job_owner(tenant, job), now) end
  redis.call('DEL', job_objects_key(tenant, job))
  return #keys
end
"""
