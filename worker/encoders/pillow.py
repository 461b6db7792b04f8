"""WebP, AVIF and PNG covers by Pillow."""

from io import BytesIO
from typing import Any, Final

import numpy as np
from PIL import Image

from worker.errors import ImageError
from worker.ports import View

AVIF_MAX_SIDE_PX: Final = 32_768


class WebpEncoder:
    """Lossy WebP; `method` 0 (fast) to 6 (small). At most 16,383 px a side."""

    content_type = "image/webp"
    extension = "webp"

    def __init__(self, *, webp_method: int = 4) -> None:
        self._method = webp_method

    def encode(self, view: View, *, quality: int) -> bytes:
        return _encoded(view, "WEBP", quality=quality, method=self._method)


class AvifEncoder:
    """AVIF, 4:2:0; `speed` 0 (small) to 10 (fast). At most 32,768 px a side.

    libavif writes sides of 65,536 px, but by default reads half of that. One thread, because the
    bytes depend on their number: the same frame has the same cover on every machine.
    """

    content_type = "image/avif"
    extension = "avif"

    def __init__(self, *, avif_speed: int = 8) -> None:
        self._speed = avif_speed

    def encode(self, view: View, *, quality: int) -> bytes:
        if max(view.width_px, view.height_px) > AVIF_MAX_SIDE_PX:
            raise ImageError(
                "image.encode_failed", f"AVIF: a side is longer than {AVIF_MAX_SIDE_PX} px"
            )
        return _encoded(view, "AVIF", quality=quality, speed=self._speed, max_threads=1)


class PngEncoder:
    """PNG; lossless, so `quality` changes nothing."""

    content_type = "image/png"
    extension = "png"

    def encode(self, view: View, *, quality: int) -> bytes:
        return _encoded(view, "PNG", compress_level=6)


def _encoded(view: View, name: str, **options: Any) -> bytes:
    """The view as a file of the format `name`, which takes no other metadata than its size.

    Raises: ImageError `image.encode_failed`, for sides over the format's limit among others.
    """
    try:
        pixels = np.frombuffer(view.pixels, np.uint8)
        file = BytesIO()
        Image.fromarray(pixels.reshape(view.height_px, view.width_px, 3)).save(
            file, name, **options
        )
    except (OSError, ValueError, RuntimeError, SyntaxError, MemoryError) as error:
        raise ImageError("image.encode_failed", f"{name}: {error}") from error
    return file.getvalue()
