"""The scripts that change the index of entries; each answers a code of ours where it refuses."""

from typing import Final

from worker.state.entry_records import CHANGES, FIELDS

_ANSWER_KEPT_MS: Final = 60 * 1000

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
