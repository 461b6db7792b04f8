"""Waiting for jobs to end: one blocking read of the event stream serves every waiter."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, cast

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from worker.contracts.jobs import Job, JobEvent
from worker.contracts.names import FINISHED
from worker.state.events import EVENTS_KEY, parse_event

BLOCK_S: Final = 5.0
# A waiter looks for itself this often, should an event be lost with Redis's data.
RECHECK_S: Final = 5.0
FIRST_BACKOFF_S: Final = 0.1
MAX_BACKOFF_S: Final = 2.0
MAX_DOUBLINGS: Final = 10

Streams = list[tuple[str, list[tuple[str, dict[str, str]]]]]

log = structlog.get_logger("firstframe.api")


class Waiters:
    """Who waits for which job; lives on the event loop, no waiter holds a thread."""

    def __init__(self) -> None:
        self._woken: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._closing = False

    async def wait(
        self, job_id: str, read: Callable[[], Awaitable[Job]], *, timeout_s: float
    ) -> Job:
        """The job as `read` gives it once it has ended, the time is up or the process closes.

        The first reading comes after the subscription, so no change falls between the two.
        """
        ends_at = asyncio.get_running_loop().time() + timeout_s
        with self._subscribed(job_id) as woken:
            while True:
                woken.clear()
                job = await read()
                left_s = ends_at - asyncio.get_running_loop().time()
                if job.status in FINISHED or left_s <= 0 or self._closing:
                    return job
                await _set_within(woken, min(left_s, RECHECK_S))

    def tell(self, event: JobEvent) -> None:
        """Wake those who wait for a job that has ended."""
        if event.status in FINISHED:
            for woken in self._woken.get(event.id, ()):
                woken.set()

    def wake_all(self) -> None:
        """Let every waiter read its job again: events may have been missed."""
        for waiters in self._woken.values():
            for woken in waiters:
                woken.set()

    def close(self) -> None:
        """Answer every waiter with its job as it stands, and all later ones at once."""
        self._closing = True
        self.wake_all()

    @contextmanager
    def _subscribed(self, job_id: str) -> Iterator[asyncio.Event]:
        woken = asyncio.Event()
        self._woken[job_id].add(woken)
        try:
            yield woken
        finally:
            self._woken[job_id].discard(woken)
            if not self._woken[job_id]:
                del self._woken[job_id]


class Follower:
    """Reads the event stream and tells the waiters, through every restart of Redis."""

    def __init__(self, url: str, waiters: Waiters) -> None:
        self._redis = redis.Redis.from_url(
            url,
            decode_responses=True,
            protocol=2,
            socket_connect_timeout=BLOCK_S,
            socket_timeout=2 * BLOCK_S,
        )
        self._waiters = waiters

    async def run(self) -> None:
        """Follow until cancelled; a loss is logged once, whatever it takes to come back."""
        failures = 0
        try:
            while True:
                try:
                    position = await self._newest()
                    failures = 0
                    self._waiters.wake_all()
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
        return str(entries[0][0]) if entries else "0-0"

    async def _follow(self, position: str) -> str:
        read = self._redis.xread({EVENTS_KEY: position}, count=500, block=int(BLOCK_S * 1000))
        for _, entries in cast(Streams, await read or []):
            for entry_id, fields in entries:
                position = entry_id
                try:
                    event = parse_event(fields)
                except (KeyError, ValueError) as unreadable:
                    log.warning("event passed over", event_id=entry_id, error=repr(unreadable))
                    continue
                self._waiters.tell(event)
        return position


async def _set_within(woken: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await woken.wait()
    except TimeoutError:
        return
