"""How long each stage of a story took."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Literal

from worker.contracts.results import Timings

Stage = Literal["open", "decode", "detect", "crop", "encode", "store"]


class Stopwatch:
    """Runs from its making; a stage entered twice counts both times."""

    def __init__(self) -> None:
        self._started_s = perf_counter()
        self._spent_s: dict[Stage, float] = {}

    @contextmanager
    def stage(self, name: Stage) -> Iterator[None]:
        """Count the block to the stage `name`."""
        entered_s = perf_counter()
        try:
            yield
        finally:
            self._spent_s[name] = self._spent_s.get(name, 0.0) + perf_counter() - entered_s

    def timings(self) -> Timings:
        """Milliseconds until now, to a tenth."""
        spent_ms = {name: round(spent_s * 1000, 1) for name, spent_s in self._spent_s.items()}
        return Timings(**spent_ms, total=round((perf_counter() - self._started_s) * 1000, 1))
