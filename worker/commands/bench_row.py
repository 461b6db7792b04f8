"""A row of the bench that is asked to stay below something, or above."""

from typing import NamedTuple


class Row(NamedTuple):
    """Something measured; `asked` is the most it may be, `least` the least."""

    name: str
    measured: float
    asked: float | None = None
    least: float | None = None

    @property
    def reached(self) -> bool:
        """To a tenth: what else goes on meanwhile is counted in part."""
        measured = round(self.measured, 1)
        is_enough = self.least is None or measured >= self.least
        return is_enough and (self.asked is None or measured <= self.asked)
