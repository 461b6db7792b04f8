"""Fitting frames into other sides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.geometry.fitting import centred, even_height, fitted, window_like
from worker.geometry.shapes import Box, Size, holds

SIDES = st.integers(1, 5000)
SIZES = st.builds(Size, SIDES, SIDES)


@pytest.mark.parametrize(
    ("frame", "width", "height", "size"),
    [
        pytest.param(Size(1920, 1080), 960, None, Size(960, 540), id="width"),
        pytest.param(Size(1920, 1080), None, 270, Size(480, 270), id="height"),
        pytest.param(Size(1920, 1080), 400, 400, Size(400, 225), id="wide-in-a-square"),
        pytest.param(Size(1080, 1920), 400, 400, Size(225, 400), id="tall-in-a-square"),
        pytest.param(Size(320, 180), 640, 640, Size(320, 180), id="never-enlarged"),
        pytest.param(Size(320, 180), None, None, Size(320, 180), id="no-side"),
        pytest.param(Size(4000, 3), 100, None, Size(100, 1), id="never-without-pixels"),
    ],
)
def test_a_frame_is_fitted(frame: Size, width: int | None, height: int | None, size: Size) -> None:
    assert fitted(frame, width, height) == size


@given(frame=SIZES, width=st.none() | SIDES, height=st.none() | SIDES)
def test_a_fitted_frame_is_inside_the_box_and_the_frame(
    frame: Size, width: int | None, height: int | None
) -> None:
    size = fitted(frame, width, height)

    assert 1 <= size.width <= min(width or frame.width, frame.width)
    assert 1 <= size.height <= min(height or frame.height, frame.height)


@pytest.mark.parametrize(
    ("frame", "shape", "window"),
    [
        pytest.param(Size(1920, 1080), Size(256, 256), Size(1080, 1080), id="square"),
        pytest.param(Size(1920, 1080), Size(90, 160), Size(608, 1080), id="tall"),
        pytest.param(Size(1080, 1920), Size(160, 90), Size(1080, 608), id="wide"),
        pytest.param(Size(1920, 1080), Size(160, 90), Size(1920, 1080), id="alike"),
        pytest.param(Size(10, 4000), Size(4000, 1), Size(10, 1), id="extreme"),
    ],
)
def test_a_window_has_the_shape_that_is_asked_for(frame: Size, shape: Size, window: Size) -> None:
    assert window_like(frame, shape) == window


@given(frame=SIZES, shape=SIZES)
def test_a_window_spans_an_axis_and_lies_in_the_middle(frame: Size, shape: Size) -> None:
    window = window_like(frame, shape)

    assert window.width == frame.width or window.height == frame.height
    assert holds(Box(0, 0, *frame), centred(frame, window))


@pytest.mark.parametrize(
    ("window", "box"),
    [
        pytest.param(Size(40, 60), Box(30, 0, 40, 60), id="as-high"),
        pytest.param(Size(100, 20), Box(0, 20, 100, 20), id="as-wide"),
        pytest.param(Size(99, 60), Box(0, 0, 99, 60), id="a-pixel-less"),
    ],
)
def test_a_window_in_the_middle_has_as_much_on_both_sides(window: Size, box: Box) -> None:
    assert centred(Size(100, 60), window) == box


@pytest.mark.parametrize(
    ("frame", "width", "size"),
    [
        pytest.param(Size(1920, 1080), 160, Size(160, 90), id="even-already"),
        pytest.param(Size(640, 360), 162, Size(162, 92), id="rounded-to-even"),
        pytest.param(Size(5000, 3), 160, Size(160, 2), id="no-flatter-than-two"),
        pytest.param(Size(360, 640), 160, Size(160, 284), id="tall"),
    ],
)
def test_heights_are_even(frame: Size, width: int, size: Size) -> None:
    assert even_height(frame, width) == size
