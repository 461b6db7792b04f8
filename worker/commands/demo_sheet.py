"""The demo's contact sheet: media beside their covers, a film told in tiles, covers at vendors."""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from worker.commands.demo_board import draw_story, story_section
from worker.commands.demo_player import STYLE
from worker.commands.demo_recorded import Recorded
from worker.commands.demo_recorded_board import draw_recorded, recorded_section
from worker.commands.demo_story import Story
from worker.contracts.results import CoverResult

CELL_PX: Final = 256
GAP_PX: Final = 16
TEXT_PX: Final = 40
COLUMNS: Final = 4
FACE_COLOUR: Final = (255, 196, 0)
CROP_COLOUR: Final = (0, 200, 120)


class Row(NamedTuple):
    """One medium: its whole frame and its cover as files, or the error its job ended with."""

    title: str
    result: CoverResult | None
    frame: Path | None
    cover: Path | None
    note: str
    job: str


def write_sheet(
    rows: list[Row], story: Story | None, folder: Path, covers: Sequence[Recorded] = ()
) -> tuple[Path, Path]:
    """Write `contact-sheet.html` and `contact-sheet.png`; returns their paths."""
    page, picture = folder / "contact-sheet.html", folder / "contact-sheet.png"
    for row in rows:
        if row.frame and row.result:
            _framed(row.frame, row.result).save(_boxes(row.frame))
    _draw(rows, story, covers).save(picture, optimize=True)
    page.write_text(_page(rows, story, folder, covers), encoding="utf-8")
    return page, picture


def _draw(rows: list[Row], story: Story | None, covers: Sequence[Recorded]) -> Any:
    """Two media a line: frame, cover, frame, cover; below them the story and what was recorded."""
    from PIL import Image

    lines = (len(rows) + 1) // 2
    width = GAP_PX + COLUMNS * (CELL_PX + GAP_PX)
    height = GAP_PX + lines * (CELL_PX + TEXT_PX + GAP_PX)
    boards = [draw_story(story, width - 2 * GAP_PX, GAP_PX)] if story else []
    boards += [draw_recorded(cover, width - 2 * GAP_PX, GAP_PX) for cover in covers]
    sheet = Image.new("RGB", (width, height + sum(board.height for board in boards)), "white")
    for board in boards:
        sheet.paste(board, (GAP_PX, height))
        height += board.height
    for number, row in enumerate(rows):
        left = GAP_PX + (number % 2) * 2 * (CELL_PX + GAP_PX)
        top = GAP_PX + (number // 2) * (CELL_PX + TEXT_PX + GAP_PX)
        _draw_row(sheet, row, left, top)
    return sheet


def _draw_row(sheet: Any, row: Row, left: int, top: int) -> None:
    from PIL import Image, ImageDraw, ImageFont

    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    if row.frame and row.cover and row.result:
        sheet.paste(_framed(row.frame, row.result), (left, top))
        with Image.open(row.cover) as cover:
            sheet.paste(cover.resize((CELL_PX, CELL_PX)), (left + CELL_PX + GAP_PX, top))
    else:
        draw.rectangle((left, top, left + 2 * CELL_PX + GAP_PX, top + CELL_PX), fill="#eeeeee")
        draw.text((left + 12, top + CELL_PX // 2 - 8), row.note, fill="#a02020", font=font)
    draw.text((left, top + CELL_PX + 4), row.title, fill="black", font=font)
    if row.cover:
        draw.text((left, top + CELL_PX + 20), row.note, fill="#606060", font=font)


def _framed(path: Path, result: CoverResult) -> Any:
    """The whole frame fitted into a cell, the boxes drawn on it."""
    from PIL import Image, ImageDraw

    cell = Image.new("RGB", (CELL_PX, CELL_PX), "#eeeeee")
    with Image.open(path) as frame:
        scale = CELL_PX / max(frame.size)
        small = frame.resize((round(frame.width * scale), round(frame.height * scale)))
    draw = ImageDraw.Draw(small)
    boxes = [(face.box, FACE_COLOUR) for face in result.faces]
    if result.crop:
        boxes.append((result.crop.box, CROP_COLOUR))
    for (left, top, width, height), colour in boxes:
        corners = (left, top, left + width, top + height)
        draw.rectangle([round(v * scale) for v in corners], outline=colour, width=3)
    cell.paste(small, ((CELL_PX - small.width) // 2, (CELL_PX - small.height) // 2))
    return cell


def _boxes(frame: Path) -> Path:
    """Where the frame with the boxes drawn on it is kept for the page."""
    return frame.with_name(f"{frame.stem}-boxes.png")


def _page(rows: list[Row], story: Story | None, folder: Path, covers: Sequence[Recorded]) -> str:
    figures = "\n".join(_figure(row, folder) for row in rows)
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Firstframe demo</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem; }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, 530px); gap: 2rem; }}
figure {{ margin: 0; }}
main figure div {{ display: flex; gap: 16px; height: {CELL_PX}px; }}
.error {{ background: #eee; color: #a02020; align-items: center; justify-content: center; }}
small {{ color: #606060; }}
.story {{ display: flex; flex-wrap: wrap; gap: 2rem; align-items: start; }}
.candidates img {{ width: 256px; }}
.recorded {{ display: flex; gap: 2rem; margin: 1rem 0 2rem; }}
.recorded img {{ width: 256px; height: 256px; }}
.recorded dl {{ margin: 0; max-width: 60rem; overflow-wrap: anywhere; }}
.recorded dd {{ margin: 0 0 .5rem; font: 13px/1.4 ui-monospace, monospace; }}
{STYLE}
</style>
<h1>Firstframe demo</h1>
<p>Left the first frame with its faces (yellow) and the crop (green), right its {CELL_PX} px cover,
made through the API, queue and workers.</p>
<main>
{figures}
</main>
{story_section(story, folder) if story else ""}
{recorded_section(covers, folder) if covers else ""}</html>
"""


def _figure(row: Row, folder: Path) -> str:
    title, note = html.escape(row.title), html.escape(row.note)
    if row.frame is None or row.cover is None:
        return f'<figure><div class="error">{note}</div><figcaption>{title}</figcaption></figure>'
    images = "".join(
        f'<img src="{html.escape(str(path.relative_to(folder)))}" alt="{title}">'
        for path in (_boxes(row.frame), row.cover)
    )
    caption = f"<figcaption>{title}<br><small>{note}</small></figcaption>"
    return f"<figure><div>{images}</div>{caption}</figure>"
