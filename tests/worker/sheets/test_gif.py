"""GifAnimator: loops, palettes, and time in hundredths of a second."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.moving import Pixels, psnr_db, scenes, unrolled, view_of
from worker.sheets.gif import GifAnimator


def animated(frames: list[Pixels], *, frame_ms: int = 100, quality: int = 85) -> bytes:
    return GifAnimator().animate(map(view_of, frames), frame_ms=frame_ms, quality=quality)


def test_it_loops_for_ever() -> None:
    with Image.open(BytesIO(animated(scenes(3)))) as picture:
        assert picture.info["loop"] == 0


def test_what_a_frame_loses_by_rounding_another_gains() -> None:
    frames = unrolled(animated(scenes(6), frame_ms=67))

    assert [duration_ms for _, duration_ms in frames] == [70, 60, 70, 70, 70, 60]


def test_a_new_scene_has_colours_of_its_own() -> None:
    y, x = np.indices((64, 96))
    warm = np.stack([150 + x, 60 + y, np.full_like(x, 20)], axis=2).astype(np.uint8)
    cold = np.stack([np.full_like(x, 10), 60 + y, 150 + x], axis=2).astype(np.uint8)

    frames = unrolled(animated([warm, warm, cold, cold], quality=100))

    assert psnr_db(frames[-1][0], cold) > 30


@pytest.mark.parametrize(("quality", "most"), [(1, 8), (50, 128), (100, 256)])
def test_quality_is_a_number_of_colours(quality: int, most: int) -> None:
    with Image.open(BytesIO(animated(scenes(1), quality=quality))) as picture:
        colours = picture.convert("RGB").getcolors(256)

    assert colours is not None
    assert most / 2 < len(colours) <= most
