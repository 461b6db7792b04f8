"""The CPU time of a cover made the plain way and made by us, on the same medium."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from worker import wiring
from worker.commands.bench_media import BenchMedia
from worker.commands.processes import children_of, cpu_s
from worker.contracts.requests import Recipe
from worker.jobs.cover import CoverStory
from worker.settings import Settings

SIZE_PX: Final = 512


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


def comparisons(media: BenchMedia, folder: Path) -> list[Comparison]:
    """Plain PyAV or Pillow without face detection against our story with it."""
    settings = Settings()
    story = CoverStory(*wiring.cover_parts(settings))
    recipe = Recipe(sizes=[SIZE_PX])

    def ours(path: Path) -> None:
        story.run(
            recipe,
            open_source=partial(wiring.open_argument, settings, str(path)),
            destination=wiring.folder_destination(folder, "ours"),
            attempt=CommandAttempt(),
        )

    return [
        Comparison(name, partial(_cpu_ms, plain, path, folder), partial(_cpu_ms, ours, path), asked)
        for name, plain, path, asked in (
            ("H.264 1080p, PyAV", plain_pyav, media.clip, 2.3),
            ("JPEG 12 MP, PyAV", plain_pyav, media.photo, 5.0),
            ("JPEG 12 MP, Pillow", plain_pillow, media.photo, None),
        )
    ]


def _cpu_ms(work: Callable[..., None], *arguments: Path) -> float:
    """CPU time of this process and its children while `work` runs."""
    children = children_of()
    before = time.process_time() + sum(map(cpu_s, children))
    work(*arguments)
    return (time.process_time() + sum(map(cpu_s, children)) - before) * 1000


def plain_pyav(path: Path, folder: Path) -> None:
    """A centre cover as PyAV's documentation shows it: decode, to_image, Pillow."""
    import av

    with av.open(str(path)) as container:
        frame: Any = next(container.decode(video=0))
        image = frame.to_image()
    _plain_cover(image, folder)


def plain_pillow(path: Path, folder: Path) -> None:
    """A centre cover of a photo by Pillow."""
    from PIL import Image

    with Image.open(path) as image:
        _plain_cover(image.convert("RGB"), folder)


def _plain_cover(image: Any, folder: Path) -> None:
    from PIL import Image, ImageOps

    cover = ImageOps.fit(image, (SIZE_PX, SIZE_PX), Image.Resampling.LANCZOS)
    cover.save(folder / "plain.jpg", quality=85)
