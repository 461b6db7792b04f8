"""What `firstframe snapshots` tells people of a source: what was made, or what would be."""

import re
from typing import Final

from worker.commands.telling import error_line
from worker.contracts.names import FRAMES_MISSING, SIZES_CLAIMED
from worker.contracts.plans import PlannedOutput, PlanResult
from worker.contracts.snapshot_results import FileInfo, PreviewInfo, SnapshotResult
from worker.rules.labels import FORM

_LABELLED: Final = re.compile(rf"-(?:{FORM.pattern})\.[a-z0-9]+$")


def snapshot_line(result: SnapshotResult) -> str:
    """`clip.mp4 -> out/clip-*: 5 snapshots, 1 sheet of 25 tiles, storyboard (812 ms)`."""
    return error_line(result) or _made(result)


def _made(result: SnapshotResult) -> str:
    tiles = sum(len(sheet.offsets_ms) for sheet in result.sheets)
    made = (
        _some(len(result.snapshots), "snapshot"),
        _some(len(result.candidates), "candidate"),
        result.sheets and f"{_some(len(result.sheets), 'sheet')} of {_some(tiles, 'tile')}",
        "storyboard" if result.storyboard else "",
        _preview(result.preview),
        _missing(result.missing_ms),
    )
    told = ", ".join(part for part in made if part)
    where = _where(result.files())
    return f"{result.source} -> {where}: {told} ({result.timings_ms.total:.0f} ms)"


def plan_line(result: PlanResult | SnapshotResult) -> str:
    """`clip.mp4: 640x360, 12.0 s; reads 1.2 MB, decodes 310 frames, 4 jumps; makes …`."""
    if isinstance(result, SnapshotResult):
        return error_line(result) or result.source
    medium, cost = result.medium, result.forecast
    duration_ms = result.timeline.duration_ms
    long = "" if duration_ms is None else f", {duration_ms / 1000:.1f} s"
    reads = "an unknown size" if cost.bytes is None else f"{cost.bytes / 1e6:.1f} MB"
    outputs = ", ".join(map(_output, result.outputs))
    return (
        f"{result.source}: {medium.width}x{medium.height}{long}; reads {reads}, decodes"
        f" {_some(cost.frames, 'frame')}, {_some(cost.seeks, 'jump') or 'no jump'};"
        f" makes {outputs}{_doubt(result.flags)}"
    )


def _doubt(flags: tuple[str, ...]) -> str:
    return ", if it is not rotated: its beginning is damaged" if SIZES_CLAIMED in flags else ""


def _output(output: PlannedOutput) -> str:
    size = f" {output.width}x{output.height}" if output.width and output.height else ""
    return f"{_some(output.count, output.kind)}{size} {output.format}"


def _some(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}" if number else ""


def _preview(preview: PreviewInfo | None) -> str:
    if preview is None:
        return ""
    return "preview, frames of it missing" if FRAMES_MISSING in preview.flags else "preview"


def _missing(missing_ms: tuple[int, ...]) -> str:
    if not missing_ms:
        return ""
    told = ", ".join(f"{offset_ms / 1000:.3f} s" for offset_ms in missing_ms[:3])
    more = ", …" if len(missing_ms) > 3 else ""
    return f"{_some(len(missing_ms), 'frame')} missing (at {told}{more})"


def _where(files: list[FileInfo]) -> str:
    """A file's path, or what the paths of several begin with."""
    paths = [file.path for file in files if file.path]
    return paths[0] if len(paths) == 1 else _LABELLED.sub("-*", paths[0])
