"""The CPU time of a cover made the plain way and made by us, on the same medium."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from worker import wiring
from worker.commands.bench_media import BenchMedia
from worker.commands.bench_plain import SIZE_PX, PlainProcess
from worker.commands.processes import children_of, cpu_s
from worker.contracts.requests import Recipe
from worker.jobs.cover import CoverStory
from worker.settings import Settings


class Comparison(NamedTuple):
    """Two ways to one cover, each giving its CPU milliseconds; `asked` is the least ratio."""

    name: str
    theirs: Callable[[], float]
    ours: Callable[[], float]
    asked: float | None


class CommandAttempt:
    """An attempt that nothing can end from outside."""

    def enter(self, stage: str) -> None:
        """Nobody asks for the stage."""

    def progress(self, percent: float, at_ms: int | None = None) -> None:
        """Nobody asks how far it is."""


def comparisons(media: BenchMedia, folder: Path) -> list[Comparison]:
    """Plain PyAV or Pillow without face detection against our story with it."""
    settings = Settings()
    story = CoverStory(*wiring.cover_parts(settings))
    recipe = Recipe(sizes=[SIZE_PX])

    def ours(path: Path) -> None:
        with wiring.folder_destination(folder, "ours") as destination:
            story.run(
                recipe,
                open_source=partial(wiring.open_argument, settings, str(path)),
                destination=destination,
                attempt=CommandAttempt(),
            )

    plain = PlainProcess(folder)
    return [
        Comparison(name, partial(plain.cpu_ms, library, path), partial(_cpu_ms, ours, path), asked)
        for name, library, path, asked in (
            ("H.264 1080p, PyAV", "pyav", media.clip, 2.3),
            ("JPEG 12 MP, PyAV", "pyav", media.photo, 5.0),
            ("JPEG 12 MP, Pillow", "pillow", media.photo, None),
        )
    ]


def _cpu_ms(work: Callable[[Path], None], medium: Path) -> float:
    """CPU time of this process and its children while `work` runs."""
    children = children_of()
    before_s = time.process_time() + sum(map(cpu_s, children))
    work(medium)
    return (time.process_time() + sum(map(cpu_s, children)) - before_s) * 1000
