"""The laws of the Scorer port, for every scorer."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from worker import registry
from worker.ports import Look, Scorer, View

Pixels = npt.NDArray[np.uint8]
Change = Callable[[Pixels], Pixels]


@pytest.fixture(params=sorted(registry.SCORERS))
def scorer(request: pytest.FixtureRequest) -> Scorer:
    made: Scorer = registry.load(registry.SCORERS, request.param)()
    return made


@pytest.fixture(scope="module")
def scene(photo: Path) -> Pixels:
    """256 px on its short side, with a face."""
    with Image.open(photo) as picture:
        return np.asarray(picture.convert("RGB").crop((0, 40, 512, 424)).resize((342, 256)))


def look(scorer: Scorer, pixels: npt.ArrayLike) -> Look:
    rows = np.ascontiguousarray(pixels, np.uint8)
    return scorer.look(View(rows.shape[1], rows.shape[0], memoryview(rows.tobytes())))


def different_bits(one: Look, other: Look) -> int:
    return (one.print ^ other.print).bit_count()


def plain(*colour: int) -> Pixels:
    return np.full((144, 256, 3), colour, np.uint8)


NOISE = np.random.default_rng(5).integers(0, 8, (144, 256, 3), np.uint8)


@pytest.mark.parametrize(
    "pixels",
    [
        pytest.param(plain(0, 0, 0), id="black"),
        pytest.param(plain(255, 255, 255), id="white"),
        pytest.param(plain(127, 127, 127), id="grey"),
        pytest.param(plain(255, 0, 0), id="red"),
        pytest.param(plain(16, 16, 16) + NOISE, id="black-with-noise"),
        pytest.param(plain(247, 247, 247) + NOISE, id="white-with-noise"),
        pytest.param(plain(0, 0, 0)[:1, :1], id="one-pixel"),
    ],
)
def test_what_shows_nothing_tells_next_to_nothing(scorer: Scorer, pixels: Pixels) -> None:
    assert 0 <= look(scorer, pixels).score < 3


def test_a_scene_tells_much(scorer: Scorer, scene: Pixels) -> None:
    assert 40 < look(scorer, scene).score <= 100


@pytest.mark.parametrize("seed", range(3))
def test_a_score_is_from_0_to_100_and_a_print_has_64_bits(scorer: Scorer, seed: int) -> None:
    wild = np.random.default_rng(seed).choice([0, 255], (200, 130, 3))

    found = look(scorer, wild)

    assert 0 <= found.score <= 100
    assert 0 <= found.print < 2**64


def test_the_more_blurred_the_less_a_scene_tells(scorer: Scorer, scene: Pixels) -> None:
    scores = [look(scorer, scene).score] + [
        look(scorer, cv2.GaussianBlur(scene, (0, 0), sigma)).score for sigma in (1.5, 4, 12)
    ]

    assert scores == sorted(set(scores), reverse=True)


@pytest.mark.parametrize(
    "faded",
    [
        pytest.param(lambda scene: scene // 8, id="to-black"),
        pytest.param(lambda scene: 255 - (255 - scene) // 8, id="to-white"),
        pytest.param(lambda scene: 112 + scene // 8, id="to-grey"),
    ],
)
def test_a_faded_scene_tells_less_than_half(scorer: Scorer, scene: Pixels, faded: Change) -> None:
    assert look(scorer, faded(scene)).score < look(scorer, scene).score / 2


def test_the_same_view_has_the_same_look(scorer: Scorer, scene: Pixels) -> None:
    assert len({look(scorer, scene) for _ in range(3)}) == 1


@pytest.mark.parametrize("short_px", [128, 160, 200])
def test_size_hardly_changes_a_look(scorer: Scorer, scene: Pixels, short_px: int) -> None:
    size = (round(scene.shape[1] * short_px / 256), short_px)
    smaller = cv2.resize(scene, size, interpolation=cv2.INTER_AREA)

    one, other = look(scorer, scene), look(scorer, smaller)

    assert different_bits(one, other) <= 3
    assert abs(one.score - other.score) < 8


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda scene: scene[2:-2, 2:-2], id="a-few-pixels-off"),
        pytest.param(lambda scene: scene // 10 * 9 + 10, id="another-brightness"),
        pytest.param(lambda scene: cv2.GaussianBlur(scene, (0, 0), 2), id="blurred"),
    ],
)
def test_alike_frames_have_alike_prints(scorer: Scorer, scene: Pixels, changed: Change) -> None:
    assert different_bits(look(scorer, scene), look(scorer, changed(scene))) <= 10


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda scene: scene[:, ::-1], id="mirrored"),
        pytest.param(lambda scene: scene[::-1], id="upside-down"),
        pytest.param(lambda scene: scene[:120, :160], id="another-part"),
    ],
)
def test_different_frames_have_different_prints(
    scorer: Scorer, scene: Pixels, other: Change
) -> None:
    assert different_bits(look(scorer, scene), look(scorer, other(scene))) > 10
