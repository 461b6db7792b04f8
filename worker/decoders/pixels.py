"""RGB arrays of shape (height, width, 3): turning them upright and handing them out as views."""

import numpy as np
from numpy.typing import NDArray

from worker.geometry.orientation import Orientation
from worker.ports import View

Pixels = NDArray[np.uint8]


def turned(pixels: Pixels, orientation: Orientation) -> Pixels:
    """`pixels` mirrored and turned to stand upright; a strided look at the same memory."""
    if orientation.mirrored:
        pixels = pixels[:, ::-1]
    return np.rot90(pixels, -orientation.rotation_cw // 90)


def view_of(pixels: Pixels) -> View:
    """A view of `pixels`, without padding between rows: readers of views ignore strides."""
    height, width, _ = pixels.shape
    packed = np.ascontiguousarray(pixels)
    return View(width, height, packed.reshape(-1).data)
