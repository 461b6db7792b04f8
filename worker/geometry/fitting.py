"""Fitting a frame into other sides: inside a box, around a shape, to a width."""

from worker.geometry.shapes import Box, Size, rounded, scaled


def fitted(frame: Size, width: int | None, height: int | None) -> Size:
    """`frame` shrunk, keeping its shape, until it is inside the sides given; never enlarged."""
    sides = ((width, frame.width), (height, frame.height))
    return scaled(frame, min([1.0, *(most / side for most, side in sides if most is not None)]))


def window_like(frame: Size, shape: Size) -> Size:
    """The largest window of `frame` with the shape of `shape`; it spans at least one axis."""
    if frame.width * shape.height >= frame.height * shape.width:
        width = rounded(frame.height * shape.width / shape.height)
        return Size(max(1, min(width, frame.width)), frame.height)
    height = rounded(frame.width * shape.height / shape.width)
    return Size(frame.width, max(1, min(height, frame.height)))


def centred(frame: Size, window: Size) -> Box:
    """`window` in the middle of `frame`."""
    left, top = (frame.width - window.width) // 2, (frame.height - window.height) // 2
    return Box(left, top, *window)


def even_height(frame: Size, width: int) -> Size:
    """The shape of `frame` at `width`, with the nearest even height from 2 on."""
    return Size(width, max(2, 2 * rounded(width * frame.height / frame.width / 2)))
