"""Keeps a lease alive beside the attempt that holds it, and ends an attempt that overstays."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final

from worker.errors import RequestError
from worker.state.leases import Lease

# An attempt ends itself at its next stage; only one that is stuck inside a stage is ended.
OVERSTAY_S: Final = 5.0


class LeaseKeeper:
    """Renews the lease in a thread while the block runs.

    `on_overstay` is called, in the thread, when the attempt has not ended `OVERSTAY_S` after its
    deadline.
    """

    def __init__(
        self, lease: Lease, *, renew_s: float, on_overstay: Callable[[Lease], None]
    ) -> None:
        self._lease = lease
        self._renew_s = renew_s
        self._on_overstay = on_overstay
        self._ended = threading.Event()

    def __enter__(self) -> None:
        threading.Thread(target=self._keep, name="lease-keeper", daemon=True).start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()

    def _keep(self) -> None:
        held = True
        while not self._ended.wait(self._pause_s(held=held)):
            if self._left_s() <= 0:
                self._on_overstay(self._lease)
                return
            held = held and self._renewed()

    def _pause_s(self, *, held: bool) -> float:
        left_s = max(self._left_s(), 0)
        return min(self._renew_s, left_s) if held else left_s

    def _left_s(self) -> float:
        return self._lease.left_s + OVERSTAY_S

    def _renewed(self) -> bool:
        """False when the record says that the attempt is over; the story hears it from `enter`."""
        try:
            self._lease.renew()
        except RequestError as error:
            return error.code == "queue.unavailable"
        return True
