"""The most memory that a slot's processes take for the storyboard of a long film."""

from pathlib import Path
from typing import Final, NamedTuple

from worker.commands.bench_films import Films
from worker.commands.bench_storyboard import storyboard_recipe
from worker.commands.orders import Order
from worker.commands.processes import children_of, peak_rss_mib
from worker.commands.slots import Child
from worker.commands.works import Work

MOST_MIB: Final = 300
MOST_GROWTH: Final = 1.1
TOGETHER: Final = "together"


class Peak(NamedTuple):
    """The most resident MiB of a process, after ten minutes of film and after two hours."""

    process: str
    short_mib: float
    long_mib: float

    @property
    def growth(self) -> float:
        return self.long_mib / self.short_mib

    @property
    def reached(self) -> bool:
        """Asked of the processes of a slot together."""
        within = self.long_mib <= MOST_MIB and round(self.growth, 2) <= MOST_GROWTH
        return within or self.process != TOGETHER


def peaks(films: Films, folder: Path) -> list[Peak]:
    """A storyboard of each film, exact frames, in fresh processes of its own."""
    short, long = (_peaks_mib(film, folder) for film in (films.short, films.long))
    return [Peak(name, short[name], long[name]) for name in short]


def _peaks_mib(film: Path, folder: Path) -> dict[str, float]:
    others = set(children_of())
    child = Child(Work("snapshot", storyboard_recipe("exact"), folder))
    try:
        (story,) = set(children_of()) - others
        child.tell(Order(str(film), "peak"), without_faces=False)
        result = next(value for word, value in child.answers() if word == "result")
        if result["status"] != "succeeded":
            raise SystemExit(f"the storyboard was not made: {result['error']}")
        (decoding,) = children_of(story)
        found = {"story": peak_rss_mib(story), "decode child": peak_rss_mib(decoding)}
    finally:
        child.close()
    return {**found, TOGETHER: sum(found.values())}
