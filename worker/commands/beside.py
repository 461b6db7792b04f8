"""Attempts that run beside each other in the threads of one process, each lane in its own slots."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Final

from worker.contracts.jobs import Item
from worker.errors import RequestError
from worker.state.lanes import Lanes
from worker.state.leases import Lease
from worker.state.renewer import LeaseRenewer
from worker.tasks import end_stuck, release

# What `Lanes.release` lets out of a lane for each slot that serves it.
_WINDOW_PER_SLOT: Final = 2


def threads_for(slots: Mapping[str, int]) -> int:
    """How many threads leave each lane its slots while all that others have out waits in some.

    A message has a thread while it waits for a slot of its lane, so that what is slow in one lane
    holds up no other; a lane has no more out than its window. As many again as its slots tell
    Redis and Celery of what has left them.
    """
    windows = {lane: _WINDOW_PER_SLOT * count for lane, count in slots.items()}
    return max(2 * count + sum(windows.values()) - windows[lane] for lane, count in slots.items())


class Beside:
    """The attempts of this process. An attempt that is stuck ends for the record only."""

    def __init__(self, lanes: Lanes, slots: Mapping[str, int], *, renew_s: float) -> None:
        self._lanes = lanes
        self._slots = {lane: threading.Semaphore(count) for lane, count in slots.items()}
        self._most_stuck = min(slots.values())
        self._stopping = threading.Event()
        self._renewer = LeaseRenewer(renew_s=renew_s, on_stuck=self._on_stuck)
        self.keep = self._renewer.run

    def take(self, attempt: Callable[[Item], Iterable[str]], lane: str, item: Item) -> None:
        """Attempt what a message brought, in a slot of its lane, unless the process stops.

        The lanes that have news then are released after the slot is left to the next message.
        """
        with self._slots[lane]:
            is_stopping = self._stopping.is_set()
            news = () if is_stopping else attempt(item)
        if not is_stopping:
            release(self._lanes, news)
            return
        with suppress(RequestError):
            self._lanes.put_back(lane, [item], patience_s=0)

    def stop(self) -> None:
        """Begin no more; what runs may end."""
        self._stopping.set()

    def give_back(self) -> None:
        """Queue again what still runs, as if it had not been begun: the process has to end."""
        for lease in self._renewer.leases():
            with suppress(RequestError):
                lease.give_back()

    def _on_stuck(self, lease: Lease, count: int) -> None:
        """End the attempt for the record; when such take all slots of a lane, the process too."""
        end_stuck(lease)
        if count == self._most_stuck:
            os.kill(os.getpid(), signal.SIGTERM)
