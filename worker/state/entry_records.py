"""Entries as Redis holds them: one packed record each, and sorted sets of names a directory.

A name leads to an id, an id to a record; the sorted sets hold names, so that entries with the same
score stand in the order of their names' bytes. A name without a record is only claimed.
"""

from collections.abc import Sequence
from typing import Final

from worker.contracts.libraries import Entry, Place, Version
from worker.rules.library_paths import MAX_NAME_BYTES

# The first two arguments of every script below are the place. Lua compares strings by the locale
# of the server, so what must agree with sorted sets is compared byte by byte.
RECORDS: Final = """
local place = ARGV[1] .. ':' .. ARGV[2]
local RECORDS, DIRECTORIES = 'ff:entries:' .. place, 'ff:directories:' .. place
local function names_key(dir) return 'ff:names:' .. place .. ':' .. dir end
local function claimed_key(dir) return 'ff:claimed:' .. place .. ':' .. dir end
local function claimants_key(id) return 'ff:claimants:' .. place .. ':' .. id end
local function sorted_key(set, dir, order)
  return 'ff:' .. set .. ':' .. place .. ':' .. dir .. ':' .. order
end

local function record(id)
  local space_ms = id == 'root' and redis.call('HGET', 'ff:space:' .. place, 'created_ms')
  if id == 'root' and not space_ms then return nil end
  local packed = redis.call('HGET', RECORDS, id)
  if packed then return cmsgpack.unpack(packed) end
  if space_ms then
    return {parent = '', name = '', kind = 'dir', created = space_ms, modified = space_ms,
      version = '', revision = space_ms}
  end
end

local function directory(id)
  local found = record(id)
  return found and found.kind == 'dir' and found
end

local function child(dir, name)
  local id = redis.call('HGET', names_key(dir), name)
  return id, id and record(id)
end

local function row(id, found)
  return found and {id, found.parent, found.name, found.kind, found.created, found.modified,
    found.version}
end

local function resolve(first)
  local id, found = 'root', record('root')
  for at = first, #ARGV do
    if not found or found.kind ~= 'dir' then return nil end
    id, found = child(id, ARGV[at])
  end
  return id, found
end
"""

ROW: Final = RECORDS + "return row(ARGV[3], record(ARGV[3]))"
RESOLVE: Final = RECORDS + "return row(resolve(3))"

# Names, never ids, are what a claim holds; see `EntryIndex.claim` for how long.
CHANGES: Final = (
    RECORDS
    + f"local NAME_BYTES = {MAX_NAME_BYTES}"
    + r"""
local function later(a, b) return tonumber(a) > tonumber(b) and a or b end
local function save(id, found) redis.call('HSET', RECORDS, id, cmsgpack.pack(found)) end

local function places_of(found)
  local dir = found.kind == 'dir'
  local set = dir and 'dirs' or 'files'
  local places = {
    [sorted_key(set, found.parent, 'name')] = 0,
    [sorted_key(set, found.parent, 'creation')] = found.created,
    [sorted_key(set, found.parent, 'modification')] = found.modified,
  }
  if not dir then places[sorted_key(set, found.parent, 'size')] = found.size end
  return places
end

local function show(id, found)
  for key, score in pairs(places_of(found)) do redis.call('ZADD', key, score, found.name) end
  redis.call('HSET', names_key(found.parent), found.name, id)
  redis.call('ZREM', claimed_key(found.parent), found.name)
  redis.call('DEL', claimants_key(id))
  redis.call('SADD', DIRECTORIES, found.parent)
  save(id, found)
end

local function hide(found)
  for key in pairs(places_of(found)) do redis.call('ZREM', key, found.name) end
  redis.call('HDEL', names_key(found.parent), found.name)
end

local function forget(dir)
  redis.call('UNLINK', names_key(dir), claimed_key(dir), sorted_key('files', dir, 'size'))
  for _, order in ipairs({'name', 'creation', 'modification'}) do
    redis.call('UNLINK', sorted_key('dirs', dir, order), sorted_key('files', dir, order))
  end
  redis.call('SREM', DIRECTORIES, dir)
end

local function touch(dir, at_ms)
  local found = record(dir)
  if not found then return end
  found.revision = whole(tonumber(found.revision) + 1)
  if at_ms then
    found.modified = later(found.modified, at_ms)
    if dir ~= 'root' then
      redis.call('ZADD', sorted_key('dirs', found.parent, 'modification'), found.modified,
        found.name)
    end
  end
  save(dir, found)
end

local function holder(dir, name, now)
  local id, found = child(dir, name)
  if found then return id, found end
  local held_ms = id and redis.call('ZSCORE', claimed_key(dir), name)
  if held_ms and tonumber(held_ms) > now then return id end
end

local function free_name(dir, name, now)
  if not holder(dir, name, now) then return name end
  local stem, ending = string.match(name, '^(.+)(%.[^.]+)$')
  if not stem or #ending > NAME_BYTES / 2 then stem, ending = name, '' end
  local function numbered(number)
    local last = ' (' .. number .. ')' .. ending
    local cut = math.min(#stem, NAME_BYTES - #last)
    -- Where the next byte goes on with a character of UTF-8, that goes as a whole.
    while string.find(string.sub(stem, cut + 1, cut + 1), '[\128-\191]') do cut = cut - 1 end
    return string.sub(stem, 1, cut) .. last
  end
  local taken, free = 0, 1
  while holder(dir, numbered(free), now) do taken, free = free, free * 2 end
  while free - taken > 1 do
    local middle = math.floor((taken + free) / 2)
    if holder(dir, numbered(middle), now) then taken = middle else free = middle end
  end
  return numbered(free)
end

local function fresh_at(first)
  local id, parent, name, kind, created, modified, version, size, newest, instead_of =
    unpack(ARGV, first, first + 9)
  return id, {parent = parent, name = name, kind = kind, created = created, modified = modified,
    version = version, size = size, newest = newest, revision = whole(clock_ms())}, instead_of
end

-- Which version is newer only the library knows: clocks differ, ids have no order. So a version is
-- shown only instead of the one that was there before the library was asked.
local function renew(id, found, fresh, instead_of)
  if found.newest == fresh.newest or found.kind == 'dir' then return true end
  if found.newest ~= instead_of then return false end
  for _, field in ipairs({'version', 'newest', 'size', 'modified'}) do
    found[field] = fresh[field]
  end
  show(id, found)
  touch(found.parent)
  return true
end
"""
)

FIELDS: Final = 10


def entry_of(place: Place, row: Sequence[str] | None) -> Entry | None:
    """The entry that a script's row tells of; None for none."""
    if not row:
        return None
    entry_id, parent_id, name, kind, created_ms, modified_ms, version = row
    return Entry.model_validate(
        {
            "id": entry_id,
            "place": place,
            "parent_id": parent_id,
            "name": name,
            "kind": kind,
            "created_ms": int(created_ms),
            "modified_ms": int(modified_ms),
            "version": Version.model_validate_json(version) if version else None,
        }
    )


def fields_of(entry: Entry, *, instead_of: str = "") -> tuple[str | int, ...]:
    """An entry as the scripts take it, in `FIELDS` arguments.

    `instead_of` is the id of the version that it had before; none for an entry that is new.
    """
    version = entry.version
    assert version is not None or entry.kind == "dir", "a file is seen with its first version"
    facts = (entry.id, entry.parent_id, entry.name, entry.kind, entry.created_ms)
    if version is None:
        return (*facts, entry.modified_ms, "", 0, "", instead_of)
    told = version.model_dump_json(exclude_defaults=True)
    return (*facts, version.at_ms, told, version.size_bytes, version.id, instead_of)
