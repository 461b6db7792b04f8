"""Sights: all that one read of a library needs to know, in one round trip."""

import asyncio
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple, cast

import redis
import redis.asyncio

from worker.contracts.libraries import Entry, First, Grant, LibraryInfo, Place, SpaceInfo
from worker.errors import RequestError
from worker.state.access_tokens import USE, digest_of
from worker.state.connection import redis_errors_as_ours
from worker.state.entry_records import RECORDS, entry_of
from worker.state.libraries import library_of, space_of
from worker.state.scripts import SHARED, Script

# More in one run would keep others waiting in Redis, which does one thing at a time.
_MOST_AT_ONCE: Final = 32

# Each look has arguments of its own under the name that scripts know.
# One text is read many times faster than as many answers as it holds.
# The newest is the first by name of those with the last time, which is not where the set ends.
_LOOKS: Final = (
    "local function look(ARGV)"
    + RECORDS
    + USE
    + """
local library, space, digest, walks, first = unpack(ARGV)
local function first_of(dir)
  local key = sorted_key('files', dir, 'creation')
  local at_ms = first == 'oldest' and '-inf'
    or redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')[2] or '-inf'
  local names = redis.call('ZRANGEBYSCORE', key, at_ms, '+inf', 'LIMIT', 0, 1)
  return names[1] and row(child(dir, names[1]))
end

local told = redis.call('HMGET', 'ff:library:' .. library, 'info', 'public_read')
local part = redis.call('HMGET', 'ff:space:' .. place, 'info', 'public_read', 'call')
local grant, opens = false, false
if told[1] and digest ~= '' then
  grant, opens = use_token(library, digest, 1000, space, part[1] and (part[3] or ''))
end
local answer = {told[1], told[2], part[1], part[2], grant, false, false, opens}
if told[1] and part[1] and walks == '1' then
  local id, found = resolve(6)
  answer[6] = row(id, found) or false
  if first ~= '' and found and found.kind == 'dir' then answer[7] = first_of(id) or false end
end
return cjson.encode(answer)
end

local told = {}
for number, asked in ipairs(cjson.decode(ARGV[1])) do told[number] = look(asked) end
return told
"""
)


class Sight(NamedTuple):
    """What is there of all that was asked for.

    A `grant` is of the library that was looked at. It `opens` the space, or calls that are in no
    space (""), and only then the look was a use of its token. Of an unknown library nothing else
    is told, of an unknown space no entry.
    """

    library: LibraryInfo | None
    space: SpaceInfo | None
    grant: Grant | None
    entry: Entry | None
    first: Entry | None
    opens: bool = False


class Sights:
    """Looks at libraries, each time in one round trip."""

    def __init__(self, client: redis.Redis) -> None:
        self._looks = Script(client, _LOOKS)

    def look(
        self,
        library_id: str,
        space_id: str,
        *,
        token: str | None,
        path: Sequence[str] | None = None,
        first: First | None = None,
    ) -> Sight:
        """The library, the space, what the token allows, and what `path` leads to if it is given.

        An empty `path` is the space's top directory. `first` is the file of that directory that
        was created first or last, of several the first by the bytes of its name; in a media
        library each file is a medium. A token that opens the space lasts a full period from here,
        to the second. Raises: RequestError `queue.unavailable`.
        """
        place = Place(library_id, space_id)
        (told,) = self._looks(json.dumps([_asked(place, token, path, first)]))
        return _sight(place, told)


class _Gathered(NamedTuple):
    """Looks that go to Redis together, and what it tells of each of them."""

    asked: list[tuple[str, ...]]
    told: asyncio.Task[list[str]]


class AsyncSights:
    """The same looks for an event loop: what is asked for during a round trip shares the next.

    Nobody waits longer than `timeout_s`, however many looks wait for a round trip before.
    """

    def __init__(self, client: redis.asyncio.Redis, *, timeout_s: float) -> None:
        self._redis = client
        self._timeout_s = timeout_s
        self._looks = client.register_script(SHARED + _LOOKS)
        self._turn = asyncio.Lock()
        self._next: _Gathered | None = None

    async def look(
        self,
        library_id: str,
        space_id: str,
        *,
        token: str | None,
        path: Sequence[str] | None = None,
        first: First | None = None,
    ) -> Sight:
        """See `Sights.look`."""
        place = Place(library_id, space_id)
        if self._next is None or len(self._next.asked) == _MOST_AT_ONCE:
            asked: list[tuple[str, ...]] = []
            self._next = _Gathered(asked, asyncio.create_task(self._ask(asked)))
        gathered = self._next
        gathered.asked.append(_asked(place, token, path, first))
        number = len(gathered.asked) - 1
        # Whoever goes away leaves the others their answers.
        told = await asyncio.shield(gathered.told)
        return _sight(place, told[number])

    async def close(self) -> None:
        """Let the connection go."""
        await self._redis.aclose()

    async def _ask(self, asked: list[tuple[str, ...]]) -> list[str]:
        try:
            # The time runs from when the first of them asked, so it is out for none of them later.
            async with asyncio.timeout(self._timeout_s):
                return await self._ask_in_turn(asked)
        except TimeoutError as error:
            raise RequestError("queue.unavailable") from error
        finally:
            self._close(asked)

    async def _ask_in_turn(self, asked: list[tuple[str, ...]]) -> list[str]:
        async with self._turn:
            self._close(asked)
            with redis_errors_as_ours():
                return cast(list[str], await self._looks(args=[json.dumps(asked)]))

    def _close(self, asked: list[tuple[str, ...]]) -> None:
        """Let whoever asks from now on ask in the next round trip."""
        if self._next and self._next.asked is asked:
            self._next = None


def _asked(
    place: Place, token: str | None, path: Sequence[str] | None, first: First | None
) -> tuple[str, ...]:
    digest = digest_of(token) if token else ""
    walks = "" if path is None else "1"
    return (*place, digest, walks, first or "", *(path or ()))


@lru_cache(maxsize=1024)
def _sight(place: Place, told: str) -> Sight:
    library, library_public, space, space_public, grant, entry, first_row, opens = (
        part or None for part in json.loads(told)
    )
    return Sight(
        library=library_of(library, library_public),
        space=space_of(space, space_public) if library else None,
        grant=Grant.model_validate_json(grant) if grant else None,
        entry=entry_of(place, entry),
        first=entry_of(place, first_row),
        opens=bool(opens),
    )
