from fractions import Fraction

import av
import numpy as np
import pytest

from worker.decoders.pyav_picture import picture_of
from worker.geometry.shapes import Box, Size

# Weights of red and blue in luma: ISO/IEC 23091-2, matrix coefficients 1, 5 and 9.
BT709, BT601, BT2020 = (0.2126, 0.0722), (0.299, 0.114), (0.2627, 0.0593)
LIMITED, FULL = 1, 2
Y, CB, CR = 110, 100, 170


def flat(
    size: Size, colour_space: int, colour_range: int, format: str = "yuv420p"
) -> av.VideoFrame:
    frame = av.VideoFrame(size.width, size.height, format)
    for plane, value in zip(frame.planes, (Y, CB, CR), strict=True):
        if format.endswith("10le"):
            plane.update(np.full(plane.buffer_size // 2, value * 4, "<u2").tobytes())
        else:
            plane.update(bytes([value]) * plane.buffer_size)
    frame.colorspace, frame.color_range = colour_space, colour_range
    return frame


def by_the_standard(weights: tuple[float, float], full: bool) -> list[float]:
    """R'G'B' of the flat colour, by the formulas of ISO/IEC 23091-2, 8.3."""
    red_weight, blue_weight = weights
    luma = Y if full else (Y - 16) * 255 / 219
    blue, red = ((value - 128) * (1 if full else 255 / 224) for value in (CB, CR))
    r, b = luma + 2 * (1 - red_weight) * red, luma + 2 * (1 - blue_weight) * blue
    return [r, (luma - red_weight * r - blue_weight * b) / (1 - red_weight - blue_weight), b]


@pytest.mark.parametrize("format", ["yuv420p", "yuv444p", "yuv420p10le", "yuv422p10le"])
@pytest.mark.parametrize(
    ("size", "colour_space", "colour_range", "weights"),
    [
        pytest.param(Size(640, 360), 1, LIMITED, BT709, id="bt709"),
        pytest.param(Size(1920, 1080), 6, LIMITED, BT601, id="bt601-in-hd"),
        pytest.param(Size(1920, 1080), 9, LIMITED, BT2020, id="bt2020"),
        pytest.param(Size(640, 360), 1, FULL, BT709, id="bt709-full-range"),
        pytest.param(Size(640, 360), 5, FULL, BT601, id="bt601-full-range"),
        pytest.param(Size(640, 360), 2, LIMITED, BT601, id="untagged-sd"),
        pytest.param(Size(1920, 1080), 2, LIMITED, BT709, id="untagged-hd"),
        pytest.param(Size(720, 1280), 2, LIMITED, BT709, id="untagged-hd-upright"),
        pytest.param(Size(1920, 1080), 2, 0, BT709, id="untagged-range-is-limited"),
    ],
)
def test_colours_are_those_of_the_standard(
    size: Size,
    colour_space: int,
    colour_range: int,
    weights: tuple[float, float],
    format: str,
) -> None:
    picture = picture_of(flat(size, colour_space, colour_range, format), None)

    whole = picture.view(Box(0, 0, *size), size.width // 3, size.height // 3)
    part = picture.view(Box(33, 21, 101, 99), 64, 64)

    expected = by_the_standard(weights, colour_range == FULL)
    for view in (whole, part):
        pixels = np.frombuffer(view.pixels, np.uint8).reshape(-1, 3)
        assert np.abs(pixels - expected).max() < 4


@pytest.mark.parametrize("left", [32, 33, 34, 35])
def test_chroma_values_that_share_a_plane_stay_apart(left: int) -> None:
    frame = av.VideoFrame(64, 48, "nv12")
    frame.planes[0].update(bytes([Y]) * frame.planes[0].buffer_size)
    frame.planes[1].update(bytes([CB, CR]) * (frame.planes[1].buffer_size // 2))

    view = picture_of(frame, None).view(Box(left, 0, 20, 20), 10, 10)

    pixels = np.frombuffer(view.pixels, np.uint8).reshape(-1, 3)
    assert np.abs(pixels - by_the_standard(BT601, full=False)).max() < 4


@pytest.mark.parametrize(
    ("aspect", "shown"),
    [
        pytest.param(None, Size(720, 480), id="unknown"),
        pytest.param(Fraction(0), Size(720, 480), id="zero"),
        pytest.param(Fraction(1), Size(720, 480), id="square"),
        pytest.param(Fraction(4, 3), Size(960, 480), id="wide"),
        pytest.param(Fraction(8, 9), Size(720, 540), id="narrow-grows-down"),
        pytest.param(Fraction(1, 11), Size(720, 480), id="absurdly-narrow"),
        pytest.param(Fraction(1_000_000, 1), Size(720, 480), id="absurdly-wide"),
        pytest.param(Fraction(-4, 3), Size(720, 480), id="negative"),
    ],
)
def test_pixels_become_square(aspect: Fraction | None, shown: Size) -> None:
    assert picture_of(flat(Size(720, 480), 1, LIMITED), aspect).upright == shown


@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(3, 4)])
def test_a_box_of_a_squared_picture_is_the_right_part(aspect: Fraction) -> None:
    """The left half is black, the right half white: a box beside the middle shows only one."""
    array = np.zeros((120, 160, 3), np.uint8)
    array[:, 80:] = 255
    picture = picture_of(av.VideoFrame.from_ndarray(array, format="rgb24"), aspect)
    width, height = picture.upright

    left = picture.view(Box(0, 0, width // 2, height), 30, 30)
    right = picture.view(Box(width // 2, height // 2, width // 2, height // 4), 30, 30)

    assert max(left.pixels) == 0
    assert min(right.pixels) == 255


@pytest.mark.parametrize(
    "format", ["gray", "pal8", "rgb24", "bgra", "gbrp", "yuvj420p", "nv12", "gray10le", "rgb48le"]
)
def test_any_pixel_format_has_views(format: str) -> None:
    picture = picture_of(av.VideoFrame(64, 48, format), None)

    assert picture.view(Box(3, 3, 31, 31), 20, 10).pixels.nbytes == 600
