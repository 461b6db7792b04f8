"""JPEG covers by libjpeg-turbo, the fastest of the encoders measured."""

import numpy as np
import simplejpeg

from worker.errors import ImageError
from worker.ports import View


class JpegEncoder:
    """Baseline JPEG, 4:2:0, without a profile, which means sRGB. At most 65,500 px a side."""

    content_type = "image/jpeg"
    extension = "jpg"

    def encode(self, view: View, *, quality: int) -> bytes:
        try:
            pixels = np.frombuffer(view.pixels, np.uint8)
            encoded: bytes = simplejpeg.encode_jpeg(
                pixels.reshape(view.height_px, view.width_px, 3),
                quality=quality,
                colorspace="RGB",
                colorsubsampling="420",
            )
        except ValueError as error:
            raise ImageError("image.encode_failed", f"JPEG: {error}") from error
        return encoded
