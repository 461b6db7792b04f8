"""What a picture file says of itself before its pixels are decoded."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pyvips

from worker.errors import CoverError, MediaError
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


@contextmanager
def translated(stage: str) -> Iterator[None]:
    """Errors of the picture libraries as `media.*`; their messages and classes tell no more."""
    try:
        yield
    except CoverError:
        raise
    except MemoryError as error:
        raise MediaError("media.resource_limit", stage=stage) from error
    except NotImplementedError as error:
        raise MediaError("media.unsupported_codec", stage=stage) from error
    except _DAMAGE as error:
        raise MediaError("media.corrupt", stage=stage) from error
