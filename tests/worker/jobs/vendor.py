"""A vendor that lives in memory: shows what it was told last, and fails as vendors fail."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from worker.contracts.targets import CoverTarget
from worker.errors import CoverError, ProviderError, StorageError
from worker.ports.recording import CoverCopy, Receipt, Shown

# What may become of a call; `late` takes effect some time after the caller gave up, and of what is
# `unreadable` in the store nothing was sent. Beside these `ignored` is a success without an effect.
REFUSED = ("refused", "throttled", "denied", "unreadable")
UNSURE = ("lost before", "lost after", "late")
FAULTS = (*REFUSED, *UNSURE)


class Vendor:
    """Takes the address of a cover for an asset, as a provider's adapter sees it.

    One that `remakes` shows another address for it, as long as it `changes_any`, and tells nobody
    before. What is shown cannot be read for `hidden` times; `stale` is shown instead, while it is
    set.
    """

    def __init__(self, *, reads_back: bool = True, remakes: bool = False) -> None:
        self.reads_back, self.remakes = reads_back, remakes
        self.changes_any = remakes
        self.timeout_s = 15.0
        self.faults: deque[str] = deque()
        self.read_faults: deque[str] = deque()
        self.shown: str | None = None
        self.stale: str | None = None
        self.hidden = 0
        self.changes: list[str] = []
        self.writes = self.reads = 0
        self._floating: list[str] = []

    def record(self, target: CoverTarget, copy: CoverCopy) -> Receipt:
        self.writes += 1
        assert copy.cover.url is not None
        fault = self.faults.popleft() if self.faults else ""
        if fault in ("", "lost after"):
            self._show(copy.cover.url)
        elif fault == "late":
            self.float(copy)
        if fault and fault != "ignored":
            raise _error(fault)
        return Receipt(f"request-{self.writes}", None if self.remakes else copy.cover.url)

    def read(self, target: CoverTarget) -> Shown | None:
        if not self.reads_back:
            return None
        self.reads += 1
        if self.read_faults:
            raise _error(self.read_faults.popleft())
        if self.hidden:
            self.hidden -= 1
            return None
        if self.stale:
            return Shown(self.stale)
        return Shown(f"{self.shown}?remade" if self.shown and self.changes_any else self.shown)

    def shows(
        self, shown: Shown, copy: CoverCopy, target: CoverTarget, reference: str | None
    ) -> bool:
        if shown.reference is None:
            return False
        return shown.reference in (copy.cover.url, reference if self.remakes else None)

    def would_send(self, target: CoverTarget, cover: Any) -> Mapping[str, Any]:
        return {"url": cover.url}

    def float(self, copy: CoverCopy) -> None:
        """Keep a write that takes effect when it `lands`."""
        assert copy.cover.url is not None
        self._floating.append(copy.cover.url)

    def lands(self) -> None:
        """Carry out the writes that are still on their way."""
        floating, self._floating = self._floating, []
        for url in floating:
            self._show(url)

    def _show(self, url: str) -> None:
        if url != self.shown:
            self.shown = url
            self.changes.append(url)


def _error(fault: str) -> CoverError:
    if fault == "unreadable":
        return StorageError("storage.unavailable")
    if fault == "throttled":
        return ProviderError("provider.throttled", delay_s=3)
    if fault in REFUSED:
        code = "provider.rejected" if fault == "refused" else "provider.unavailable"
        return ProviderError(code)
    return ProviderError("provider.unavailable", unsure=True)
