"""The scripts that give uploads their names, before anything is seen under them."""

from typing import Final

from worker.state.entry_records import CHANGES

_CLAIM_KEPT_MS: Final = 24 * 3600 * 1000

# Names whose claims ran out are let go a few at a time, so that dead uploads leave nothing behind.
CLAIM: Final = (
    CHANGES
    + f"""
local dir, name, conflict, transfer, entry_id, held_ms = unpack(ARGV, 3)
if not directory(dir) then return 'library.not_found' end
local now = clock_ms()
for _, old in ipairs(redis.call('ZRANGEBYSCORE', claimed_key(dir), '-inf', now, 'LIMIT', 0, 10)) do
  local _, found = child(dir, old)
  if not found then redis.call('HDEL', names_key(dir), old) end
  redis.call('ZREM', claimed_key(dir), old)
end

local function new(id, free)
  return {{id = id, name = free, way = 'created', created = '', since = ''}}
end

local function decide()
  local id, found = holder(dir, name, now)
  if id and conflict == 'rename' then
    return new(entry_id, free_name(dir, name, now))
  elseif found and conflict == 'overwrite' and found.kind ~= 'dir' then
    return {{id = id, name = name, way = 'updated', created = found.created,
      since = found.newest}}
  elseif found or (id and conflict == 'ask') then
    return nil
  end
  return new(id or entry_id, name)
end

local packed = redis.call('GET', 'ff:claim:' .. transfer)
local claim = packed and cmsgpack.unpack(packed)
if claim and not record(claim.id) then
  local id = holder(dir, claim.name, now)
  if claim.way == 'updated' then
    claim = nil
  elseif id and id ~= claim.id then
    entry_id, claim = claim.id, nil
  end
end
claim = claim or decide()
if not claim then return 'library.conflict' end
if not record(claim.id) then
  redis.call('HSET', names_key(dir), claim.name, claim.id)
  redis.call('ZADD', claimed_key(dir), now + tonumber(held_ms), claim.name)
  redis.call('SADD', claimants_key(claim.id), transfer)
  redis.call('PEXPIRE', claimants_key(claim.id), held_ms)
  redis.call('SADD', DIRECTORIES, dir)
end
redis.call('SET', 'ff:claim:' .. transfer, cmsgpack.pack(claim), 'PX', {_CLAIM_KEPT_MS})
return {{claim.id, claim.name, claim.way, claim.created, claim.since}}
"""
)

# What the transfer was given is remembered, so that it gets the same again if nobody took it.
RELEASE: Final = (
    CHANGES
    + """
local dir, transfer = unpack(ARGV, 3)
local packed = redis.call('GET', 'ff:claim:' .. transfer)
local claim = packed and cmsgpack.unpack(packed)
if not claim then return end
local others = claimants_key(claim.id)
redis.call('SREM', others, transfer)
local id, found = child(dir, claim.name)
if id == claim.id and not found and redis.call('EXISTS', others) == 0 then
  redis.call('HDEL', names_key(dir), claim.name)
  redis.call('ZREM', claimed_key(dir), claim.name)
end
"""
)
