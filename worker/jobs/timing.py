"""How long each stage of a story took."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Literal

from worker.contracts.results import Timings

Stage = Literal["open", "decode", "detect", "crop", "encode", "store"]


class Stopwatch:
    """Runs from its making; a stage entered twice counts both times, one in another not twice."""

    def __init__(self) -> None:
        self._started_s = perf_counter()
        self._spent_s: dict[Stage, float] = {}
        self._inside_s = 0.0

    @contextmanager
    def stage(self, name: Stage) -> Iterator[None]:
        """Count the block to the stage `name`, without the stages inside it."""
        entered_s, beside_s = perf_counter(), self._inside_s
        self._inside_s = 0.0
        try:
            yield
        finally:
            spent_s = perf_counter() - entered_s
            own_s = spent_s - self._inside_s
            self._spent_s[name] = self._spent_s.get(name, 0.0) + own_s
            self._inside_s = beside_s + spent_s

    def timings(self) -> Timings:
        """Milliseconds until now, to a tenth."""
        spent_ms = {name: round(spent_s * 1000, 1) for name, spent_s in self._spent_s.items()}
        return Timings(**spent_ms, total=round((perf_counter() - self._started_s) * 1000, 1))
