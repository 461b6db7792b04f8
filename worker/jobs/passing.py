"""One pass over a medium for everyone who wants frames of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from worker.contracts.passes import Wanted
from worker.errors import MediaError
from worker.jobs.finishing import Picture, claimed_size
from worker.jobs.timing import Stopwatch
from worker.ports import Frame, OpenMedium

Take: TypeAlias = Callable[[Picture | None], None]
Tell: TypeAlias = Callable[[float, int | None], None]
_OVER: Final = object()


class Demand(NamedTuple):
    """A frame that is wanted, and who takes it, or None where it does not come."""

    wanted: Wanted
    takers: tuple[Take, ...]


class Missing(NamedTuple):
    """The frames of a pass that did not come, of how many."""

    wanted: tuple[Wanted, ...]
    of: int

    def check(self, least_share: float) -> None:
        """Raises: MediaError `media.frames_missing` when a lesser share came than that.

        `media.corrupt` when nothing at all did: it is what other stories say of such a medium.
        """
        came = self.of - len(self.wanted)
        if self.wanted and not came:
            message = f"None of the wanted frames could be read, of which there are {self.of}."
            raise MediaError("media.corrupt", message, stage="decode")
        if self.wanted and came / self.of < least_share:
            raise MediaError(
                "media.frames_missing",
                f"Only {came} of {self.of} frames could be read.",
                stage="decode",
            )


def merged(demands: Iterable[Demand]) -> list[Demand]:
    """The demands by time; who wants the same frame gets it from one."""
    takers: dict[Wanted, tuple[Take, ...]] = {}
    for demand in demands:
        takers[demand.wanted] = takers.get(demand.wanted, ()) + demand.takers
    return [Demand(wanted, takers[wanted]) for wanted in sorted(takers)]


def run_pass(
    medium: OpenMedium, demands: Sequence[Demand], *, tell: Tell, watch: Stopwatch
) -> Missing:
    """Give every demand its frame, held only while it is taken.

    `tell` hears the share of the demands that are done, 0 to 1, and the time the pass has come to.
    Raises: MediaError, SourceError, and what `tell` and the takers raise.
    """
    if not demands:
        return Missing((), 0)
    missing: list[Wanted] = []
    pictures = pictures_of(medium, [demand.wanted for demand in demands], tell=tell, watch=watch)
    for demand, picture in zip(demands, pictures, strict=True):
        if picture is None:
            missing.append(demand.wanted)
        for take in demand.takers:
            take(picture)
    return Missing(tuple(missing), len(demands))


def pictures_of(
    medium: OpenMedium, wanted: Sequence[Wanted], *, tell: Tell, watch: Stopwatch
) -> Iterator[Picture | None]:
    """The wanted frames in their order; each is released when the next is asked for."""
    done = furthest_ms = 0

    def on_pass(at_ms: int) -> None:
        nonlocal furthest_ms
        furthest_ms = max(furthest_ms, at_ms)
        tell(done / len(wanted), furthest_ms)

    frames = medium.frames(wanted, on_pass=on_pass)
    for frame in _timed(frames, watch):
        if frame is None:
            yield None
        else:
            yield Picture(medium, frame, claimed_size(medium))
            medium.release(frame)
        done += 1


def _timed(frames: Iterator[Frame | None], watch: Stopwatch) -> Iterator[Frame | None]:
    while True:
        with watch.stage("decode"):
            frame = next(frames, _OVER)
        if frame is _OVER:
            return
        assert frame is None or isinstance(frame, Frame)
        yield frame
