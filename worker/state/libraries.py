"""The records of libraries and their spaces, as their operator makes them."""

import hashlib
import hmac
import itertools
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

import redis

from worker.contracts.libraries import SINGLE_SPACE, LibraryInfo, Place, SpaceInfo
from worker.errors import RequestError
from worker.rules.library_paths import check_library_id
from worker.state.connection import redis_errors_as_ours
from worker.state.entries import EntryIndex
from worker.state.scripts import Script

MAX_SPACES: Final = 10_000
_MOST_AT_ONCE: Final = 1000

# Who asks again because the answer was lost is known by the secret, which is nobody else's; where
# spaces are made, by a number.
_CREATE: Final = """
local library, told, public_read, secret, tenancy, space, created_ms = unpack(ARGV)
local key = 'ff:library:' .. library
if redis.call('EXISTS', key) == 1 then
  local had = redis.call('HMGET', key, 'secret', 'info')
  return (had[1] ~= secret or had[2] ~= told) and 'library.conflict'
end
redis.call('HSET', key, 'info', told, 'public_read', public_read, 'secret', secret,
  'tenancy', tenancy)
redis.call('SADD', 'ff:libraries', library)
if tenancy == 'single' then
  redis.call('HSET', 'ff:space:' .. library .. ':-', 'info', space, 'public_read', public_read,
    'created_ms', created_ms)
  redis.call('ZADD', 'ff:spaces:' .. library, 0, '-')
end
"""

# What a deletion that was broken off left behind must not turn up in a new space of the same id.
_CREATE_SPACE: Final = """
local library, space, told, public_read, created_ms, call, most = unpack(ARGV)
local key, tenancy = 'ff:space:' .. library .. ':' .. space,
  redis.call('HGET', 'ff:library:' .. library, 'tenancy')
if not tenancy then return 'library.not_found' end
if redis.call('HGET', key, 'call') == call then return end
if tenancy == 'single' or redis.call('EXISTS', key) == 1 then return 'library.conflict' end
if redis.call('ZCARD', 'ff:spaces:' .. library) >= tonumber(most) then return 'library.full' end
if redis.call('EXISTS', 'ff:directories:' .. library .. ':' .. space) == 1 then return 'clear' end
redis.call('HSET', key, 'info', told, 'public_read', public_read, 'created_ms', created_ms,
  'call', call)
redis.call('ZADD', 'ff:spaces:' .. library, 0, space)
"""

# The one space of a library for a single tenant has the library's value, and the other way round.
_SET_PUBLIC_READ: Final = """
local library, space, value = unpack(ARGV)
local library_key = 'ff:library:' .. library
local single = redis.call('HGET', library_key, 'tenancy') == 'single'
local key = space == '' and library_key or 'ff:space:' .. library .. ':' .. space
if redis.call('EXISTS', key) == 0 then return 0 end
redis.call('HSET', key, 'public_read', value)
if single then
  redis.call('HSET', library_key, 'public_read', value)
  redis.call('HSET', 'ff:space:' .. library .. ':-', 'public_read', value)
end
return 1
"""

_DELETE_SPACE: Final = """
local library, space = unpack(ARGV)
if redis.call('HGET', 'ff:library:' .. library, 'tenancy') == 'single' and space == '-' then
  return 'library.conflict'
end
redis.call('ZREM', 'ff:spaces:' .. library, space)
return redis.call('DEL', 'ff:space:' .. library .. ':' .. space)
"""

_SPACES: Final = """
local library, after, limit = unpack(ARGV)
local ids = {unpack(ARGV, 4)}
if limit ~= '' then
  local start = after == '' and '-' or '(' .. after
  ids = redis.call('ZRANGEBYLEX', 'ff:spaces:' .. library, start, '+', 'LIMIT', 0, limit)
end
local told = {}
for _, id in ipairs(ids) do
  local space = redis.call('HMGET', 'ff:space:' .. library .. ':' .. id, 'info', 'public_read')
  if space[1] then table.insert(told, space) end
end
return told
"""


