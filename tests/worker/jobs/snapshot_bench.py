"""A snapshot story with the real adapters, a destination in memory, an attempt that remembers."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from worker import registry
from worker.contracts.results import Versions
from worker.contracts.snapshot_results import FileInfo, SnapshotResult
from worker.contracts.snapshots import SnapshotRecipe
from worker.decoders.pyav import PyavDecoder
from worker.detectors.none import NoDetector
from worker.errors import RequestError, StorageError
from worker.jobs.snapshot import SnapshotStory
from worker.ports import Decoder, FaceDetector, Output, Placed
from worker.sources.local import LocalReader, LocalSource

MIB = 1024 * 1024
VERSIONS = Versions(firstframe="1", av="2", mediapipe="3", model="4")


class Album:
    """A destination in memory, told by name; `room` is how many files it takes."""

    def __init__(self, room: int = 10_000) -> None:
        self.room = room
        self.files: dict[str, bytes] = {}

    def put(self, data: bytes, output: Output) -> Placed:
        if len(self.files) == self.room:
            raise StorageError("storage.full")
        assert output.folder == "snapshots"
        name = f"{output.label}.{output.extension}"
        self.files[name] = data
        return Placed(path=name)

    def reference(self, placed: Placed) -> str:
        return f"beside/{placed.path}"

    def picture(self, told: FileInfo) -> Image.Image:
        """A file that a result tells, as a picture."""
        assert told.path is not None
        return Image.open(BytesIO(self.files[told.path])).convert("RGB")


class Log:
    """An attempt that remembers what it was told, and is cancelled when told so much."""

    def __init__(self, over_at: str | None = None, most_percent: float = 101) -> None:
        self.over_at, self.most_percent = over_at, most_percent
        self.stages: list[str] = []
        self.told: list[tuple[float, int | None]] = []

    def enter(self, stage: str) -> None:
        self.stages.append(stage)
        if stage == self.over_at:
            raise RequestError("job.cancelled")

    def progress(self, percent: float, at_ms: int | None = None) -> None:
        self.told.append((percent, at_ms))
        if percent >= self.most_percent:
            raise RequestError("job.cancelled")


def opener(path: Path) -> Callable[[], LocalReader]:
    return lambda: LocalSource(max_bytes=256 * MIB).open(path)


def adapters(table: dict[str, str]) -> dict[str, Any]:
    return {name: registry.load(table, name)() for name in table}


def story(
    *,
    decoder: Decoder | None = None,
    detector: FaceDetector | None = None,
    least_share: float = 0.5,
) -> SnapshotStory:
    return SnapshotStory(
        decoder=decoder or PyavDecoder(),
        detector=detector or NoDetector(),
        encoders=adapters(registry.ENCODERS),
        sheets=registry.load(registry.SHEETS, "sprite")(),
        indexes=adapters(registry.INDEXES),
        animators=adapters(registry.ANIMATORS),
        scorer=registry.load(registry.SCORERS, "telling")(),
        detect_short_px=256,
        max_bytes=256 * MIB,
        least_share=least_share,
        versions=VERSIONS,
    )


def told(
    path: Path,
    *,
    by: SnapshotStory | None = None,
    without_faces: bool = False,
    **wanted: Any,
) -> tuple[SnapshotResult, Album]:
    """What a story tells of a recipe, and where the files are; pictures are PNG unless said."""
    album = Album()
    result = (by or story()).run(
        SnapshotRecipe(**{"format": "png", **wanted}),
        open_source=opener(path),
        destination=album,
        attempt=Log(),
        without_faces=without_faces,
    )
    return result, album
