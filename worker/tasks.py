"""What happens to a message: its item is claimed, its story told once, the end recorded."""

import functools
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple, TypeVar

import structlog
from celery import Celery

from worker.contracts.jobs import AnyRequest, AnyResult, AttemptedJob, Item
from worker.contracts.names import (
    ALL_LANES,
    CALL_LANES,
    QUEUE_OF_LANE,
    TASK_CALL,
    TASK_MEDIA,
)
from worker.contracts.requests import CoverRequest
from worker.errors import CoverError, RequestError, WorkerError
from worker.rules.retry import TURNS
from worker.state.keeper import Interrupted, LeaseKeeper
from worker.state.lanes import Lanes
from worker.state.leases import Lease, Leases, new_token

STUCK_STATUS: Final = 71
_REDIS_PAUSE_S: Final = 0.5
# The attempt is over for the record.
_OVER: Final = frozenset({"job.cancelled", "job.superseded"})
_AWAY: Final = "queue.unavailable"

Outcome = TypeVar("Outcome")
_log = structlog.get_logger(__name__)


class AttemptParts(NamedTuple):
    """What attempts are run with; made in the process that runs them, never before a fork.

    `keep` tells a story while its lease is renewed. For a Redis that is away a claim waits
    `claim_patience_s`, the end of an attempt `end_patience_s`.
    """

    owner: str
    leases: Leases
    lanes: Lanes
    run: Callable[[AttemptedJob, Lease], AnyResult]
    keep: Callable[[Lease, Callable[[], AnyResult]], AnyResult]
    claim_patience_s: float
    end_patience_s: float


class Alone:
    """The attempt that runs in this process, which ends with it when it is stuck."""

    def __init__(self, lanes: Lanes, *, renew_s: float) -> None:
        self._lanes = lanes
        self._renew_s = renew_s
        self._lease: Lease | None = None

    def keep(self, lease: Lease, story: Callable[[], AnyResult]) -> AnyResult:
        """What the story gives. Raises: Interrupted, and what the story raises."""
        self._lease = lease
        try:
            keeper = LeaseKeeper(lease, renew_s=self._renew_s, on_stuck=self._end_process)
            return keeper.run(story)
        finally:
            self._lease = None

    def give_up(self) -> None:
        """Count the attempt as lost now: its detector hangs, and the process is about to end."""
        if self._lease is not None:
            with suppress(RequestError):
                self._lease.give_up()

    def _end_process(self, lease: Lease) -> None:
        """End an attempt that is stuck, late or over; Celery starts the next process."""
        end_stuck(lease)
        release(self._lanes, (lease.job.request.lane,))
        os._exit(STUCK_STATUS)


def register(app: Celery, open_parts: Callable[[], AttemptParts]) -> Callable[[], AttemptParts]:
    """Give the app the task of media; the answer makes the parts ahead of the first message."""
    parts = functools.cache(open_parts)

    @app.task(name=TASK_MEDIA)  # type: ignore[untyped-decorator]
    def media(kind: str, item_id: str) -> None:
        work(parts(), Item(kind, item_id))

    return parts


def register_calls(app: Celery, take: Callable[[str, Item], None]) -> None:
    """Give the app the task of calls to others; `take` is told the lane and the item."""
    lane_of_queue = {queue: lane for lane, queue in QUEUE_OF_LANE.items()}

    @app.task(name=TASK_CALL, bind=True)  # type: ignore[untyped-decorator]
    def call(task: Any, kind: str, item_id: str) -> None:
        lane = lane_of_queue[task.request.delivery_info["routing_key"]]
        take(lane, Item(kind, item_id))


def work(parts: AttemptParts, item: Item) -> None:
    """Run one attempt at an item, unless it waits for none, and see who is next."""
    release(parts.lanes, attempted(parts, item))


def attempted(parts: AttemptParts, item: Item) -> Iterable[str]:
    """Run one attempt at an item, unless it waits for none; the lanes that have news after it."""
    token = new_token(parts.owner)
    lease = _patiently(lambda: parts.leases.claim(item, token), parts.claim_patience_s)
    if lease is None:
        _log.info("item.dropped", item=str(item))
        return ALL_LANES
    try:
        _attempt(parts, lease)
    except SystemExit:
        with suppress(RequestError):
            lease.give_back()
        raise
    return _lanes_after(lease.job.request)


def _attempt(parts: AttemptParts, lease: Lease) -> None:
    log = _log.bind(job=lease.job.id, attempt=lease.job.attempt)
    try:
        result = parts.keep(lease, lambda: parts.run(lease.job, lease))
    except Interrupted as over:
        log.info("job.left", code=over.code)
    except CoverError as error:
        _end_failed(log, parts, lease, error)
    except Exception as error:
        log.error("job.bug", exc_info=error)
        _end_failed(log, parts, lease, WorkerError("internal.error"))
    else:
        with _left_if_over(log):
            _patiently(lambda: lease.finish(result), parts.end_patience_s)
            log.info("job.succeeded", timings_ms=result.timings_ms.model_dump())


def _end_failed(
    log: structlog.stdlib.BoundLogger, parts: AttemptParts, lease: Lease, error: CoverError
) -> None:
    """Tell the record of a failure; that Redis was away meanwhile is none of the job's."""
    if error.code in _OVER:
        log.info("job.left", code=error.code)
        return
    with _left_if_over(log, after=error.code):
        if error.code == _AWAY:
            _patiently(lease.give_back, parts.end_patience_s)
            log.warning("job.given_back", code=error.code)
        else:
            retry_s = _patiently(lambda: lease.fail(error), parts.end_patience_s)
            told = log.bind(code=error.code, reason=error.message, retry_s=retry_s)
            # Each of thousands that wait comes back again and again, and nothing is wrong.
            if error.code in TURNS and retry_s is not None:
                told.info("job.waits")
            else:
                told.warning("job.failed")


@contextmanager
def _left_if_over(log: structlog.stdlib.BoundLogger, **facts: str) -> Iterator[None]:
    """Leave an attempt whose end the record does not take, or cannot: its lease tells the rest."""
    try:
        yield
    except RequestError as over:
        log.info("job.left", code=over.code, **facts)


def _patiently(act: Callable[[], Outcome], patience_s: float) -> Outcome:
    """Do something with Redis that may be repeated, waiting for it while it is away."""
    patient_until_s = time.monotonic() + patience_s
    while True:
        try:
            return act()
        except RequestError as error:
            if error.code != _AWAY or time.monotonic() > patient_until_s:
                raise
        time.sleep(_REDIS_PAUSE_S)


def _lanes_after(request: AnyRequest) -> Iterable[str]:
    """The lanes that have news: room for another item, a record or a notice that was lined up."""
    has_target = isinstance(request, CoverRequest) and request.target is not None
    tells = has_target or getattr(request, "callback_url", None) is not None
    return dict.fromkeys((request.lane, *CALL_LANES)) if tells else (request.lane,)


def release(lanes: Lanes, names: Iterable[str]) -> None:
    """Give what is next in some lanes to Celery; while Redis is away the chores do it later."""
    try:
        for lane in names:
            lanes.release(lane)
    except RequestError as error:
        _log.warning("release.failed", code=error.code)


def end_stuck(lease: Lease) -> None:
    """End an attempt for the record that does not end itself."""
    _log.error("attempt.stuck", job=lease.job.id, attempt=lease.job.attempt)
    try:
        lease.fail(WorkerError("worker.timeout"))
    except RequestError as error:
        _log.warning("job.left", job=lease.job.id, code=error.code)
