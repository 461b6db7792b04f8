"""Stills: frames cut to the shape that is asked for, encoded and put as they come."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from worker.contracts.passes import Pick, Wanted
from worker.contracts.snapshot_results import SnapshotInfo
from worker.contracts.snapshots import SnapshotRecipe
from worker.jobs.files import Files
from worker.jobs.finishing import Picture
from worker.jobs.looking import Eyes, Looked
from worker.jobs.passing import Demand
from worker.rules.framing import Framing, follows_faces, framing
from worker.rules.labels import Numbered, numbered


class EncodedStill(NamedTuple):
    """An encoded snapshot that is not put yet; `faces` counts them where somebody looked."""

    offset_ms: int
    pts_ms: int | None
    data: bytes
    framing: Framing
    faces: int | None
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Easel:
    """Draws snapshots in the shape of a recipe; looks for faces where they decide it."""

    recipe: SnapshotRecipe
    eyes: Eyes
    files: Files

    def draw(self, picture: Picture, offset_ms: int, looked: Looked | None = None) -> EncodedStill:
        """Cut and encode a picture; `looked` is what was seen in it already."""
        if looked is None and follows_faces(self.recipe):
            looked = self.eyes.look(picture)
        framed = framing(self.recipe, picture.size, looked.faces if looked else ())
        with self.files.watch.stage("crop"):
            view = picture.medium.view(picture.frame, framed.box, *framed.pixels)
        return EncodedStill(
            offset_ms,
            picture.frame.pts_ms,
            self.files.encoded(view),
            framed,
            None if looked is None or looked.flags else len(looked.faces),
            (*picture.frame.flags, *(looked.flags if looked else ())),
        )

    def put(
        self, drawn: EncodedStill, kind: Numbered, number: int, *, score: float | None = None
    ) -> SnapshotInfo:
        """Put a drawn snapshot and tell it. Raises: StorageError."""
        return SnapshotInfo(
            **self.files.put_picture(drawn.data, numbered(kind, number)).model_dump(),
            number=number,
            offset_ms=drawn.offset_ms,
            pts_ms=drawn.pts_ms,
            width=drawn.framing.pixels.width,
            height=drawn.framing.pixels.height,
            crop_box=drawn.framing.box,
            faces=drawn.faces,
            score=score,
            flags=drawn.flags,
        )


@dataclass
class Stills:
    """The snapshots at times that were asked for."""

    easel: Easel
    offsets_ms: tuple[int, ...]
    infos: list[SnapshotInfo] = field(default_factory=list)

    def demands(self, pick: Pick) -> Iterator[Demand]:
        for number, offset_ms in enumerate(self.offsets_ms, start=1):
            take = partial(self._take, number, offset_ms)
            yield Demand(Wanted(offset_ms, pick), (take,))

    def _take(self, number: int, offset_ms: int, picture: Picture | None) -> None:
        if picture is not None:
            drawn = self.easel.draw(picture, offset_ms)
            self.infos.append(self.easel.put(drawn, "snapshot", number))
