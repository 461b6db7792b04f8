"""What a fake was asked, in order, and what came of it."""

import time
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Entry:
    """One call; `at_s` is the time it came (Unix), `status` 0 stands for a connection reset."""

    number: int
    at_s: float
    call: str
    target: str = ""
    account: str = ""
    effect: str | None = None
    status: int | None = None
    fault: str = ""
    code: str = ""


@dataclass(frozen=True)
class Change:
    """One write that took effect; `net` is False where it changed nothing."""

    target: str
    before: str | None
    after: str | None
    at_s: float
    number: int
    account: str

    @property
    def net(self) -> bool:
        return self.before != self.after


class Journal:
    """Every call in the order it came, every change in the order it took effect."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.writes: list[Change] = []

    def opened(self, call: str, target: str) -> Entry:
        entry = Entry(len(self.entries) + 1, time.time(), call, target)
        self.entries.append(entry)
        return entry

    def wrote(self, entry: Entry, before: str | None, after: str | None) -> None:
        """A write of this call took effect on its target."""
        entry.effect = after
        self.writes.append(
            Change(entry.target, before, after, time.time(), entry.number, entry.account)
        )

    def told(self, call: str | None = None) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self.entries if call in (None, entry.call)]

    def changes(self, target: str | None = None, *, net: bool = True) -> list[dict[str, Any]]:
        """Net changes of a target, or all its writes, in the order they took effect."""
        return [
            asdict(write)
            for write in self.writes
            if target in (None, write.target) and (write.net or not net)
        ]

    def clear(self) -> None:
        self.entries.clear()
        self.writes.clear()
