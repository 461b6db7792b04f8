"""How the demo shows covers at vendors: each picture beside what was called, read back and told."""

import html
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from worker.commands.demo_recorded import Recorded, lines_of

PICTURE_PX: Final = 112
LINE_PX: Final = 16
WORD_PX: Final = 76
FONT_PX: Final = 12
LINE_CHARACTERS: Final = 130


def draw_recorded(cover: Recorded, width: int, gap: int) -> Any:
    """The picture left, the lines right of it, on `width` px, `gap` px of white below."""
    from PIL import Image, ImageDraw, ImageFont

    left = PICTURE_PX + gap
    rows = [("", _title(cover)), *_wrapped(cover)]
    height = max(PICTURE_PX, len(rows) * LINE_PX) + gap
    board = Image.new("RGB", (width, height), "white")
    with Image.open(cover.picture) as picture:
        board.paste(picture.convert("RGB").resize((PICTURE_PX, PICTURE_PX)), (0, 0))
    draw, font = ImageDraw.Draw(board), ImageFont.load_default(FONT_PX)
    for number, (word, text) in enumerate(rows):
        top = number * LINE_PX
        draw.text((left, top), word, fill="#606060", font=font)
        draw.text((left + WORD_PX if number else left, top), text, fill="black", font=font)
    return board


def _title(cover: Recorded) -> str:
    return f"{cover.vendor.title}: the cover of {cover.vendor.file}, recorded there and read back"


def _wrapped(cover: Recorded) -> list[tuple[str, str]]:
    """The lines as they fit beside the picture; the word stands at the first of each."""
    rows = []
    for word, line in lines_of(cover):
        first, *others = textwrap.wrap(line, LINE_CHARACTERS, break_on_hyphens=False) or [""]
        rows += [(word, first), *(("", other) for other in others)]
    return rows


def recorded_section(covers: Sequence[Recorded], folder: Path) -> str:
    """Each picture, as it is at the URL that its vendor tells, beside what was done."""
    return "\n".join(
        (
            "<h2>Covers recorded at vendors</h2>",
            "<p>Each is the cover of a job with a target, recorded over HTTP at the API of a"
            " vendor, which this instance serves as the vendor does, and read back by the vendor's"
            " calls. The pictures are those at the URLs that were read, the call that wrote is as a"
            " dry run tells it, and each end was told to a callback URL.</p>",
            *(_article(cover, folder) for cover in covers),
        )
    )


def _article(cover: Recorded, folder: Path) -> str:
    url = html.escape(cover.picture.relative_to(folder).as_posix())
    lines = "\n".join(
        f"<dt>{html.escape(word)}</dt><dd>{html.escape(line)}</dd>"
        for word, line in lines_of(cover)
    )
    return f"""<h3>{html.escape(_title(cover))}</h3>
<div class="recorded"><img src="{url}" alt="{html.escape(cover.vendor.title)}">
<dl>
{lines}
</dl></div>"""