class LibraryRecords:
    """All libraries of all tenants, and their spaces.

    Every method raises RequestError `queue.unavailable` when Redis does not do its part.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._index = EntryIndex(client)
        self._create = Script(client, _CREATE)
        self._create_space = Script(client, _CREATE_SPACE)
        self._set_public_read = Script(client, _SET_PUBLIC_READ)
        self._delete_space = Script(client, _DELETE_SPACE)
        self._spaces = Script(client, _SPACES)

    def create(self, info: LibraryInfo, *, secret: str) -> None:
        """Record a library, and its one space if it is for a single tenant.

        Only the SHA-256 of the secret is kept, so it must be long and random. Asked again with
        the same secret and facts, it is the same library.
        Raises: RequestError `library.conflict`, `request.invalid` for an id of another form.
        """
        single = SpaceInfo(
            library_id=_checked(info.id),
            id=SINGLE_SPACE,
            public_read=info.public_read,
            created_ms=info.created_ms,
        )
        refused = self._create(
            *(info.id, info.model_dump_json(), int(info.public_read), _digest(secret)),
            "multi" if info.multi_tenant else "single",
            *(single.model_dump_json(), info.created_ms),
        )
        if refused:
            raise RequestError(refused)

    def read(self, library_id: str) -> LibraryInfo | None:
        with redis_errors_as_ours():
            record = cast(dict[str, str], self._redis.hgetall(f"ff:library:{library_id}"))
        return library_of(record.get("info"), record.get("public_read"))

    def secret_matches(self, library_id: str, secret: str) -> bool:
        """Whether it is the library's secret; False for an unknown library too."""
        with redis_errors_as_ours():
            kept = self._redis.hget(f"ff:library:{library_id}", "secret")
        return hmac.compare_digest(str(kept or ""), _digest(secret))

    def set_public_read(self, library_id: str, value: bool) -> bool:
        """False for an unknown library. The one space of a library for one tenant follows."""
        return bool(self._set_public_read(library_id, "", int(value)))

    def create_space(self, space: SpaceInfo) -> None:
        """Record a space of a library for many tenants.

        Raises: RequestError `library.not_found`, `library.conflict` when the space is there or the
        library is for a single tenant, `library.full` where it has 10,000, `request.invalid` for
        an id of another form.
        """
        place = Place(space.library_id, _checked(space.id))
        told, call = space.model_dump_json(), secrets.token_hex(8)
        facts = (told, int(space.public_read), space.created_ms, call, MAX_SPACES)
        refused = self._create_space(*place, *facts)
        while refused == "clear":
            self._index.clear(place)
            refused = self._create_space(*place, *facts)
        if refused:
            raise RequestError(refused)

    def read_space(self, library_id: str, space_id: str) -> SpaceInfo | None:
        with redis_errors_as_ours():
            record = self._redis.hgetall(f"ff:space:{library_id}:{space_id}")
        kept = cast(Mapping[str, str], record)
        return space_of(kept.get("info"), kept.get("public_read"))

    def spaces(
        self, library_id: str, *, after: str = "", limit: int | None = None
    ) -> list[SpaceInfo]:
        """The spaces of a library by their ids, those after `after`; none of an unknown one."""
        return list(itertools.islice(self._spaces_after(library_id, after, limit), limit))

    def spaces_of(self, library_id: str, space_ids: Sequence[str]) -> list[SpaceInfo]:
        """Of the spaces that are named, those that are there."""
        return _spaces_of(self._spaces(library_id, "", "", *space_ids))

    def count_spaces(self, library_id: str) -> int:
        """How many spaces a library has; an unknown one has none."""
        with redis_errors_as_ours():
            return int(self._redis.zcard(f"ff:spaces:{library_id}"))

    def set_space_public_read(self, library_id: str, space_id: str, value: bool) -> bool:
        """False for an unknown space. A library for a single tenant follows its one space."""
        return bool(self._set_public_read(library_id, space_id, int(value)))

    def delete_space(self, library_id: str, space_id: str) -> bool:
        """Forget a space and the index of its entries; False for an unknown one.

        Raises: RequestError `library.conflict` for the one space of a library for one tenant.
        """
        deleted = self._delete_space(library_id, space_id)
        if isinstance(deleted, str):
            raise RequestError(deleted)
        self._index.clear(Place(library_id, space_id))
        return bool(deleted)

    def _spaces_after(self, library_id: str, after: str, limit: int | None) -> Iterator[SpaceInfo]:
        """In steps: Redis does one thing at a time."""
        step = min(limit or _MOST_AT_ONCE, _MOST_AT_ONCE)
        while True:
            found = _spaces_of(self._spaces(library_id, after, step))
            yield from found
            if len(found) < step:
                return
            after = found[-1].id

    def list(self) -> list[LibraryInfo]:
        """All libraries, by their ids."""
        with redis_errors_as_ours():
            ids = sorted(cast(set[str], self._redis.smembers("ff:libraries")))
        read = [self.read(library_id) for library_id in ids]
        return [library for library in read if library is not None]


def _spaces_of(told: Sequence[Sequence[str]]) -> list[SpaceInfo]:
    return [space for each in told if (space := space_of(*each)) is not None]


def library_of(told: str | None, public_read: str | None) -> LibraryInfo | None:
    """The library that a record tells of; its public read stands apart, because it may change."""
    if told is None:
        return None
    info = LibraryInfo.model_validate_json(told)
    return info.model_copy(update={"public_read": public_read == "1"})


def space_of(told: str | None, public_read: str | None) -> SpaceInfo | None:
    """The space that a record tells of, as with `library_of`."""
    if told is None:
        return None
    info = SpaceInfo.model_validate_json(told)
    return info.model_copy(update={"public_read": public_read == "1"})


def _checked(new_id: str) -> str:
    try:
        check_library_id(new_id)
    except ValueError as error:
        raise RequestError("request.invalid", str(error)) from error
    return new_id


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
