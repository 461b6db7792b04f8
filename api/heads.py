"""Request heads that never end: uvicorn waits for them without a limit, this protocol does not."""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class HeadDeadline(HttpToolsProtocol):
    """Closes a connection whose next request head is not there in time.

    The time runs from the connection, or from the first byte after an answer; between answers
    and with nothing sent uvicorn's own limit holds.
    """

    head_timeout_s: ClassVar[float]
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first head is awaited."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Either a request is under way now, or more of its head is to come."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._forget()
        elif self._deadline is None:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._forget()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(self.head_timeout_s, self.transport.close)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def with_head_timeout(head_timeout_s: float) -> type[HeadDeadline]:
    """The protocol with its limit: uvicorn makes one of a class for each connection."""
    return type("TimedHeads", (HeadDeadline,), {"head_timeout_s": head_timeout_s})
