"""What a caller hears of jobs as server-sent events: what was missed, then what happens."""

import json
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, suppress
from typing import Final, NamedTuple

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.concurrency import run_in_threadpool

from api.reach import Reach
from api.subscribers import Subscribers, Subscription
from worker.contracts.jobs import Job, JobEvent
from worker.contracts.names import FINISHED
from worker.errors import RequestError
from worker.state.events import START, Entry, EventLog, order_of
from worker.state.listing import Filters

PING_S: Final = 15.0
# How soon a client that was cut off comes back.
RETRY_MS: Final = 1000
PAGE: Final = 500
MAX_UNFINISHED: Final = 200
_KNOWN_MOST: Final = 10_000
_NO_ID: Final = ""

Wants = Callable[[JobEvent], bool]


class Opening(NamedTuple):
    """How a stream begins: states to tell first, then all that came after `position`."""

    position: str
    states: tuple[JobEvent, ...] = ()


class Feed:
    """The events that one caller may hear, from the stream in Redis and as they happen."""

    def __init__(
        self, log: EventLog, subscribers: Subscribers, reach: Reach, *, ping_s: float = PING_S
    ) -> None:
        self._log = log
        self._subscribers = subscribers
        self._reach = reach
        self._ping_s = ping_s
        self._known: dict[str, bool] = {}

    def open_job(self, job_id: str, last_event_id: str | None) -> Opening | None:
        """Where a stream of one job begins; None when its end was told before.

        Raises: RequestError `request.not_found`, `queue.unavailable`.
        """
        newest = self._log.newest()
        job = self._reach.read(job_id)
        if last_event_id is None or not self._log.holds(last_event_id):
            return Opening(newest, (state_of(job),))
        if job.status in FINISHED and not any(self._told(last_event_id, job_id)):
            return None
        return Opening(last_event_id)

    def open_all(self, last_event_id: str | None) -> Opening:
        """Where a stream of all jobs begins: with those that are unfinished, the newest of them.

        Raises: RequestError `queue.unavailable`.
        """
        if last_event_id is not None and self._log.holds(last_event_id):
            return Opening(last_event_id)
        newest = self._log.newest()
        jobs: list[Job] = []
        for status in ("running", "queued"):
            left = MAX_UNFINISHED - len(jobs)
            if left:
                jobs += self._reach.page(Filters(status), cursor=None, limit=left).jobs
        return Opening(newest, tuple(state_of(job) for job in reversed(jobs)))

    async def of_job(self, job_id: str, opening: Opening) -> AsyncGenerator[bytes]:
        """The stream of one job, which ends with it."""
        stream = self._events(opening, lambda event: event.id == job_id)
        async with aclosing(stream):
            async for entry in stream:
                yield _line(entry)
                if entry is not None and entry.event and entry.event.status in FINISHED:
                    return

    async def of_all(self, opening: Opening) -> AsyncGenerator[bytes]:
        """The stream of all the tenant's jobs."""
        stream = self._events(opening, lambda _: True)
        async with aclosing(stream):
            async for entry in stream:
                yield _line(entry)

    async def _events(self, opening: Opening, wants: Wants) -> AsyncGenerator[Entry | None]:
        """States, then events; None where nothing happened for a while.

        Ends when Redis does not answer, and when the stream forgot what was still to be told.
        """
        yield None
        # Who is cut off between them has to hear all of them again.
        for left, state in enumerate(opening.states, 1 - len(opening.states)):
            yield Entry(_NO_ID if left else opening.position, state)

        def ours(event: JobEvent) -> bool:
            return event.tenant == self._reach.tenant and wants(event)

        with suppress(RequestError), self._subscribers.subscribed(ours) as subscription:
            after = self._after(opening.position, subscription)
            async with aclosing(after):
                async for entry in after:
                    if entry is None or (entry.event and await self._may_hear(entry.event, ours)):
                        yield entry

    async def _after(
        self, position: str, subscription: Subscription
    ) -> AsyncGenerator[Entry | None]:
        """What the stream holds, then what is told, each once. Raises: RequestError."""
        while page := await run_in_threadpool(self._page, position):
            position = page[-1].id
            for entry in page:
                yield entry
        while True:
            told = await subscription.next(self._ping_s)
            if told is None and subscription.is_over:
                return
            if told is None or order_of(told.id) > order_of(position):
                yield told

    def _page(self, position: str) -> list[Entry]:
        """The next entries after an id. Raises: RequestError when some are gone already."""
        page = self._log.after(position, count=PAGE)
        if page and position != START and not self._log.holds(position):
            raise RequestError("queue.unavailable")
        return page

    async def _may_hear(self, event: JobEvent, ours: Wants) -> bool:
        """Whether the caller reaches the job, which is looked up once where some are hidden."""
        if not ours(event):
            return False
        if not self._reach.is_open:
            return True
        if event.id not in self._known:
            if len(self._known) >= _KNOWN_MOST:
                self._known.clear()
            self._known[event.id] = await run_in_threadpool(self._reaches, event.id)
        return self._known[event.id]

    def _reaches(self, job_id: str) -> bool:
        try:
            self._reach.read(job_id)
        except RequestError as error:
            if error.code != "request.not_found":
                raise
            return False
        return True

    def _told(self, position: str, job_id: str) -> Iterator[Entry]:
        while page := self._log.after(position, count=PAGE):
            position = page[-1].id
            yield from (entry for entry in page if entry.event and entry.event.id == job_id)


def state_of(job: Job) -> JobEvent:
    """The event that a job's record tells of."""
    return JobEvent(job.tenant, job.id, job.kind, job.status, job.revision, job.progress)


def _line(entry: Entry | None) -> bytes:
    if entry is None or entry.event is None:
        return KEEPALIVE_COMMENT
    told = entry.event._asdict()
    del told["tenant"]
    if entry.event.progress is not None:
        told["progress"] = entry.event.progress.model_dump()
    data = json.dumps(told, separators=(",", ":"))
    return format_sse_event(data_str=data, event="job", id=entry.id or None, retry=RETRY_MS)
