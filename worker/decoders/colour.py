"""Colours of embedded ICC profiles become sRGB."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from worker.decoders.pixels import Pixels

_SRGB = ImageCms.createProfile("sRGB")
_NAMES = (b"sRGB", "sRGB".encode("utf-16-be"))
_COLOUR_SPACE = slice(16, 20)


def to_srgb(pixels: Pixels, profile: bytes | None) -> Pixels:
    """RGB `pixels` of `profile` in sRGB; profiles unreadable or of other models change nothing."""
    if not profile or profile[_COLOUR_SPACE] != b"RGB " or any(n in profile for n in _NAMES):
        return pixels
    try:
        image = ImageCms.profileToProfile(
            Image.fromarray(pixels), ImageCms.ImageCmsProfile(BytesIO(profile)), _SRGB
        )
    except (ImageCms.PyCMSError, OSError):
        return pixels
    return np.asarray(image)
