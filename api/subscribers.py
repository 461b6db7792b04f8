"""Who listens to events: a bounded queue each, and an end for those who do not keep up."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from api.waiting import set_within
from worker.contracts.jobs import JobEvent
from worker.state.events import Entry

# Bursts fit; whoever falls back further comes again and reads them from the stream.
MAX_WAITING: Final = 256


class Subscription:
    """What one listener has still to be told. Once `is_over`, nothing is added."""

    def __init__(self, wants: Callable[[JobEvent], bool]) -> None:
        self.is_over = False
        self._wants = wants
        self._waiting: deque[Entry] = deque()
        self._woken = asyncio.Event()

    def offer(self, entry: Entry) -> None:
        """Take an entry to be told; one more than `MAX_WAITING` ends the subscription."""
        if self.is_over or entry.event is None or not self._wants(entry.event):
            return
        if len(self._waiting) < MAX_WAITING:
            self._waiting.append(entry)
            self._woken.set()
        else:
            self.end()

    def end(self) -> None:
        """Take no more; what waits is told."""
        self.is_over = True
        self._woken.set()

    async def next(self, timeout_s: float) -> Entry | None:
        """The next entry; None when there is none in time, or none to come."""
        if not self._waiting and not self.is_over:
            self._woken.clear()
            await set_within(self._woken, timeout_s)
        return self._waiting.popleft() if self._waiting else None


class Subscribers:
    """All who listen in this process; lives on the event loop."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._closing = False

    def __len__(self) -> int:
        """How many are still told something."""
        return sum(not subscription.is_over for subscription in self._subscriptions)

    @contextmanager
    def subscribed(self, wants: Callable[[JobEvent], bool]) -> Iterator[Subscription]:
        """A subscription to the events that `wants` is true for, for the time of the block."""
        subscription = Subscription(wants)
        self._subscriptions.add(subscription)
        if self._closing:
            subscription.end()
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def tell(self, entry: Entry) -> None:
        """Offer an entry to everybody."""
        for subscription in self._subscriptions:
            subscription.offer(entry)

    def missed(self) -> None:
        """End all subscriptions: who comes again reads from the stream what was missed."""
        for subscription in self._subscriptions:
            subscription.end()

    def close(self) -> None:
        """End all subscriptions, and later ones at once."""
        self._closing = True
        self.missed()
