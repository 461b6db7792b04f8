"""Keeps the leases of attempts alive that run beside each other in threads of one process."""

import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from worker.errors import RequestError
from worker.state.keeper import OVERSTAY_S
from worker.state.leases import Lease

_TICK_S: Final = 0.4

Outcome = TypeVar("Outcome")


class LeaseRenewer:
    """Renews all leases in one thread, while their stories are told in others.

    A thread cannot be interrupted as a process can: an attempt that is over for the record goes on
    until it next asks its lease or its ledger. What it calls meanwhile has deadlines of its own.
    `on_stuck` is called, in the renewing thread, with one that goes on `OVERSTAY_S` after the
    attempt's deadline, and how many do; it is renewed no more.
    """

    def __init__(self, *, renew_s: float, on_stuck: Callable[[Lease, int], None]) -> None:
        self._renew_s = renew_s
        self._on_stuck = on_stuck
        self._changing = threading.Lock()
        self._running: dict[int, _Running] = {}
        self._thread: threading.Thread | None = None

    def run(self, lease: Lease, story: Callable[[], Outcome]) -> Outcome:
        """What the story gives. Raises: what it raises."""
        running = _Running(lease, time.monotonic() + self._renew_s)
        with self._changing:
            self._running[id(lease)] = running
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._renew, name="lease-renewer", daemon=True
                )
                self._thread.start()
        try:
            return story()
        finally:
            with self._changing:
                del self._running[id(lease)]

    def leases(self) -> list[Lease]:
        """Those of the attempts that run now."""
        with self._changing:
            return [running.lease for running in self._running.values()]

    def _renew(self) -> None:
        while True:
            time.sleep(min(_TICK_S, self._renew_s))
            with self._changing:
                running = list(self._running.items())
            for key, each in running:
                now_s = time.monotonic()
                if each.lease.left_s + OVERSTAY_S <= 0:
                    self._tell_stuck(key, each)
                elif each.due_s <= now_s and not self._renewed(key, each, now_s + self._renew_s):
                    break

    def _renewed(self, key: int, running: "_Running", next_s: float) -> bool:
        """Renew a lease; False when Redis does not answer, which it would not for the others."""
        try:
            running.lease.renew()
        except RequestError as error:
            if error.code == "queue.unavailable":
                return False
            next_s = _NEVER_S  # over; its story will be told so
        self._note(key, running._replace(due_s=next_s))
        return True

    def _tell_stuck(self, key: int, running: "_Running") -> None:
        if not running.is_stuck:
            self._note(key, running._replace(is_stuck=True))
            with self._changing:
                stuck = sum(each.is_stuck for each in self._running.values())
            self._on_stuck(running.lease, stuck)

    def _note(self, key: int, running: "_Running") -> None:
        with self._changing:
            if key in self._running:
                self._running[key] = running


class _Running(NamedTuple):
    """A lease, when by the monotonic clock it is due, and whether its attempt was told stuck."""

    lease: Lease
    due_s: float
    is_stuck: bool = False


_NEVER_S: Final = float("inf")
