"""The laws of the Encoder port, for every encoder; Pillow opens what they made."""

from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageCms

from worker.encoders.jpeg import JpegEncoder
from worker.encoders.pillow import AvifEncoder, PngEncoder, WebpEncoder
from worker.errors import ImageError
from worker.ports import Encoder, View

FORMATS = {"jpg": "JPEG", "webp": "WEBP", "avif": "AVIF", "png": "PNG"}


@pytest.fixture(
    params=[
        pytest.param(JpegEncoder(), id="jpeg"),
        pytest.param(WebpEncoder(webp_method=0), id="webp"),
        pytest.param(AvifEncoder(avif_speed=10), id="avif"),
        pytest.param(PngEncoder(), id="png"),
    ]
)
def encoder(request: pytest.FixtureRequest) -> Encoder:
    made: Encoder = request.param
    return made


@pytest.fixture(scope="module")
def portrait(photo: Path) -> npt.NDArray[np.uint8]:
    with Image.open(photo) as picture:
        return np.asarray(picture.convert("RGB").crop((0, 60, 511, 501)))


def view_of(pixels: npt.NDArray[np.uint8]) -> View:
    height_px, width_px, _ = pixels.shape
    return View(width_px, height_px, memoryview(pixels.tobytes()))


def opened(data: bytes) -> Image.Image:
    picture = Image.open(BytesIO(data))
    picture.load()
    return picture


@pytest.mark.parametrize(
    ("width_px", "height_px"),
    [
        pytest.param(1, 1, id="one-pixel"),
        pytest.param(255, 256, id="odd-width"),
        pytest.param(64, 17, id="odd-height"),
        pytest.param(3, 500, id="narrow"),
    ],
)
def test_the_file_has_exactly_the_views_size(
    encoder: Encoder, width_px: int, height_px: int
) -> None:
    pixels = np.full((height_px, width_px, 3), 128, np.uint8)

    picture = opened(encoder.encode(view_of(pixels), quality=85))

    assert picture.size == (width_px, height_px)
    assert picture.mode == "RGB"


def test_type_and_extension_tell_the_format(
    encoder: Encoder, portrait: npt.NDArray[np.uint8]
) -> None:
    picture = opened(encoder.encode(view_of(portrait), quality=85))

    assert picture.format == FORMATS[encoder.extension]
    assert encoder.content_type == Image.MIME[FORMATS[encoder.extension]]


def test_the_colours_stay(encoder: Encoder, portrait: npt.NDArray[np.uint8]) -> None:
    picture = opened(encoder.encode(view_of(portrait), quality=85))

    error = np.asarray(picture).astype(float) - portrait
    psnr_db = 10 * np.log10(255**2 / max(float((error**2).mean()), 1e-9))
    assert psnr_db > 34
    assert np.abs(error.mean(axis=(0, 1))).max() < 1


def test_nothing_but_pixels_is_in_the_file(
    encoder: Encoder, portrait: npt.NDArray[np.uint8]
) -> None:
    picture = opened(encoder.encode(view_of(portrait), quality=85))

    assert not picture.getexif()
    assert not {"exif", "xmp", "comment", "XML:com.adobe.xmp"} & set(picture.info)
    profile = picture.info.get("icc_profile")
    assert profile is None or "sRGB" in ImageCms.getProfileDescription(
        ImageCms.ImageCmsProfile(BytesIO(profile))
    )


def test_the_same_view_gives_the_same_bytes(
    encoder: Encoder, portrait: npt.NDArray[np.uint8]
) -> None:
    view = view_of(portrait)

    assert encoder.encode(view, quality=85) == encoder.encode(view, quality=85)


def test_more_quality_is_never_less_like_the_view(
    encoder: Encoder, portrait: npt.NDArray[np.uint8]
) -> None:
    def mean_error(quality: int) -> float:
        picture = opened(encoder.encode(view_of(portrait), quality=quality))
        return float(np.abs(np.asarray(picture).astype(float) - portrait).mean())

    assert mean_error(95) <= mean_error(60) <= mean_error(10)


def test_a_view_with_too_few_pixels_is_an_encoding_error(encoder: Encoder) -> None:
    with pytest.raises(ImageError) as caught:
        encoder.encode(View(16, 16, memoryview(bytes(30))), quality=85)

    assert caught.value.code == "image.encode_failed"


def test_a_view_without_pixels_is_an_encoding_error(encoder: Encoder) -> None:
    with pytest.raises(ImageError) as caught:
        encoder.encode(View(0, 0, memoryview(b"")), quality=85)

    assert caught.value.code == "image.encode_failed"
