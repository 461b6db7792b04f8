"""How a stored picture is turned to stand upright: eight ways, from EXIF or a display matrix."""

from collections.abc import Sequence
from typing import NamedTuple

from worker.geometry.shapes import Box, Size


class Orientation(NamedTuple):
    """Mirrored left to right first where `mirrored`, then turned clockwise by `rotation_cw`."""

    rotation_cw: int = 0
    mirrored: bool = False

    @property
    def swaps_sides(self) -> bool:
        return self.rotation_cw in {90, 270}

    def turned(self, size: Size) -> Size:
        """The upright size of a picture stored in `size`, and the other way round."""
        return Size(size.height, size.width) if self.swaps_sides else size

    def stored(self, box: Box, upright: Size) -> Box:
        """The rectangle of the stored picture that `box` of the `upright` one shows."""
        left, top, width, height = box
        if self.rotation_cw == 90:
            left, top, width, height = top, upright.width - box.right, height, width
        elif self.rotation_cw == 180:
            left, top = upright.width - box.right, upright.height - box.bottom
        elif self.rotation_cw == 270:
            left, top, width, height = upright.height - box.bottom, left, height, width
        if self.mirrored:
            left = self.turned(upright).width - left - width
        return Box(left, top, width, height)


UPRIGHT = Orientation()

# EXIF 2.32, tag 0x0112: which side the stored first row and column are.
_EXIF = {
    1: Orientation(0, False),
    2: Orientation(0, True),
    3: Orientation(180, False),
    4: Orientation(180, True),
    5: Orientation(270, True),
    6: Orientation(90, False),
    7: Orientation(90, True),
    8: Orientation(270, False),
}


def of_exif(value: int) -> Orientation:
    """The orientation of an EXIF tag; values the standard does not know are upright."""
    return _EXIF.get(value, UPRIGHT)


def of_display_matrix(matrix: Sequence[int]) -> Orientation:
    """The nearest of the eight orientations to a display matrix (ISO/IEC 14496-12, 6.2.2).

    `matrix` is its nine integers by row; a point goes to (a·x + c·y, b·x + d·y), y downwards.
    A matrix that squashes the picture to a line or a point is ignored.
    """
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    if a * d == b * c:
        return UPRIGHT
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(0 if d > 0 else 180, (a > 0) != (d > 0))
    if (b > 0) != (c > 0):
        return Orientation(90 if b > 0 else 270, False)
    return Orientation(270 if b > 0 else 90, True)
