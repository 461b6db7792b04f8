"""The indexes of a storyboard: from the sheets that were put to what players read."""

from collections.abc import Mapping, Sequence

from worker.contracts.snapshot_results import FileInfo, SheetInfo, StoryboardInfo
from worker.geometry.grid import Grid
from worker.geometry.shapes import Size
from worker.jobs.files import Files
from worker.ports import IndexedSheet, Placed, StoryboardIndex, Tile
from worker.rules.labels import STORYBOARD


def put_storyboard(
    indexes: Mapping[str, StoryboardIndex],
    sheets: Sequence[SheetInfo],
    *,
    step_ms: float,
    duration_ms: int,
    files: Files,
) -> StoryboardInfo:
    """Put an index of each form that takes the sheets. Raises: StorageError."""
    indexed = [_indexed(sheet, files) for sheet in sheets]

    def put(form: str) -> FileInfo:
        index = indexes[form]
        data = index.render(indexed, step_ms=step_ms, duration_ms=duration_ms)
        return files.put(data, STORYBOARD, index.extension, index.content_type)

    takes_dash = indexes["dash"].takes(sheets[0].content_type)
    dash = put("dash") if takes_dash else None
    return StoryboardInfo(**put("webvtt").model_dump(), hls=put("hls"), dash=dash)


def _indexed(sheet: SheetInfo, files: Files) -> IndexedSheet:
    placed = Placed(path=sheet.path, url=sheet.url, key=sheet.key)
    tiles = zip(sheet.offsets_ms, sheet.pts_ms, strict=True)
    return IndexedSheet(
        reference=files.destination.reference(placed),
        content_type=sheet.content_type,
        size_bytes=sheet.bytes,
        grid=Grid(sheet.columns, sheet.rows, Size(sheet.tile_width, sheet.tile_height)),
        tiles=tuple(Tile(offset_ms, pts_ms is None) for offset_ms, pts_ms in tiles),
    )
