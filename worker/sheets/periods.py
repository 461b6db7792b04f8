"""The time that each sheet of a storyboard covers, and how players are told of it."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from worker.ports import IndexedSheet

US_PER_S: Final = 1_000_000
_US_PER_MS: Final = 1000


class Period(NamedTuple):
    """A sheet is shown from `start_us` to `end_us`, in microseconds."""

    sheet: IndexedSheet
    start_us: int
    end_us: int


def periods_of(sheets: Sequence[IndexedSheet], step_ms: float, duration_ms: int) -> list[Period]:
    """Sheet after sheet without gaps, a step for each tile, the last one until the end."""
    starts, tiles = [], 0
    for sheet in sheets:
        starts.append(microseconds(step_ms, tiles))
        tiles += len(sheet.tiles)
    ends = [*starts[1:], duration_ms * _US_PER_MS]
    return [Period(*row) for row in zip(sheets, starts, ends, strict=True)]


def microseconds(step_ms: float, steps: int) -> int:
    """How long that many steps take, rounded once."""
    return round(Fraction(step_ms) * steps * _US_PER_MS)


def seconds(us: int) -> str:
    """Decimal seconds without needless zeros: 8, 4.5, 1.428571."""
    whole, rest = divmod(us, US_PER_S)
    return f"{whole}.{rest:06}".rstrip("0").rstrip(".")
