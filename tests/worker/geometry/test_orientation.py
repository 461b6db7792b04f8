from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.geometry.orientation import UPRIGHT, Orientation, of_display_matrix, of_exif
from worker.geometry.shapes import Box, Size

EIGHT = [Orientation(turn, mirrored) for turn in (0, 90, 180, 270) for mirrored in (False, True)]
ONE = 1 << 16

# How the stored picture 1 2 / 3 4 / 5 6 looks upright, as the EXIF standard draws it.
LOOKS = {
    1: [[1, 2], [3, 4], [5, 6]],
    2: [[2, 1], [4, 3], [6, 5]],
    3: [[6, 5], [4, 3], [2, 1]],
    4: [[5, 6], [3, 4], [1, 2]],
    5: [[1, 3, 5], [2, 4, 6]],
    6: [[5, 3, 1], [6, 4, 2]],
    7: [[6, 4, 2], [5, 3, 1]],
    8: [[2, 4, 6], [1, 3, 5]],
}


def shown(stored: list[list[int]], orientation: Orientation) -> list[list[int]]:
    """`stored` mirrored, then turned: what the words of Orientation say."""
    pixels = np.array(stored)
    mirrored = np.fliplr(pixels) if orientation.mirrored else pixels
    return [list(map(int, row)) for row in np.rot90(mirrored, -orientation.rotation_cw // 90)]


@pytest.mark.parametrize("value", sorted(LOOKS))
def test_exif_orientations_stand_upright(value: int) -> None:
    assert shown(LOOKS[1], of_exif(value)) == LOOKS[value]


@pytest.mark.parametrize("value", [0, 9, -1, 65_535])
def test_an_unknown_exif_orientation_is_upright(value: int) -> None:
    assert of_exif(value) == UPRIGHT


@pytest.mark.parametrize(
    ("matrix", "orientation"),
    [
        pytest.param((1, 0, 0, 1), Orientation(0, False), id="identity"),
        pytest.param((0, 1, -1, 0), Orientation(90, False), id="clockwise"),
        pytest.param((-1, 0, 0, -1), Orientation(180, False), id="half-turn"),
        pytest.param((0, -1, 1, 0), Orientation(270, False), id="counter-clockwise"),
        pytest.param((-1, 0, 0, 1), Orientation(0, True), id="mirrored"),
        pytest.param((1, 0, 0, -1), Orientation(180, True), id="upside-down-mirror"),
        pytest.param((0, 1, 1, 0), Orientation(270, True), id="transposed"),
        pytest.param((0, -1, -1, 0), Orientation(90, True), id="transposed-other-way"),
        pytest.param((0.9, 0.1, -0.1, 0.9), Orientation(0, False), id="slightly-tilted"),
        pytest.param((0, 0, 0, 0), Orientation(0, False), id="nothing"),
        pytest.param((1, 1, 1, 1), Orientation(0, False), id="squashed-to-a-line"),
    ],
)
def test_display_matrices(matrix: Sequence[float], orientation: Orientation) -> None:
    a, b, c, d = (int(value * ONE) for value in matrix)

    assert of_display_matrix((a, b, 0, c, d, 0, 0, 0, 1 << 30)) == orientation


def test_a_matrix_moves_points_as_the_orientation_says() -> None:
    """The corner that the matrix sends to the top left is the one shown there."""
    for a, b, c, d in ((0, 1, -1, 0), (0, -1, 1, 0), (0, 1, 1, 0), (0, -1, -1, 0), (-1, 0, 0, 1)):
        orientation = of_display_matrix((a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 1 << 30))
        corners = {(0, 0): 1, (1, 0): 2, (0, 2): 5, (1, 2): 6}
        sent = {(a * x + c * y, b * x + d * y): value for (x, y), value in corners.items()}
        top_left = sent[min(x for x, _ in sent), min(y for _, y in sent)]

        assert shown(LOOKS[1], orientation)[0][0] == top_left


@given(st.lists(st.integers(-(1 << 31), (1 << 31) - 1), min_size=9, max_size=9))
def test_any_matrix_is_one_of_the_eight(matrix: list[int]) -> None:
    assert of_display_matrix(matrix) in EIGHT


@given(st.sampled_from(EIGHT), st.data())
def test_a_box_shows_the_stored_pixels_it_names(
    orientation: Orientation, data: st.DataObject
) -> None:
    width, height = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    stored = np.arange(width * height).reshape(height, width)
    upright = np.array(shown(stored.tolist(), orientation))
    size = orientation.turned(Size(width, height))
    left, top = (
        data.draw(st.integers(0, size.width - 1)),
        data.draw(st.integers(0, size.height - 1)),
    )
    across = data.draw(st.integers(1, size.width - left))
    down = data.draw(st.integers(1, size.height - top))

    box = orientation.stored(Box(left, top, across, down), size)

    region = stored[box.top : box.bottom, box.left : box.right].tolist()
    assert upright.shape == (size.height, size.width)
    assert shown(region, orientation) == upright[top : top + down, left : left + across].tolist()
