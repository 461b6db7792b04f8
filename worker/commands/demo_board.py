"""How the demo shows a film's story: on its page with a player, on the contact sheet as a strip."""

import html
from pathlib import Path
from typing import Any, Final

from worker.commands.demo_film import FILM
from worker.commands.demo_player import SCRIPT, player
from worker.commands.demo_story import Story, frames_of, story_note

TEXT_PX: Final = 24
COLUMNS: Final = 4
FRAMES_SHOWN: Final = 12
LINE_PX: Final = 2


def draw_story(story: Story, width: int, gap: int) -> Any:
    """The sheet left, frames of the preview right, each on half of `width` px; text below."""
    from PIL import Image, ImageDraw, ImageFont

    half = (width - gap) // 2
    with Image.open(story.sheet) as file:
        sheet = file.convert("RGB").resize((half, half * file.height // file.width))
    board = Image.new("RGB", (width, sheet.height + TEXT_PX + gap), "white")
    board.paste(sheet, (0, 0))
    frames = frames_of(story.preview)
    chosen = [frames[number * len(frames) // FRAMES_SHOWN] for number in range(FRAMES_SHOWN)]
    board.paste(_mosaic(chosen, (half, sheet.height)), (half + gap, 0))
    draw, font = ImageDraw.Draw(board), ImageFont.load_default(13)
    texts = (
        f"{FILM.file}: its storyboard",
        f"{len(chosen)} of the {len(frames)} frames of its preview",
    )
    for left, text in zip((0, half + gap), texts, strict=True):
        draw.text((left, sheet.height + 4), text, fill="black", font=font)
    return board


def _mosaic(frames: list[Any], size: tuple[int, int]) -> Any:
    """Frames four a line in a picture of `size`."""
    from PIL import Image

    picture = Image.new("RGB", size, "white")
    width = (size[0] - 3 * LINE_PX) // COLUMNS
    height = width * frames[0].height // frames[0].width
    for number, frame in enumerate(frames):
        row, column = divmod(number, COLUMNS)
        place = column * (width + LINE_PX), row * (height + LINE_PX)
        picture.paste(frame.resize((width, height)), place)
    return picture


def story_section(story: Story, folder: Path) -> str:
    """The player with the index in it, the sheet, the moving preview and the candidates."""

    def url(path: Path) -> str:
        return html.escape(path.relative_to(folder).as_posix())

    candidates = "\n".join(
        f'<figure><img src="{url(path)}" alt="candidate">'
        f"<figcaption>{(told.pts_ms or 0) / 1000:.1f} s<br>"
        f"<small>score {told.score:.1f}, faces: {told.faces}</small></figcaption></figure>"
        for path, told in zip(story.candidates, story.result.candidates, strict=True)
    )
    index = story.vtt.read_text(encoding="utf-8")
    return f"""<h2>{FILM.file}: {FILM.shows}</h2>
<p>One job made of it: {story_note(story)}. Move the mouse over the grey bar:
the <a href="{url(story.vtt)}">index</a> says which tile of the
<a href="{url(story.sheet)}">sheet</a> is shown when.</p>
<div class="story">
{player(f"media/{FILM.file}", index, base=url(story.vtt))}
<figure><img src="{url(story.sheet)}" alt="storyboard"><figcaption>The sheet</figcaption></figure>
<figure><img src="{url(story.preview)}" alt="preview"><figcaption>The preview</figcaption></figure>
</div>
<h3>Candidates for a cover</h3>
<div class="story candidates">
{candidates}
</div>
<script>{SCRIPT}</script>
"""
