"""Time that is spent only while something is being fetched."""

from time import monotonic
from types import TracebackType


class Stopwatch:
    """A budget of seconds that runs inside `with`, nested or not, and stands still outside."""

    def __init__(self, limit_s: float) -> None:
        self._left_s = limit_s
        self._started_s: float | None = None
        self._depth = 0

    def __enter__(self) -> "Stopwatch":
        if self._depth == 0:
            self._started_s = monotonic()
        self._depth += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._left_s = self.left_s
            self._started_s = None

    @property
    def left_s(self) -> float:
        """Seconds that remain; zero or less when the budget is used up."""
        if self._started_s is None:
            return self._left_s
        return self._left_s - (monotonic() - self._started_s)
