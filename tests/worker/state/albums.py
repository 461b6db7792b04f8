"""Results of snapshots, with a file of every kind."""

from typing import Any

from worker.contracts.snapshot_results import (
    FileInfo,
    PreviewInfo,
    SheetInfo,
    SnapshotInfo,
    SnapshotResult,
    StoryboardInfo,
)


def file(number: int) -> dict[str, Any]:
    return {
        "path": None,
        "url": None,
        "key": f"snapshots/aa/{number}.bin",
        "content_type": "image/jpeg",
        "bytes": 1,
        "sha256": "0" * 64,
    }


def still(number: int) -> SnapshotInfo:
    return SnapshotInfo(
        **file(number),
        number=number + 1,
        offset_ms=number,
        pts_ms=0,
        width=1,
        height=1,
        crop_box=(0, 0, 1, 1),
    )


def album() -> SnapshotResult:
    """A result with files 0 to 8, one of every kind."""
    sheet = SheetInfo(
        **file(3),
        **dict.fromkeys(("width", "height", "columns", "rows", "tile_width", "tile_height"), 1),
        offsets_ms=(0,),
        pts_ms=(0,),
        tiles=(still(4),),
    )
    return SnapshotResult(
        source="a.mp4",
        status="succeeded",
        snapshots=(still(0), still(1)),
        candidates=(still(2),),
        sheets=(sheet,),
        storyboard=StoryboardInfo(**file(5), hls=FileInfo(**file(6)), dash=FileInfo(**file(7))),
        preview=PreviewInfo(**file(8), width=1, height=1, duration_ms=1, frames=1, pieces_ms=(0,)),
    )
