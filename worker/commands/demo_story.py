"""The demo's storyboard, moving preview and candidates: made over HTTP, read back from the files.

Every frame of the film shows its number, so the pictures themselves tell when they are.
"""

import re
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx2

from worker.commands.demo_fetch import fetch, finished
from worker.commands.demo_film import DURATION_MS, shown_ms
from worker.contracts.snapshot_results import FileInfo, SnapshotResult

WANTED: Final[dict[str, Any]] = {
    "sprite": {"columns": 4, "rows": 3, "tile_width": 160},
    "storyboard": True,
    "preview": {"duration_s": 3.0, "width": 320, "format": "webp"},
    "candidates": 4,
}
TILES: Final = 12
TILE: Final = (160, 90)
_CUE: Final = re.compile(r"^(\S+) --> (\S+)\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)$", re.MULTILINE)


class Story(NamedTuple):
    """What was made of a film, as files beside each other as they are in the store."""

    result: SnapshotResult
    sheet: Path
    vtt: Path
    preview: Path
    candidates: tuple[Path, ...]


class Cue(NamedTuple):
    """A line of the index: from when to when which box of which sheet is shown; times in ms."""

    start_ms: int
    end_ms: int
    sheet: str
    box: tuple[int, int, int, int]


def tell_story(client: httpx2.Client, film: Path, folder: Path) -> tuple[Story | None, list[str]]:
    """Upload the film, fetch all that is made of it into `folder`; gives what is wrong, too."""
    answer = client.post("/v1/uploads", content=film.read_bytes()).raise_for_status()
    job = finished(
        client, "/v1/snapshots", {"source": {"upload": answer.json()["upload"]}, **WANTED}
    )
    if job["status"] != "succeeded":
        return None, [f"snapshots: {job['status']}: {job['error']}"]
    result = SnapshotResult.model_validate(job["result"])
    kept: dict[str, Path] = {}
    mistakes = []
    for told in result.files():
        path, wrong = fetch(client, told, folder / str(told.key))
        kept[str(told.key)] = path
        mistakes += [f"{path.name}: {text}" for text in wrong]
    assert result.storyboard is not None
    assert result.preview is not None

    def path_of(told: FileInfo) -> Path:
        return kept[str(told.key)]

    story = Story(
        result,
        sheet=path_of(result.sheets[0]),
        vtt=path_of(result.storyboard),
        preview=path_of(result.preview),
        candidates=tuple(map(path_of, result.candidates)),
    )
    return story, mistakes + check_story(story)


def story_note(story: Story | None) -> str:
    """One line of what was made."""
    if story is None:
        return "no storyboard"
    made = story.result
    frames = made.preview.frames if made.preview else 0
    tiles = sum(len(sheet.offsets_ms) for sheet in made.sheets)
    return (
        f"a storyboard of {tiles} tiles, a preview of {frames} frames,"
        f" {len(made.candidates)} candidates, {made.timings_ms.total:.0f} ms"
    )


def check_story(story: Story) -> list[str]:
    """What is not right about the sheet, its index, the preview and the candidates."""
    cues = cues_of(story.vtt.read_text(encoding="utf-8"))
    return [
        *(f"storyboard: {text}" for text in (*_wrong_cues(cues), *_wrong_tiles(story, cues))),
        *(f"preview: {text}" for text in _wrong_preview(story)),
        *(f"candidates: {text}" for text in _wrong_candidates(story)),
    ]


def cues_of(text: str) -> list[Cue]:
    """The cues of a WebVTT index of thumbnails."""
    return [
        Cue(_ms(start), _ms(end), sheet, (int(x), int(y), int(width), int(height)))
        for start, end, sheet, x, y, width, height in _CUE.findall(text)
    ]


def _ms(text: str) -> int:
    hours, minutes, seconds = text.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + round(float(seconds) * 1000)


def _wrong_cues(cues: list[Cue]) -> list[str]:
    """One cue a tile, each from the end of the one before, the last to the film's end."""
    starts = [cue.start_ms for cue in cues]
    wrong = [] if len(cues) == TILES else [f"{len(cues)} cues, not {TILES}"]
    if [0, *(cue.end_ms for cue in cues)] != [*starts, DURATION_MS]:
        wrong.append(f"the cues leave gaps: {cues}")
    return wrong


def _wrong_tiles(story: Story, cues: list[Cue]) -> list[str]:
    """The index followed as a player does: each cue's tile shows the cue's start."""
    from PIL import Image

    wrong = []
    told = story.result.sheets[0]
    with Image.open(story.sheet) as file:
        sheet = file.convert("RGB")
    if sheet.size != (told.columns * TILE[0], told.rows * TILE[1]):
        wrong.append(f"the sheet is {sheet.size}")
    for cue in cues:
        left, top, width, height = cue.box
        if (story.vtt.parent / cue.sheet).resolve() != story.sheet.resolve():
            wrong.append(f"the index names {cue.sheet}, which is not the sheet")
        elif (width, height) != TILE:
            wrong.append(f"a tile is {width} x {height}")
        elif (ms := shown_ms(sheet.crop((left, top, left + width, top + height)))) != cue.start_ms:
            wrong.append(f"the tile of {cue.start_ms} ms shows {ms} ms")
    return wrong


def _wrong_preview(story: Story) -> list[str]:
    """It moves, through the pieces that were told, in the order of the film."""
    shown = [shown_ms(frame) for frame in frames_of(story.preview)]
    told = story.result.preview
    assert told is not None
    wrong = []
    if len(shown) != told.frames or len(set(shown)) < 10:
        wrong.append(f"{len(set(shown))} different frames in {len(shown)}, told {told.frames}")
    if shown != sorted(shown) or not set(told.pieces_ms) <= set(shown):
        wrong.append(f"its frames are those of {shown} ms, told {told.pieces_ms}")
    return wrong


def frames_of(preview: Path) -> list[Any]:
    """The frames of an animation as Pillow images, RGB."""
    from PIL import Image, ImageSequence

    with Image.open(preview) as moving:
        return [frame.convert("RGB") for frame in ImageSequence.Iterator(moving)]


def _wrong_candidates(story: Story) -> list[str]:
    from PIL import Image

    told = [candidate.pts_ms for candidate in story.result.candidates]
    shown = []
    for path in story.candidates:
        with Image.open(path) as picture:
            shown.append(shown_ms(picture))
    wrong = [] if shown == told else [f"they show {shown} ms, told {told}"]
    if not 1 < len(set(shown)) == len(shown):
        wrong.append(f"there are {len(shown)}, at {shown} ms")
    return wrong
