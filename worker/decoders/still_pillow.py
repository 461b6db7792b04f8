"""Pictures through Pillow: GIF, AVIF, HEIC and BMP, and the headers of JPEG."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from pi_heif.as_plugin import HeifImageFile
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
)

from worker.decoders.pixels import Pixels
from worker.decoders.still_header import Header
from worker.geometry.orientation import of_exif
from worker.geometry.shapes import Size

_READERS: dict[str, type[ImageFile.ImageFile]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
    "heic": HeifImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
}

# The size is checked against the settings before any pixel is decoded.
Image.MAX_IMAGE_PIXELS = None
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def header(data: bytes, format: str) -> Header:
    """The header of a picture, without decoding."""
    with _opened(data, format) as image:
        return Header(
            size=Size(*image.size),
            orientation=of_exif(image.getexif().get(ExifTags.Base.Orientation, 1)),
            profile=image.info.get("icc_profile"),
            progressive=bool(image.info.get("progressive")),
        )


def pixels(
    data: bytes, format: str, short_px: int | None, background: tuple[int, int, int]
) -> Pixels:
    """The first frame as RGB, as stored, its short side shrunk to no less than `short_px`.

    Shrinking is by whole factors and averages areas; alpha is flattened onto `background`.
    """
    with _opened(data, format) as image:
        image.load()
        flat = _flattened(image, background)
        factor = min(flat.size) // short_px if short_px else 1
        return np.asarray(flat.reduce(factor) if factor > 1 else flat)


def _flattened(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        flat = Image.new("RGB", layer.size, background)
        flat.paste(layer, mask=layer.getchannel("A"))
        return flat
    return image if image.mode == "RGB" else image.convert("RGB")


@contextmanager
def _opened(data: bytes, format: str) -> Iterator[ImageFile.ImageFile]:
    """An opened picture; what Pillow only warns of is damage in a tag that we do not need."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with _READERS[format](BytesIO(data)) as image:
            yield image
