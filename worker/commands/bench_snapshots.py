"""What storyboards and candidates cost against the `ffmpeg` program and against one cover."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final, Literal, NamedTuple

from rich.console import Console
from rich.progress import Progress

from worker.commands import bench_ffmpeg
from worker.commands.bench_ffmpeg import Ffmpeg, Spent
from worker.commands.bench_ranges import FarFile, far_file
from worker.commands.bench_storyboard import Ours

FAR_S: Final = 0.020

Figure = Literal["cpu_s", "wall_s", "sent_bytes"]
Way = Callable[[], Spent]


class Against(NamedTuple):
    """Work of ours and the same work done otherwise: names of ways, and the most it may take."""

    name: str
    ours: str
    theirs: str
    figure: Figure
    asked: float | None = None


class Measured(NamedTuple):
    """Medians of a figure and of the ratios ours / theirs; None where theirs is not there."""

    name: str
    theirs: str
    figure: Figure
    ours_took: float
    theirs_took: float | None
    ratio: float | None
    asked: float | None

    @property
    def reached(self) -> bool:
        """Also where nothing could be compared, for want of the other program."""
        return self.asked is None or self.ratio is None or round(self.ratio, 3) <= self.asked


KEYS, EXACT = "100 tiles at key frames", "100 tiles at exact times"
FAR = "100 tiles at key frames, 20 ms a request"
EXACT_FAR = "100 tiles at exact times, 20 ms a request"
CANDIDATES, COVER = "10 candidates", "one cover"
BY_KEYS, BY_KEYS_FAR = "ffmpeg, all key frames", "ffmpeg, all key frames, 20 ms a request"
SAMPLED, EVERYTHING = "ffmpeg, fps filter", "ffmpeg, decoding all"
SEEKS, EXACT_SEEKS = "ffmpeg, 100 seeks to key frames", "ffmpeg, 100 exact seeks"

_WARMED: Final = (KEYS, CANDIDATES, COVER)
ROWS: Final = (
    Against(KEYS, KEYS, BY_KEYS, "cpu_s", asked=0.5),
    Against(KEYS, KEYS, SAMPLED, "cpu_s", asked=0.1),
    Against(KEYS, KEYS, SEEKS, "cpu_s", asked=0.333),
    Against(EXACT, EXACT, EVERYTHING, "cpu_s", asked=0.3),
    Against(EXACT, EXACT, EXACT_SEEKS, "cpu_s"),
    Against(FAR, FAR, BY_KEYS_FAR, "sent_bytes", asked=0.5),
    Against(FAR, FAR, BY_KEYS_FAR, "wall_s", asked=0.5),
    Against(EXACT_FAR, EXACT_FAR, BY_KEYS_FAR, "sent_bytes", asked=0.5),
    # The program has the film here, where ours is far away.
    Against(EXACT_FAR, EXACT_FAR, EVERYTHING, "wall_s", asked=0.5),
    Against(CANDIDATES, CANDIDATES, COVER, "cpu_s", asked=40),
)


def snapshot_rows(film: Path, folder: Path, rounds: int, console: Console) -> list[Measured]:
    """Every way once in every round, those of a row near each other; ours are warm."""
    with ExitStack() as held:
        far = held.enter_context(far_file(film, wait_s=FAR_S))
        ours = _ours(film, folder, far)
        theirs = _theirs(film, folder, far) if bench_ffmpeg.is_there() else {}
        ways = {**ours, **theirs}
        names = dict.fromkeys(name for row in ROWS for name in (row.theirs, row.ours))
        taken = _taken({name: ways[name] for name in names if name in ways}, rounds, console)
    return [measured(row, taken) for row in ROWS]


def _ours(film: Path, folder: Path, far: FarFile) -> dict[str, Way]:
    ours = Ours(folder, str(film))
    return {
        KEYS: partial(ours.storyboard, "nearest_key"),
        EXACT: partial(ours.storyboard, "exact"),
        FAR: partial(_counted, partial(ours.storyboard, "nearest_key", far.url), far),
        EXACT_FAR: partial(_counted, partial(ours.storyboard, "exact", far.url), far),
        CANDIDATES: ours.candidates,
        COVER: ours.cover,
    }


def _theirs(film: Path, folder: Path, far: FarFile) -> dict[str, Way]:
    here, there = Ffmpeg(str(film), folder), Ffmpeg(far.url, folder)
    return {
        BY_KEYS: here.key_frames,
        SAMPLED: here.everything_sampled,
        SEEKS: partial(here.tile_by_tile, exact=False),
        EVERYTHING: here.everything,
        EXACT_SEEKS: partial(here.tile_by_tile, exact=True),
        BY_KEYS_FAR: partial(_counted, there.key_frames, far),
    }


def _counted(way: Way, far: FarFile) -> Spent:
    """The same, with the bytes that the server has sent meanwhile."""
    far.served()
    return way()._replace(sent_bytes=far.served().sent_bytes)


def _taken(ways: dict[str, Way], rounds: int, console: Console) -> dict[str, list[Spent]]:
    taken: dict[str, list[Spent]] = {name: [] for name in ways}
    with Progress(console=console, disable=not console.is_terminal) as progress:
        work = progress.add_task("warming up", total=len(_WARMED) + rounds * len(ways))
        for name in _WARMED:
            ways[name]()
            progress.advance(work)
        for _ in range(rounds):
            for name, way in ways.items():
                progress.update(work, description=name)
                taken[name].append(way())
                progress.advance(work)
    return taken


def measured(row: Against, taken: dict[str, list[Spent]]) -> Measured:
    """A row of what was taken; the ratio is that of ways in the same round."""
    ours = [float(getattr(spent, row.figure)) for spent in taken[row.ours]]
    theirs = [float(getattr(spent, row.figure)) for spent in taken.get(row.theirs, ())]
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)] if theirs else []
    return Measured(
        name=row.name,
        theirs=row.theirs,
        figure=row.figure,
        ours_took=round(median(ours), 4),
        theirs_took=round(median(theirs), 4) if theirs else None,
        ratio=round(median(ratios), 4) if ratios else None,
        asked=row.asked,
    )
