"""Keeps a lease alive beside the attempt that holds it, and ends an attempt that is over."""

import signal
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from worker.errors import RequestError
from worker.state.leases import Lease

# An attempt ends itself at its next stage; only one that is stuck inside a stage is ended.
OVERSTAY_S: Final = 5.0
LOOK_S: Final = 0.4
# An interrupted story lets go of its files and connections within this; native code does not hear.
UNHEARD_S: Final = 0.5

Outcome = TypeVar("Outcome")


class Interrupted(BaseException):
    """The attempt is over for the record; raised in the main thread, wherever its story is.

    No Exception, like KeyboardInterrupt: nothing on its way may take it for a failure of a source
    or a store and go on. `code` is `job.cancelled` or `job.superseded`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class LeaseKeeper:
    """Renews the lease in a thread while its story is told in the main thread.

    When the record says that the attempt is over, the story ends with `Interrupted`. `on_stuck` is
    called, in the thread, when the story does not end `UNHEARD_S` after that, or `OVERSTAY_S` after
    the attempt's deadline; until it returns, the main thread does not go on to another attempt.
    """

    def __init__(self, lease: Lease, *, renew_s: float, on_stuck: Callable[[Lease], None]) -> None:
        self._lease = lease
        self._renew_s = renew_s
        self._on_stuck = on_stuck
        self._ending = threading.Lock()
        self._has_ended = False
        self._told = threading.Event()
        self._over: str | None = None

    def run(self, story: Callable[[], Outcome]) -> Outcome:
        """What the story gives. Raises: Interrupted, and what the story raises."""
        try:
            try:
                # Celery and billiard have the other signal of users. Ours stays taken: one that
                # is late finds an attempt that has ended, or the next one, which is not over.
                signal.signal(signal.SIGUSR2, self._interrupt)
                threading.Thread(target=self._keep, name="lease-keeper", daemon=True).start()
                return story()
            finally:
                self._end()
        finally:
            # It interrupts once, but that may have been the end itself.
            self._end()

    def _end(self) -> None:
        with self._ending:
            # Before the event: one that is interrupted inside it would keep its lock for ever.
            self._has_ended = True
        self._told.set()

    def _interrupt(self, *_: object) -> None:
        over, self._over = self._over, None
        if over is not None and not self._has_ended:
            raise Interrupted(over)

    def _keep(self) -> None:
        renewed_s = time.monotonic()
        while not self._told.wait(min(LOOK_S, self._renew_s, max(self._left_s(), 0))):
            if self._left_s() <= 0:
                self._give_up()
                return
            due = time.monotonic() - renewed_s >= self._renew_s
            renewed_s = time.monotonic() if due else renewed_s
            over = self._why_over(self._lease.renew if due else self._lease.look)
            if over is not None:
                self._over = over
                signal.pthread_kill(_main_thread(), signal.SIGUSR2)
                if not self._told.wait(UNHEARD_S):
                    self._give_up()
                return

    def _left_s(self) -> float:
        return self._lease.left_s + OVERSTAY_S

    def _give_up(self) -> None:
        """Call `on_stuck`, unless the story ended in the last moment."""
        with self._ending:
            if not self._has_ended:
                self._on_stuck(self._lease)

    @staticmethod
    def _why_over(ask: Callable[[], None]) -> str | None:
        """What says that the attempt is over; an answer that does not come says nothing."""
        try:
            ask()
        except RequestError as error:
            return None if error.code == "queue.unavailable" else error.code
        return None


def _main_thread() -> int:
    ident = threading.main_thread().ident
    assert ident is not None
    return ident
