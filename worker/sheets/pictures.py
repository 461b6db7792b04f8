"""What animators share: frames as arrays, and the border where libraries' errors become ours."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import av
import numpy as np
import numpy.typing as npt

from worker.errors import ImageError
from worker.ports import View

Pixels = npt.NDArray[np.uint8]


def pictures(views: Iterable[View]) -> Iterator[Pixels]:
    """The pixels of each view, height by width by 3, as its turn comes.

    Raises: ValueError without any view, for views of different sizes or with too few pixels.
    """
    first: tuple[int, int] | None = None
    for view in views:
        size = (view.width_px, view.height_px)
        first = first or size
        if size != first or 0 in size:
            raise ValueError(f"a frame of {size[0]}x{size[1]} px among {first[0]}x{first[1]} px")
        yield np.frombuffer(view.pixels, np.uint8).reshape(view.height_px, view.width_px, 3)
    if first is None:
        raise ValueError("no frames")


@contextmanager
def image_errors(name: str) -> Iterator[None]:
    """Raises: ImageError `image.encode_failed`."""
    try:
        yield
    except (av.FFmpegError, OSError, ValueError, RuntimeError, MemoryError) as error:
        raise ImageError("image.encode_failed", f"{name}: {error}") from error
