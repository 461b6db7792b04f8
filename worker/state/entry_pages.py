"""Pages of a directory's entries, by offset and by marker, with work bounded by the page."""

import base64
import binascii
from typing import Any, Final, Literal, NamedTuple

import redis
from pydantic import TypeAdapter, ValidationError

from worker.contracts.libraries import Entry, Place
from worker.errors import RequestError
from worker.state.entry_records import RECORDS, entry_of
from worker.state.scripts import Script

MAX_PAGE: Final = 1000
_MAX_MARKER_CHARS: Final = 8192


class Wanted(NamedTuple):
    """What is listed and how: directories before files, unless `union` sorts them together."""

    order: Literal["name", "creation", "modification", "size"] = "name"
    descending: bool = False
    only: Literal["dirs", "files"] | None = None
    union: bool = False


class Page(NamedTuple):
    """Some entries of a directory, how many it has of each, and where to go on."""

    entries: list[Entry]
    files: int
    dirs: int
    revision: int
    next_marker: str | None


class _Mark(NamedTuple):
    """The last entry told, and what it was told of."""

    directory_id: str
    wanted: Wanted
    is_dir: bool
    value: int
    name: str


_MARKS: Final = TypeAdapter(_Mark)

# Positions count from the end that is told first. `passed` and `dirs_among_first` look at one
# element for every halving of a set.
_PAGE: Final = (
    RECORDS
    + """
local dir, order, descending, only, union = ARGV[3], ARGV[4], ARGV[5] == '1', ARGV[6], ARGV[7]
local limit, offset, marked, value, name = tonumber(ARGV[8]), tonumber(ARGV[9]), unpack(ARGV, 10)
local found = directory(dir)
if not found then return false end

local keys = {
  dirs = sorted_key('dirs', dir, order == 'size' and 'name' or order),
  files = sorted_key('files', dir, order),
}
local count = {dirs = redis.call('ZCARD', keys.dirs), files = redis.call('ZCARD', keys.files)}

local function told(set, from, to)
  local rows = redis.call(descending and 'ZREVRANGE' or 'ZRANGE', keys[set], from, to, 'WITHSCORES')
  local elements = {}
  for at = 1, #rows, 2 do
    table.insert(elements, {name = rows[at], value = tonumber(rows[at + 1])})
  end
  return elements
end

local function below(a, b)
  for at = 1, math.min(#a, #b) do
    local x, y = string.byte(a, at), string.byte(b, at)
    if x ~= y then return x < y end
  end
  return #a < #b
end

local function before(a, b)
  if a.value ~= b.value then return (a.value < b.value) ~= descending end
  return a.name ~= b.name and below(a.name, b.name) ~= descending
end

local function passed(set, mark)
  local low, high = 0, count[set]
  while low < high do
    local middle = math.floor((low + high) / 2)
    if before(mark, told(set, middle, middle)[1]) then high = middle else low = middle + 1 end
  end
  return low
end

local function dirs_among_first(total)
  local low, high = math.max(0, total - count.files), math.min(total, count.dirs)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local other = total - middle - 1
    if before(told('dirs', middle, middle)[1], told('files', other, other)[1]) then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end

local function starts()
  local mark = {name = name, value = tonumber(value)}
  if only == 'dirs' or (only == '' and union == '0' and marked == 'dirs') then
    local start = marked == '' and math.min(offset, count.dirs) or passed('dirs', mark)
    return start, only == 'dirs' and count.files or math.max(0, offset - count.dirs)
  elseif only == 'files' or (union == '0' and marked == 'files') then
    return count.dirs, marked == '' and math.min(offset, count.files) or passed('files', mark)
  elseif marked ~= '' then
    return passed('dirs', mark), passed('files', mark)
  elseif union == '1' then
    local total = math.min(offset, count.dirs + count.files)
    local dirs = dirs_among_first(total)
    return dirs, total - dirs
  end
  return math.min(offset, count.dirs), math.min(math.max(0, offset - count.dirs), count.files)
end

local first_dir, first_file = starts()
local dirs = limit > 0 and told('dirs', first_dir, first_dir + limit - 1) or {}
local files = limit > 0 and told('files', first_file, first_file + limit - 1) or {}
local names, d, f = {}, 1, 1
while #names < limit and (dirs[d] or files[f]) do
  if not files[f] or (dirs[d] and (union == '0' or before(dirs[d], files[f]))) then
    table.insert(names, dirs[d].name)
    d = d + 1
  else
    table.insert(names, files[f].name)
    f = f + 1
  end
end

local answer = {count.dirs, count.files, found.revision,
  count.dirs - first_dir + count.files - first_file > #names and 1 or 0}
for _, shown in ipairs(names) do table.insert(answer, row(child(dir, shown))) end
return answer
"""
)


class EntryPages:
    """Lists directories; a page costs a number of steps that its size and a logarithm bound."""

    def __init__(self, client: redis.Redis) -> None:
        self._page = Script(client, _PAGE)

    def page(
        self, place: Place, directory_id: str, wanted: Wanted, *, offset: int, limit: int
    ) -> Page:
        """Entries from `offset` on; see `EntryIndex.page`."""
        return self._read(place, directory_id, wanted, limit, (max(offset, 0), "", 0, ""))

    def after(
        self, place: Place, directory_id: str, wanted: Wanted, *, marker: str | None, limit: int
    ) -> Page:
        """Entries after `marker`; see `EntryIndex.after`."""
        if not marker:
            return self.page(place, directory_id, wanted, offset=0, limit=limit)
        mark = _mark_of(marker, directory_id, wanted)
        start = (0, "dirs" if mark.is_dir else "files", mark.value, mark.name)
        return self._read(place, directory_id, wanted, limit, start)

    def _read(
        self,
        place: Place,
        directory_id: str,
        wanted: Wanted,
        limit: int,
        start: tuple[int, str, int, str],
    ) -> Page:
        order, descending, only, union = wanted
        rows: list[Any] | None = self._page(
            *(*place, directory_id, order, int(descending), only or "", int(union)),
            *(min(limit, MAX_PAGE), *start),
        )
        if rows is None:
            raise RequestError("library.not_found")
        dirs, files, revision, more, *found = rows
        entries = [entry for row in found if (entry := entry_of(place, row))]
        marker = _marker(directory_id, wanted, entries[-1]) if more and entries else None
        return Page(entries, files, dirs, int(revision), marker)


def _marker(directory_id: str, wanted: Wanted, last: Entry) -> str:
    values = {
        "name": 0,
        "creation": last.created_ms,
        "modification": last.modified_ms,
        "size": last.version.size_bytes if last.version else 0,
    }
    mark = _Mark(directory_id, wanted, last.kind == "dir", values[wanted.order], last.name)
    return _text_of(mark)


def _text_of(mark: _Mark) -> str:
    return base64.urlsafe_b64encode(_MARKS.dump_json(mark)).decode().rstrip("=")


def _mark_of(marker: str, directory_id: str, wanted: Wanted) -> _Mark:
    try:
        padded = marker[:_MAX_MARKER_CHARS].encode("ascii") + b"=="
        mark = _MARKS.validate_json(base64.urlsafe_b64decode(padded))
    except (ValidationError, binascii.Error, UnicodeError) as error:
        raise RequestError("library.not_found", "There is no such marker.") from error
    if (mark.directory_id, mark.wanted, _text_of(mark)) != (directory_id, wanted, marker):
        raise RequestError("library.not_found", "There is no such marker.")
    return mark
