"""A row of the bench that is asked to stay below something."""

from typing import NamedTuple


class Row(NamedTuple):
    """Something measured; `asked` is the most it may be."""

    name: str
    measured: float
    asked: float | None = None

    @property
    def reached(self) -> bool:
        """To a tenth: what else goes on meanwhile is counted in part."""
        return self.asked is None or round(self.measured, 1) <= self.asked
