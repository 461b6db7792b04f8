"""What a picture file says of itself before its pixels are decoded."""

from contextlib import AbstractContextManager
from typing import NamedTuple

import pyvips

from worker.decoders.failures import media_errors
from worker.geometry.orientation import Orientation
from worker.geometry.shapes import Size

# Pillow, simplejpeg, libvips and libheif raise these for damaged files.
_DAMAGE = (
    pyvips.Error,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)


class Header(NamedTuple):
    """`size` is as stored, before turning; `profile` is an ICC profile where one is embedded."""

    size: Size
    orientation: Orientation
    profile: bytes | None = None
    progressive: bool = False


def translated(stage: str) -> AbstractContextManager[None]:
    """Errors of the picture libraries as `media.*`."""
    return media_errors(stage, unsupported=(NotImplementedError,), damage=_DAMAGE)
