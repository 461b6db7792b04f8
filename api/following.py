"""Following the event stream: one blocking read serves all who listen in this process."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol, cast

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from worker.state.events import EVENTS_KEY, START, Entry, Rows, parse_entries

BLOCK_S: Final = 5.0
FIRST_BACKOFF_S: Final = 0.1
MAX_BACKOFF_S: Final = 2.0
MAX_DOUBLINGS: Final = 10

Streams = list[tuple[str, Rows]]

log = structlog.get_logger("firstframe.api")


class Listener(Protocol):
    """Whoever is told what happens, on the event loop."""

    def tell(self, entry: Entry) -> None:
        """Something happened."""

    def missed(self) -> None:
        """More may have happened than was told."""


class Follower:
    """Reads the event stream and tells the listeners, through every restart of Redis."""

    def __init__(self, url: str, listeners: Sequence[Listener]) -> None:
        self._redis = redis.Redis.from_url(
            url,
            decode_responses=True,
            protocol=2,
            socket_connect_timeout=BLOCK_S,
            socket_timeout=2 * BLOCK_S,
        )
        self._listeners = listeners

    async def run(self) -> None:
        """Follow until cancelled; a loss is logged once, whatever it takes to come back."""
        failures = 0
        try:
            while True:
                try:
                    position = await self._newest()
                    failures = 0
                    for listener in self._listeners:
                        listener.missed()
                    while True:
                        position = await self._follow(position)
                except (RedisError, OSError) as lost:
                    tell = log.debug if failures else log.warning
                    tell("event stream lost", error=str(lost))
                    await asyncio.sleep(min(FIRST_BACKOFF_S * 2**failures, MAX_BACKOFF_S))
                    failures = min(failures + 1, MAX_DOUBLINGS)
        finally:
            await self._redis.aclose()

    async def _newest(self) -> str:
        """Where to begin: asked anew at each connection, since Redis may have lost its data."""
        entries = await self._redis.xrevrange(EVENTS_KEY, count=1)
        return str(entries[0][0]) if entries else START

    async def _follow(self, position: str) -> str:
        read = self._redis.xread({EVENTS_KEY: position}, count=500, block=int(BLOCK_S * 1000))
        for _, rows in cast(Streams, await read or []):
            for entry in parse_entries(rows):
                position = entry.id
                for listener in self._listeners:
                    listener.tell(entry)
                # Thousands may listen: the others are served between two entries.
                await asyncio.sleep(0)
        return position
