"""The demo's film: twelve seconds in four scenes, every frame showing its number in eight cells."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from worker.commands.demo_media import FRAME_RATE, Sample, landscape, portrait, write_clip

FILM: Final = Sample("film.mp4", "a film in four scenes", rule="centre")
DURATION_MS: Final = 12_000
FRAME_MS: Final = 1000 // FRAME_RATE
SCENE_FRAMES: Final = 30
CELLS: Final = 8
WIDTH: Final = 640
HEIGHT: Final = 360
STRIP_PX: Final = 24


def make_film(path: Path) -> None:
    """Write the film: H.264, a key frame a second."""
    pictures = [_numbered(scene, number) for number, scene in enumerate(_scenes())]
    write_clip(path, "libx264", pictures, key_every=FRAME_RATE)


def shown_ms(picture: Any) -> int:
    """When a picture of the film is shown, in ms, read from the cells at its lower edge."""
    import numpy as np

    height, width = picture.height * STRIP_PX // HEIGHT, picture.width // CELLS * CELLS
    strip = np.asarray(picture.convert("L").resize((width, picture.height)))[-height:]
    inner = strip[height // 4 : -(height // 4) or None]
    light = inner.reshape(len(inner), CELLS, -1)[:, :, width // CELLS // 4 : -width // CELLS // 4]
    return FRAME_MS * sum(1 << bit for bit in range(CELLS) if light[:, bit].mean() > 110)


def _numbered(scene: Any, number: int) -> Any:
    from PIL import ImageDraw, ImageFont

    draw = ImageDraw.Draw(scene)
    draw.rectangle((0, HEIGHT - STRIP_PX, WIDTH, HEIGHT), fill="black")
    cell = WIDTH // CELLS
    for bit in range(CELLS):
        if number >> bit & 1:
            left = bit * cell
            draw.rectangle((left + 4, HEIGHT - STRIP_PX + 3, left + cell - 5, HEIGHT - 4), "white")
    seconds = f"{number / FRAME_RATE:04.1f}"
    font = ImageFont.load_default(44)
    draw.text((16, 8), seconds, "white", font, stroke_width=3, stroke_fill="black")
    return scene


def _scenes() -> Iterator[Any]:
    """A morning, somebody coming in, her face, a night with a moon."""
    from PIL import Image

    person, wide = portrait(), landscape(1000, HEIGHT)
    night = Image.blend(wide, Image.new("RGB", wide.size, (8, 8, 40)), 0.8)
    small = person.resize((240, 281))
    for step in range(SCENE_FRAMES):
        yield wide.crop((12 * step, 0, 12 * step + WIDTH, HEIGHT))
    for step in range(SCENE_FRAMES):
        scene = wide.crop((348, 0, 348 + WIDTH, HEIGHT))
        scene.paste(small, (WIDTH - 15 * step, HEIGHT - small.height))
        yield scene
    for step in range(SCENE_FRAMES):
        left, top, width = step, 60 + step // 3, 512 - 2 * step
        box = (left, top, left + width, top + width * HEIGHT // WIDTH)
        yield person.resize((WIDTH, HEIGHT), box=box)
    for step in range(SCENE_FRAMES):
        yield _moonlit(night.crop((0, 0, WIDTH, HEIGHT)), step)


def _moonlit(scene: Any, step: int) -> Any:
    from PIL import ImageDraw

    left, top = 80 + 14 * step, 150 - 4 * step
    ImageDraw.Draw(scene).ellipse((left, top, left + 70, top + 70), fill=(240, 240, 220))
    return scene
