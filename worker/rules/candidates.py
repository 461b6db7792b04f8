"""Which of a video's sampled frames are worth being shown as its cover."""

from collections.abc import Sequence
from typing import Final, NamedTuple

# Raised with every change of a choice, and of a scorer's looks: results that were kept are then
# made anew.
CANDIDATES_VERSION: Final = 1
# Of 64 bits: prints that differ in no more look alike.
ALIKE_BITS: Final = 10
_FACES_WEIGH: Final = 0.25


class Sample(NamedTuple):
    """A judged frame; a higher score, 0 to 100, tells more, and `print` is that of its looks."""

    pts_ms: int
    score: float
    print: int


def with_faces(score: float, faces: Sequence[float]) -> float:
    """The score of a picture, 0 to 100, with those of the faces in it, 0 to 1: the best counts."""
    return round((1 - _FACES_WEIGH) * score + _FACES_WEIGH * 100 * max(faces, default=0), 1)


def alike(one: Sample, other: Sample) -> bool:
    """Whether two samples are the same frame or look the same."""
    return one.pts_ms == other.pts_ms or (one.print ^ other.print).bit_count() <= ALIKE_BITS


def with_sample(kept: Sequence[Sample], sample: Sample, most: int) -> list[Sample]:
    """The best of `kept` and a new sample: by falling score, no two alike, at most `most`.

    The one of two that are alike stays that has the better score, of equals the earlier. Told one
    sample after the other, so that only those that are kept need to be held.
    """
    better = [other for other in kept if other.score >= sample.score]
    if any(alike(sample, other) for other in better):
        return list(kept)
    worse = [other for other in kept[len(better) :] if not alike(sample, other)]
    return [*better, sample, *worse][:most]
