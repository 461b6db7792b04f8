"""Pictures through libvips, shrunk while they stream: PNG, WebP, TIFF, and JPEG in CMYK."""

from typing import Any

import numpy as np
import pyvips

from worker.decoders.pixels import Pixels
from worker.decoders.still_header import Header
from worker.geometry.orientation import of_exif
from worker.geometry.shapes import Size
from worker.rules.png import with_end

# Each medium is decoded once, so remembered operations are only memory.
pyvips.cache_set_max(0)


def header(data: bytes) -> Header:
    """The header of a picture, without decoding."""
    image = pyvips.Image.new_from_buffer(data, "", access="sequential")
    fields = image.get_fields()
    return Header(
        size=Size(image.width, image.height),
        orientation=of_exif(image.get("orientation") if "orientation" in fields else 1),
        profile=image.get("icc-profile-data") if "icc-profile-data" in fields else None,
    )


def pixels(data: bytes, short_px: int | None, background: tuple[int, int, int]) -> Pixels:
    """The first page as RGB, as stored, its short side shrunk to no less than `short_px`.

    Shrinking is by whole factors and averages areas; colours of RGB profiles are left as stored.
    """
    image = _loaded(with_end(data), short_px)
    if image.hasalpha():
        image = _rgb(image).flatten(background=list(background))
    factor = min(image.width, image.height) // short_px if short_px else 1
    if factor > 1:
        image = image.shrink(factor, factor)
    image = _rgb(image)
    packed = np.frombuffer(image.write_to_memory(), np.uint8)
    return packed.reshape(image.height, image.width, 3)


def _loaded(data: bytes, short_px: int | None) -> Any:
    """The lazily decoded picture; cut files fail. WebP shrinks while it is decoded."""
    options: dict[str, Any] = {"access": "sequential", "fail_on": "error"}
    image = pyvips.Image.new_from_buffer(data, "", **options)
    short_side = min(image.width, image.height)
    if image.get("vips-loader").startswith("webp") and short_px and short_side > short_px:
        return pyvips.Image.new_from_buffer(data, "", scale=short_px / short_side, **options)
    return image


def _rgb(image: Any) -> Any:
    """Eight bits of RGB, with alpha where there was: from grey, 16 bits, CMYK and the rest."""
    if image.interpretation == "cmyk" and "icc-profile-data" in image.get_fields():
        image = image.icc_transform("srgb", embedded=True, intent="relative")
    return image.colourspace("srgb").cast("uchar")
