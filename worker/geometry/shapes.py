"""Integer shapes in pixels; the one place where rounding is decided (half away from zero)."""

from typing import NamedTuple


class Size(NamedTuple):
    width: int
    height: int

    @property
    def short_side(self) -> int:
        return min(self.width, self.height)


class Box(NamedTuple):
    """A rectangle in upright source pixels: left, top, width, height."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height


def holds(outer: Box, inner: Box) -> bool:
    """Whether `inner` lies wholly in `outer`, edges included."""
    return (
        outer.left <= inner.left
        and outer.top <= inner.top
        and inner.right <= outer.right
        and inner.bottom <= outer.bottom
    )


class RelativeBox(NamedTuple):
    """A rectangle as fractions of a picture's width and height, inside [0, 1]."""

    left: float
    top: float
    width: float
    height: float


def rounded(value: float) -> int:
    """The nearest integer of a value >= 0, halves upwards."""
    return int(value + 0.5)


def to_pixels(box: RelativeBox, size: Size) -> Box:
    """`box` in the pixels of a picture of `size`: inside it, at least one pixel wide and high."""
    left = min(rounded(box.left * size.width), size.width - 1)
    top = min(rounded(box.top * size.height), size.height - 1)
    right = min(max(rounded((box.left + box.width) * size.width), left + 1), size.width)
    bottom = min(max(rounded((box.top + box.height) * size.height), top + 1), size.height)
    return Box(left, top, right - left, bottom - top)


def scaled(size: Size, scale: float) -> Size:
    """`size` times `scale`, at least one pixel wide and high."""
    return Size(max(1, rounded(size.width * scale)), max(1, rounded(size.height * scale)))


def fit_short_side(size: Size, short_px: int) -> Size:
    """`size` shrunk, keeping its shape, until its short side is `short_px`; never enlarged."""
    if size.short_side <= short_px:
        return size
    return scaled(size, short_px / size.short_side)
