"""Moving previews as GIF, by Pillow."""

from collections.abc import Iterable, Iterator
from io import BytesIO

import numpy as np
from PIL import Image

from worker.ports import View
from worker.sheets.pictures import Pixels, image_errors, pictures

# A palette serves until a frame is this much farther from its colours than the first it was for.
_WORSE = 1.25
_WORSE_LEVELS = 1.0


class GifAnimator:
    """GIF with a palette for each scene; `quality` is the share of 256 colours that it has.

    A palette a frame takes six times as long, is half as large again, and flickers. GIF counts time
    in hundredths of a second: single frames are rounded, their sum is not. Equal neighbours become
    one frame.
    """

    content_type = "image/gif"
    extension = "gif"

    def animate(self, views: Iterable[View], *, frame_ms: int, quality: int) -> bytes:
        file = BytesIO()
        with image_errors("GIF"):
            frames = _timed(_in_palettes(pictures(views), max(8, 256 * quality // 100)), frame_ms)
            first = next(frames)
            first.save(file, "GIF", save_all=True, append_images=frames, loop=0)
        return file.getvalue()


def _timed(frames: Iterable[Image.Image], frame_ms: int) -> Iterator[Image.Image]:
    """Each frame with its time in `info`, which Pillow writes."""
    for number, frame in enumerate(frames):
        start, end = (round(at * frame_ms / 10) * 10 for at in (number, number + 1))
        frame.info["duration"] = end - start
        yield frame


def _in_palettes(frames: Iterable[Pixels], colours: int) -> Iterator[Image.Image]:
    palette: Image.Image | None = None
    limit = 0.0
    for pixels in frames:
        image = Image.fromarray(pixels)
        fitted = palette and image.quantize(palette=palette, dither=Image.Dither.NONE)
        if not fitted or _distance(fitted, pixels) > limit:
            palette = fitted = image.quantize(colours, Image.Quantize.MEDIANCUT)
            limit = _distance(fitted, pixels) * _WORSE + _WORSE_LEVELS
        yield fitted


def _distance(fitted: Image.Image, pixels: Pixels) -> float:
    """How far the colours are from the picture's, in levels, by every second pixel."""
    colours = np.array(fitted.getpalette(), np.int16).reshape(-1, 3)
    there = colours[np.asarray(fitted)[::2, ::2]]
    return float(np.abs(there - pixels[::2, ::2]).mean())
