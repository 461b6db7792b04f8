"""RGB arrays of shape (height, width, 3): turning them upright and handing them out as views."""

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.geometry.orientation import Orientation
from worker.geometry.shapes import Size
from worker.ports import View

Pixels = NDArray[np.uint8]

# One slot is one core; small pictures gain nothing from more threads.
cv2.setNumThreads(1)


def turned(pixels: Pixels, orientation: Orientation) -> Pixels:
    """`pixels` mirrored and turned to stand upright; a strided look at the same memory."""
    if orientation.mirrored:
        pixels = pixels[:, ::-1]
    return np.rot90(pixels, -orientation.rotation_cw // 90)


def resized(pixels: Pixels, size: Size) -> Pixels:
    """`pixels` at `size`: averaged over areas where it shrinks, cubic where it grows."""
    height, width, _ = pixels.shape
    if size == Size(width, height):
        return pixels
    if size.width > width or size.height > height:
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    return np.asarray(
        cv2.resize(_halved(pixels, size), size, interpolation=cv2.INTER_AREA), dtype=np.uint8
    )


def _halved(pixels: Pixels, size: Size) -> Pixels:
    """`pixels` halved while that is exact and stays above `size`; halving costs next to nothing."""
    height, width, _ = pixels.shape
    while width % 2 == height % 2 == 0 and width >= 2 * size.width and height >= 2 * size.height:
        width, height = width // 2, height // 2
        pixels = np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
    return pixels


def view_of(pixels: Pixels) -> View:
    """A view of `pixels`, without padding between rows: readers of views ignore strides."""
    height, width, _ = pixels.shape
    packed = np.ascontiguousarray(pixels)
    return View(width, height, packed.reshape(-1).data)
