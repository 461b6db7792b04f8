"""Waiting for jobs to end: who waits is woken by what the event stream tells."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple, TypeVar

from worker.contracts.jobs import Job
from worker.contracts.names import FINISHED
from worker.contracts.records import Record
from worker.state.events import Entry

# A waiter looks for itself this often, should an event be lost with Redis's data.
RECHECK_S: Final = 5.0
LOOK_S: Final = 0.1

Subject = TypeVar("Subject", Job, Record)


class _Pace(NamedTuple):
    timeout_s: float
    recheck_s: float


class Waiters:
    """Who waits for which job or record; lives on the event loop, no waiter holds a thread."""

    def __init__(self) -> None:
        self._woken: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._closing = False

    async def wait(
        self, job_id: str, read: Callable[[], Awaitable[Job]], *, timeout_s: float
    ) -> Job:
        """The job as `read` gives it once it has ended, the time is up or the process closes."""
        return await self._wait(job_id, read, _has_ended, _Pace(timeout_s, RECHECK_S))

    async def wait_for_record_of(
        self, job_id: str, read: Callable[[], Awaitable[Job]], *, timeout_s: float
    ) -> Job:
        """As `wait`, until the write-back of its cover has ended, too."""
        return await self._wait(job_id, read, _is_written_back, _Pace(timeout_s, RECHECK_S))

    async def wait_for_record(
        self, record_id: str, read: Callable[[], Awaitable[Record]], *, timeout_s: float
    ) -> Record:
        """As `wait` for a record, of which no event tells: it is looked at again and again."""
        return await self._wait(record_id, read, _is_settled, _Pace(timeout_s, LOOK_S))

    async def _wait(
        self,
        name: str,
        read: Callable[[], Awaitable[Subject]],
        is_over: Callable[[Subject], bool],
        pace: "_Pace",
    ) -> Subject:
        """The first reading comes after the subscription, so no change falls between the two."""
        ends_at = asyncio.get_running_loop().time() + pace.timeout_s
        with self._subscribed(name) as woken:
            while True:
                woken.clear()
                subject = await read()
                left_s = ends_at - asyncio.get_running_loop().time()
                if is_over(subject) or left_s <= 0 or self._closing:
                    return subject
                await set_within(woken, min(left_s, pace.recheck_s))

    def tell(self, entry: Entry) -> None:
        """Wake those who wait for a job that has ended."""
        event = entry.event
        if event is not None and event.status in FINISHED:
            for woken in self._woken.get(event.id, ()):
                woken.set()

    def missed(self) -> None:
        """Let every waiter read its job again: events may have been missed."""
        for waiters in self._woken.values():
            for woken in waiters:
                woken.set()

    def close(self) -> None:
        """Answer every waiter with its job as it stands, and all later ones at once."""
        self._closing = True
        self.missed()

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


def _has_ended(job: Job) -> bool:
    return job.status in FINISHED


def _is_written_back(job: Job) -> bool:
    is_pending = job.record is not None and job.record.state == "pending"
    return _has_ended(job) and not is_pending


def _is_settled(record: Record) -> bool:
    return record.state != "pending"


async def set_within(woken: asyncio.Event, timeout_s: float) -> None:
    """Wait until it is set, or the time is up."""
    try:
        async with asyncio.timeout(timeout_s):
            await woken.wait()
    except TimeoutError:
        return
