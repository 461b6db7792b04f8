"""How many bytes of a medium were read, each counted once."""

from bisect import bisect_left, bisect_right


class Ranges:
    """Disjoint ranges of bytes, in their order; thousands of them are looked up quickly."""

    def __init__(self) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []
        self.total_bytes = 0

    def without(self, begin: int, end: int) -> int:
        """How many bytes of [begin, end) lie in no range."""
        first, last = self._touched(begin, end)
        inside = zip(self._begins[first:last], self._ends[first:last], strict=True)
        return end - begin - sum(min(e, end) - max(b, begin) for b, e in inside)

    def add(self, begin: int, end: int) -> None:
        """Count [begin, end); the ranges that it touches become one with it."""
        self.total_bytes += self.without(begin, end)
        first, last = self._touched(begin, end)
        if first < last:
            begin = min(begin, self._begins[first])
            end = max(end, self._ends[last - 1])
        self._begins[first:last] = [begin]
        self._ends[first:last] = [end]

    def _touched(self, begin: int, end: int) -> tuple[int, int]:
        """Which ranges overlap [begin, end) or lie beside it, as a range of places."""
        return bisect_left(self._ends, begin), bisect_right(self._begins, end)
