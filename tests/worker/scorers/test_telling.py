"""TellingScorer: each measure moves the score by itself."""

import numpy as np
import numpy.typing as npt
import pytest

from worker.ports import View
from worker.scorers.telling import TellingScorer

Pixels = npt.NDArray[np.uint8]


def score(pixels: npt.ArrayLike) -> float:
    rows = np.ascontiguousarray(pixels, np.uint8)
    return (
        TellingScorer().look(View(rows.shape[1], rows.shape[0], memoryview(rows.tobytes()))).score
    )


def squares(side_px: int, low: int, high: int) -> Pixels:
    """A chess board of two greys, 128 by 128."""
    y, x = np.indices((128, 128)) // side_px
    grey = np.where((x + y) % 2, high, low)
    return np.repeat(grey[:, :, None], 3, axis=2).astype(np.uint8)


@pytest.mark.parametrize(
    ("more", "less"),
    [
        pytest.param(squares(4, 80, 176), squares(32, 80, 176), id="edges"),
        pytest.param(squares(8, 64, 192), squares(8, 112, 144), id="contrast"),
        pytest.param(squares(8, 60, 160), squares(8, 0, 100), id="light"),
        pytest.param(squares(8, 60, 160), squares(8, 155, 255), id="not-too-bright"),
        pytest.param(
            squares(8, 80, 176) * np.array([1, 1, 0.2]), squares(8, 80, 176), id="colours"
        ),
    ],
)
def test_more_of_a_measure_is_a_higher_score(more: Pixels, less: Pixels) -> None:
    assert score(more) > score(less) + 1


def test_the_print_has_a_bit_for_each_rise_from_left_to_right() -> None:
    rising = np.repeat(np.linspace(0, 255, 144).astype(np.uint8)[None, :, None], 64, axis=0)
    pixels = np.repeat(rising, 3, axis=2)
    pixels[32:] = pixels[32:, ::-1]

    found = TellingScorer().look(View(144, 64, memoryview(pixels.tobytes())))

    assert found.print == 0xFFFF_FFFF_0000_0000
