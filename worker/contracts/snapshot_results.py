"""What a snapshot job gives back, as JSON: one line of `firstframe snapshots --json`."""

from typing import Literal

from worker.contracts.passes import Pick
from worker.contracts.results import (
    BoxTuple,
    ErrorInfo,
    Frozen,
    MediumInfo,
    Timings,
    Versions,
)


class FileInfo(Frozen):
    """A file that was made: `path` for commands, `url` and `key` for jobs.

    A private file has no `url` and is read by signed links only.
    """

    path: str | None
    url: str | None
    key: str | None = None
    content_type: str
    bytes: int
    sha256: str


class SnapshotInfo(FileInfo):
    """A still: asked for at `offset_ms`, it shows the frame at `pts_ms`.

    `number` counts from 1 what was asked for, or found as a candidate: a missing one has its own.
    `crop_box` is the region of the upright frame that it shows; `score` is told of candidates.
    """

    number: int
    offset_ms: int
    pts_ms: int | None
    width: int
    height: int
    crop_box: BoxTuple
    faces: int | None = None
    score: float | None = None
    flags: tuple[str, ...] = ()


class SheetInfo(FileInfo):
    """A sprite sheet: `offsets_ms` and `pts_ms` are those of its tiles, row by row.

    `pts_ms` is None for a tile whose frame is missing.
    """

    width: int
    height: int
    columns: int
    rows: int
    tile_width: int
    tile_height: int
    offsets_ms: tuple[int, ...]
    pts_ms: tuple[int | None, ...]
    tiles: tuple[SnapshotInfo, ...] = ()


class StoryboardInfo(FileInfo):
    """The WebVTT index, and the same as an HLS image playlist and a DASH thumbnail track.

    `dash` is None for sheets in a format that DASH-IF does not allow: neither JPEG nor PNG.
    """

    hls: FileInfo
    dash: FileInfo | None = None


class PreviewInfo(FileInfo):
    """The moving preview; `pieces_ms` are the times in the video that its pieces begin at.

    It has the flag `frames.missing` where it is shorter for frames that did not come.
    """

    width: int
    height: int
    duration_ms: int
    frames: int
    pieces_ms: tuple[int, ...]
    flags: tuple[str, ...] = ()


class SnapshotResult(Frozen):
    """The result of a snapshot job, or one line of `firstframe snapshots --json`.

    `missing_ms` are the offsets of stills and tiles whose frames did not come; then `flags` has
    `frames.missing`.
    """

    source: str
    status: Literal["succeeded", "failed"]
    error: ErrorInfo | None = None
    medium: MediumInfo | None = None
    pick: Pick | None = None
    snapshots: tuple[SnapshotInfo, ...] = ()
    sheets: tuple[SheetInfo, ...] = ()
    storyboard: StoryboardInfo | None = None
    preview: PreviewInfo | None = None
    candidates: tuple[SnapshotInfo, ...] = ()
    missing_ms: tuple[int, ...] = ()
    flags: tuple[str, ...] = ()
    timings_ms: Timings = Timings()
    versions: Versions | None = None

    def files(self) -> list[FileInfo]:
        """Every file that was made, in a stable order."""
        found: list[FileInfo] = [*self.snapshots, *self.candidates]
        for sheet in self.sheets:
            found += [sheet, *sheet.tiles]
        if self.storyboard:
            found += [self.storyboard, self.storyboard.hls]
            found += [self.storyboard.dash] if self.storyboard.dash else []
        return [*found, self.preview] if self.preview else found
