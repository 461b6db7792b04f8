"""When an album is looked at again."""

from typing import Final

_JITTER: Final = 0.1
# An album that cannot be read is looked at ever more seldom, but at least this often.
_LONGEST_S: Final = 3600.0
_MOST_DOUBLINGS: Final = 12


def look_delay_s(
    every_s: float, *, failures: int = 0, asked_s: float | None = None, draw: float
) -> float:
    """Seconds until the next look: `every_s` with 10 % of jitter; `draw` is random in [0, 1).

    After failures in a row it doubles for each, up to an hour, or is what the other side asked for
    where that is longer, up to an hour too.
    """
    longest_s = max(every_s, _LONGEST_S)
    planned_s = min(every_s * 2.0 ** min(failures, _MOST_DOUBLINGS), longest_s)
    planned_s = max(planned_s, min(asked_s or 0.0, longest_s))
    return planned_s * (1 + _JITTER * (2 * draw - 1))
