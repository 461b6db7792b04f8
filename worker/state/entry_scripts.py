"""The scripts that change the index of entries; each answers a code of ours where it refuses."""

from typing import Final

from worker.state.entry_records import CHANGES, FIELDS

_CLAIM_KEPT_MS: Final = 24 * 3600 * 1000
_ANSWER_KEPT_MS: Final = 60 * 1000

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

PUT: Final = (
    CHANGES
    + """
local id, fresh, instead_of = fresh_at(3)
if not directory('root') then return 'library.not_found' end
local found = record(id)
if found then return renew(id, found, fresh, instead_of) and row(id, found) end
if instead_of ~= '' then return false end
if not directory(fresh.parent) then return 'library.not_found' end
local other = holder(fresh.parent, fresh.name, clock_ms())
if other and other ~= id then return 'library.conflict' end
show(id, fresh)
touch(fresh.parent, fresh.modified)
return row(id, fresh)
"""
)

MAKE_DIRECTORY: Final = (
    CHANGES
    + f"local FIELDS = {FIELDS}"
    + """
local id, fresh = fresh_at(3)
local conflict, now, found = ARGV[3 + FIELDS], clock_ms(), record(id)
if not directory(fresh.parent) then return 'library.not_found' end
if found then
  local same = found.parent == fresh.parent and (found.name == fresh.name or conflict == 'rename')
  return same and row(id, found) or 'library.conflict'
end
if holder(fresh.parent, fresh.name, now) then
  if conflict ~= 'rename' then return 'library.conflict' end
  fresh.name = free_name(fresh.parent, fresh.name, now)
end
show(id, fresh)
touch(fresh.parent, fresh.modified)
return row(id, fresh)
"""
)

# Asked again because the answer was lost, it tells the same: who was replaced stands nowhere else.
MOVE: Final = (
    CHANGES
    + f"local KEPT_MS = {_ANSWER_KEPT_MS}"
    + """
local id, parent, name, conflict, call = unpack(ARGV, 3)
local told = redis.call('GET', 'ff:moved:' .. call)
if told then return cmsgpack.unpack(told) end
local found, now = record(id), clock_ms()
if not found or not directory(parent) then return 'library.not_found' end
local above = parent
while above ~= '' do
  if above == id then return 'library.conflict' end
  above = (record(above) or {parent = ''}).parent
end
if found.parent == parent and found.name == name then return {row(id, found), false} end
local other, there = holder(parent, name, now)
local replaces = there and there.kind ~= 'dir' and found.kind ~= 'dir' and conflict == 'overwrite'
if other and not replaces and conflict ~= 'rename' then return 'library.conflict' end
if replaces then redis.call('HDEL', RECORDS, other) end
local from = found.parent
hide(found)
if not replaces then name = free_name(parent, name, now) end
found.parent, found.name = parent, name
show(id, found)
touch(from, whole(now))
if from ~= parent then touch(parent, whole(now)) end
local answer = {row(id, found), replaces and row(other, there) or false}
redis.call('SET', 'ff:moved:' .. call, cmsgpack.pack(answer), 'PX', KEPT_MS)
return answer
"""
)

REMOVE: Final = (
    CHANGES
    + """
local id = ARGV[3]
local found = record(id)
if not found then return 0 end
if id == 'root' then return 'library.conflict' end
if found.kind == 'dir' then
  for _, set in ipairs({'dirs', 'files'}) do
    if redis.call('EXISTS', sorted_key(set, id, 'name')) == 1 then return 'library.conflict' end
  end
  forget(id)
end
hide(found)
redis.call('HDEL', RECORDS, id)
touch(found.parent, whole(clock_ms()))
return 1
"""
)

# With the records all directories but the root are gone, so nothing is added to what is cleared.
CLEAR: Final = (
    CHANGES
    + """
redis.call('UNLINK', RECORDS)
for _, dir in ipairs(redis.call('SPOP', DIRECTORIES, 200)) do forget(dir) end
return redis.call('SCARD', DIRECTORIES)
"""
)

# Entries come in any order, a directory after its children too. Revisions go on from the present
# time, so none is told again for other contents.
LOAD: Final = (
    CHANGES
    + f"""
if not directory('root') then return 'library.not_found' end
local now, parents = clock_ms(), {{}}
local function newest_child_ms(dir)
  local newest_ms = 0
  for _, set in ipairs({{'dirs', 'files'}}) do
    local last = redis.call('ZREVRANGE', sorted_key(set, dir, 'creation'), 0, 0, 'WITHSCORES')
    newest_ms = later(last[2] or 0, newest_ms)
  end
  return newest_ms
end
for first = 3, #ARGV, {FIELDS} do
  local id, fresh, instead_of = fresh_at(first)
  local found = record(id)
  if found then
    renew(id, found, fresh, instead_of)
  elseif instead_of == '' then
    if holder(fresh.parent, fresh.name, now) ~= id then
      fresh.name = free_name(fresh.parent, fresh.name, now)
    end
    if fresh.kind == 'dir' then fresh.modified = later(fresh.modified, newest_child_ms(id)) end
    show(id, fresh)
    parents[fresh.parent] = later(fresh.created, parents[fresh.parent] or 0)
  end
end
for parent, at_ms in pairs(parents) do
  local found = record(parent)
  if found then
    found.revision = later(found.revision, whole(now))
    save(parent, found)
    touch(parent, at_ms)
  end
end
"""
)
