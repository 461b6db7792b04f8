"""Runs chores by the clock, in the one process that holds the lease."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import Final, NamedTuple

import structlog

from worker.errors import CoverError, RequestError, StorageError
from worker.state.chore_lease import ChoreLease

_TICK_S: Final = 0.25
_log = structlog.get_logger(__name__)


class Chore(NamedTuple):
    """Something to do every `every_s` seconds.

    At the start and after Redis was away it first waits `after_outage_s`: attempts that live must
    have had the time to show it. One that may take long runs `aside`, in a thread of its own; it
    must bear being run by two processes, because the lease may change hands meanwhile.
    """

    name: str
    every_s: float
    run: Callable[[], int]
    after_outage_s: float = 0
    aside: bool = False


class _Turn:
    """A chore and when it is due."""

    def __init__(self, chore: Chore) -> None:
        self.chore = chore
        self._due_s = 0.0
        self._aside: Thread | None = None
        self.postpone()

    def postpone(self) -> None:
        """Let attempts that live show it first."""
        self._due_s = max(self._due_s, time.monotonic() + self.chore.after_outage_s)

    def is_due(self) -> bool:
        busy = self._aside is not None and self._aside.is_alive()
        return not busy and time.monotonic() >= self._due_s

    def take(self) -> None:
        """Do the chore, or begin it if it runs aside. Raises: RequestError `queue.unavailable`."""
        self._due_s = time.monotonic() + self.chore.every_s
        if self.chore.aside:
            # The process may end without it: what it left is done the next time.
            self._aside = Thread(target=_run_aside, args=(self.chore,), daemon=True)
            self._aside.start()
        else:
            _run(self.chore)


def run_chores(chores: Sequence[Chore], lease: ChoreLease, stopping: Callable[[], bool]) -> None:
    """Do what is due until `stopping`; a chore that fails is done again when it is next due."""
    turns = [_Turn(chore) for chore in chores]
    away = False
    while not stopping():
        try:
            _run_due(turns, lease)
            away = False
        except RequestError as error:
            if not away:
                _log.warning("chores.waiting", code=error.code)
            away = True
            for turn in turns:
                turn.postpone()
        time.sleep(_TICK_S)
    with suppress(RequestError):
        lease.leave()


def _run_due(turns: Sequence[_Turn], lease: ChoreLease) -> None:
    """Take the turns that are due, holding the lease anew before each.

    Raises: RequestError `queue.unavailable`.
    """
    if not lease.hold():
        return
    for turn in turns:
        if turn.is_due():
            if not lease.hold():
                return
            turn.take()


def _run(chore: Chore) -> None:
    try:
        done = chore.run()
    except StorageError as error:
        _log.warning("chore.failed", chore=chore.name, code=error.code)
    else:
        if done:
            _log.debug("chore.done", chore=chore.name, count=done)


def _run_aside(chore: Chore) -> None:
    try:
        _run(chore)
    except CoverError as error:
        _log.warning("chore.failed", chore=chore.name, code=error.code)
