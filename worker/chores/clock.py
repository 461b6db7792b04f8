"""Runs chores by the clock, in the one process that holds the lease."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import structlog

from worker.errors import RequestError, StorageError
from worker.state.chore_lease import ChoreLease

_TICK_S: Final = 0.25
_log = structlog.get_logger(__name__)


class Chore(NamedTuple):
    """Something to do every `every_s` seconds.

    After Redis was away it first waits `after_outage_s`: attempts that live must have had the time
    to show it.
    """

    name: str
    every_s: float
    run: Callable[[], int]
    after_outage_s: float = 0


def run_chores(chores: Sequence[Chore], lease: ChoreLease, stopping: Callable[[], bool]) -> None:
    """Do what is due until `stopping`; a chore that fails is done again when it is next due."""
    due_s = dict.fromkeys(chores, 0.0)
    away = False
    while not stopping():
        try:
            if lease.hold():
                _run_due(due_s)
            away = False
        except RequestError as error:
            if not away:
                _log.warning("chores.waiting", code=error.code)
            away, now_s = True, time.monotonic()
            due_s = {chore: max(at, now_s + chore.after_outage_s) for chore, at in due_s.items()}
        time.sleep(_TICK_S)
    with suppress(RequestError):
        lease.leave()


def _run_due(due_s: dict[Chore, float]) -> None:
    """Raises: RequestError `queue.unavailable`."""
    for chore, at_s in due_s.items():
        if time.monotonic() < at_s:
            continue
        due_s[chore] = time.monotonic() + chore.every_s
        try:
            done = chore.run()
        except StorageError as error:
            _log.warning("chore.failed", chore=chore.name, code=error.code)
        else:
            if done:
                _log.debug("chore.done", chore=chore.name, count=done)
