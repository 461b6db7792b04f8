"""What is special about WebP, AVIF and PNG covers."""

from pathlib import Path

import pytest
from PIL import Image

from worker.encoders.pillow import AvifEncoder, PngEncoder, WebpEncoder
from worker.errors import ImageError
from worker.ports import Encoder, View


@pytest.fixture
def view(photo: Path) -> View:
    with Image.open(photo) as portrait:
        pixels = portrait.convert("RGB").resize((128, 128)).tobytes()
    return View(128, 128, memoryview(pixels))


@pytest.mark.parametrize(
    ("encoder", "limit_px"),
    [
        pytest.param(WebpEncoder(webp_method=0), 16_383, id="webp"),
        pytest.param(AvifEncoder(avif_speed=10), 32_768, id="avif"),
    ],
)
def test_a_side_over_the_formats_limit_is_an_encoding_error(
    encoder: Encoder, limit_px: int
) -> None:
    too_wide = View(limit_px + 1, 1, memoryview(bytes(3 * limit_px + 3)))

    with pytest.raises(ImageError, match=str(limit_px)) as caught:
        encoder.encode(too_wide, quality=85)

    assert caught.value.code == "image.encode_failed"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(WebpEncoder(webp_method=0), WebpEncoder(webp_method=6), id="webp"),
        pytest.param(AvifEncoder(avif_speed=10), AvifEncoder(avif_speed=6), id="avif"),
    ],
)
def test_the_effort_changes_the_file(one: Encoder, other: Encoder, view: View) -> None:
    assert one.encode(view, quality=85) != other.encode(view, quality=85)


def test_png_is_lossless_whatever_the_quality(view: View) -> None:
    assert PngEncoder().encode(view, quality=1) == PngEncoder().encode(view, quality=100)
