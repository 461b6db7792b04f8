"""Shapes in pixels: rounding, clipping, shrinking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.geometry.shapes import (
    Box,
    RelativeBox,
    Size,
    fit_short_side,
    holds,
    rounded,
    to_pixels,
)

sizes = st.builds(Size, st.integers(1, 20_000), st.integers(1, 20_000))
fractions = st.floats(0, 1)


@pytest.mark.parametrize(("value", "whole"), [(0, 0), (0.49, 0), (0.5, 1), (1.5, 2), (2.4999, 2)])
def test_halves_are_rounded_upwards(value: float, whole: int) -> None:
    assert rounded(value) == whole


def test_a_box_knows_its_far_edges() -> None:
    assert (Box(1, 2, 30, 40).right, Box(1, 2, 30, 40).bottom) == (31, 42)


@pytest.mark.parametrize(
    ("inner", "is_held"),
    [
        pytest.param(Box(10, 10, 20, 20), True, id="same"),
        pytest.param(Box(15, 15, 2, 2), True, id="inside"),
        pytest.param(Box(9, 10, 20, 20), False, id="left"),
        pytest.param(Box(10, 9, 20, 20), False, id="above"),
        pytest.param(Box(11, 10, 20, 20), False, id="right"),
        pytest.param(Box(10, 11, 20, 20), False, id="below"),
    ],
)
def test_a_box_holds_what_lies_wholly_in_it(inner: Box, is_held: bool) -> None:
    assert holds(Box(10, 10, 20, 20), inner) is is_held


@pytest.mark.parametrize(
    ("relative", "box"),
    [
        pytest.param(RelativeBox(0, 0, 1, 1), Box(0, 0, 200, 100), id="whole"),
        pytest.param(RelativeBox(0.25, 0.5, 0.5, 0.25), Box(50, 50, 100, 25), id="part"),
        pytest.param(RelativeBox(1, 1, 0, 0), Box(199, 99, 1, 1), id="far-corner"),
        pytest.param(RelativeBox(0.5, 0.5, 0, 0), Box(100, 50, 1, 1), id="nothing"),
    ],
)
def test_a_relative_box_in_pixels(relative: RelativeBox, box: Box) -> None:
    assert to_pixels(relative, Size(200, 100)) == box


@given(sizes, fractions, fractions, fractions, fractions)
def test_a_box_in_pixels_lies_in_the_picture(
    size: Size, left: float, top: float, width: float, height: float
) -> None:
    box = to_pixels(RelativeBox(left, top, width, height), size)

    assert holds(Box(0, 0, *size), box)
    assert box.width >= 1
    assert box.height >= 1


@pytest.mark.parametrize(
    ("size", "shrunk"),
    [
        pytest.param(Size(1920, 1080), Size(455, 256), id="wide"),
        pytest.param(Size(1080, 1920), Size(256, 455), id="tall"),
        pytest.param(Size(256, 9000), Size(256, 9000), id="just-enough"),
        pytest.param(Size(100, 80), Size(100, 80), id="never-enlarged"),
    ],
)
def test_the_short_side_is_shrunk_to_what_is_needed(size: Size, shrunk: Size) -> None:
    assert fit_short_side(size, 256) == shrunk


@given(sizes, st.integers(1, 5000))
def test_shrinking_keeps_the_shape(size: Size, short_px: int) -> None:
    shrunk = fit_short_side(size, short_px)

    assert shrunk.short_side == min(size.short_side, short_px)
    scale = shrunk.short_side / size.short_side
    assert abs(shrunk.width - size.width * scale) <= 0.5 + 1e-6
    assert abs(shrunk.height - size.height * scale) <= 0.5 + 1e-6
