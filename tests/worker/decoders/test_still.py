from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from tests.readers import BytesReader
from worker.decoders.still import StillDecoder, StillMedium
from worker.errors import MediaError, SourceError
from worker.geometry.shapes import Box

PLAIN = (40, 120, 200)
FORMATS: dict[str, dict[str, Any]] = {
    "jpeg": {"quality": 95, "subsampling": 0},
    "png": {},
    "webp": {"lossless": True},
    "gif": {},
    "avif": {"quality": 95, "speed": 10},
    "tiff": {},
    "bmp": {},
}


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def opened(data: bytes, *, needed_px: int | None = None, **options: Any) -> StillMedium:
    return StillDecoder(**options).open(BytesReader(data), needed_px=needed_px)


def rgb(medium: StillMedium, width: int | None = None, height: int | None = None) -> np.ndarray:
    info = medium.info
    width, height = width or info.width, height or info.height
    view = medium.view(medium.frame("first"), Box(0, 0, info.width, info.height), width, height)
    return np.frombuffer(view.pixels, np.uint8).reshape(height, width, 3)


def near(pixels: np.ndarray, colour: tuple[int, ...], tolerance: float = 4) -> bool:
    return bool(np.abs(pixels.reshape(-1, 3).mean(axis=0) - colour).max() <= tolerance)


@pytest.fixture(scope="module")
def scene(photo: Path) -> Image.Image:
    with Image.open(photo) as image:
        return image.convert("RGB")


@pytest.mark.parametrize("format", sorted(FORMATS))
@pytest.mark.parametrize("needed_px", [None, 512, 200, 33])
def test_each_format_at_each_scale(format: str, needed_px: int | None, scene: Image.Image) -> None:
    data = saved(scene, format, **FORMATS[format])

    medium = opened(data, needed_px=needed_px)
    pixels = rgb(medium, 51, 60)

    expected = np.asarray(scene.resize((51, 60), Image.Resampling.BOX)).astype(int)
    # Twice averaged, by a whole factor and by the rest, is a little softer than once.
    allowed = 9 if format == "gif" else 6
    assert np.abs(pixels.astype(int) - expected).mean() < allowed
    assert medium.info.format == format
    assert (medium.info.width, medium.info.height) == (512, 600)


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "tiff", "bmp"])
def test_a_finer_view_decodes_again(format: str, scene: Image.Image) -> None:
    data = saved(scene, format, **FORMATS[format])
    medium = opened(data, needed_px=32)
    frame = medium.frame("first")

    view = medium.view(frame, Box(100, 100, 128, 128), 128, 128)

    expected = np.asarray(scene.crop((100, 100, 228, 228))).astype(int)
    pixels = np.frombuffer(view.pixels, np.uint8).reshape(128, 128, 3)
    assert np.abs(pixels - expected).mean() < 6


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(Image.new("RGBA", (40, 30), (9, 9, 9, 0)), id="transparent"),
        pytest.param(Image.new("LA", (40, 30), (9, 0)), id="grey-with-alpha"),
    ],
)
@pytest.mark.parametrize("format", ["png", "webp", "avif", "tiff"])
def test_alpha_is_flattened_onto_the_background(image: Image.Image, format: str) -> None:
    data = saved(image if format != "webp" else image.convert("RGBA"), format)

    medium = StillDecoder(background="#2878c8").open(BytesReader(data), needed_px=None)

    assert near(rgb(medium), PLAIN)


@pytest.mark.parametrize(
    ("image", "format", "colour"),
    [
        pytest.param(Image.new("L", (9, 7), 128), "png", (128, 128, 128), id="grey"),
        pytest.param(Image.new("L", (9, 7), 128), "jpeg", (128, 128, 128), id="grey-jpeg"),
        pytest.param(Image.new("1", (9, 7), 1), "tiff", (255, 255, 255), id="bilevel"),
        pytest.param(Image.new("1", (9, 7), 1), "png", (255, 255, 255), id="bilevel-png"),
        pytest.param(Image.new("I;16", (9, 7), 32_896), "png", (128, 128, 128), id="16-bit"),
        pytest.param(Image.new("RGB", (9, 7), PLAIN).quantize(4), "png", PLAIN, id="palette"),
        pytest.param(Image.new("RGB", (9, 7), PLAIN).quantize(4), "gif", PLAIN, id="gif"),
        pytest.param(Image.new("CMYK", (9, 7), (0, 0, 0, 0)), "jpeg", (255,) * 3, id="cmyk"),
        pytest.param(Image.new("CMYK", (9, 7), (0, 0, 0, 0)), "tiff", (255,) * 3, id="cmyk-tiff"),
        pytest.param(Image.new("RGB", (1, 1), PLAIN), "png", PLAIN, id="one-pixel"),
        pytest.param(Image.new("RGB", (1, 1), PLAIN), "jpeg", PLAIN, id="one-pixel-jpeg"),
    ],
)
def test_colour_models_become_rgb(image: Image.Image, format: str, colour: tuple[int, ...]) -> None:
    assert near(rgb(opened(saved(image, format))), colour)


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "avif", "tiff"])
def test_colours_of_a_profile_become_srgb(format: str) -> None:
    """In LAB's own profile space a colour differs; a round trip through sRGB's must not."""
    wide = ImageCms.ImageCmsProfile(BytesIO(profile_with_swapped_channels()))
    image = Image.new("RGB", (24, 16), (200, 40, 120))
    expected = ImageCms.profileToProfile(image, wide, ImageCms.createProfile("sRGB"))
    assert expected is not None
    data = saved(image, format, **FORMATS[format], icc_profile=wide.tobytes())

    assert near(rgb(opened(data)), expected.getpixel((3, 3)))  # type: ignore[arg-type]


def profile_with_swapped_channels() -> bytes:
    """sRGB's profile with red and blue primaries exchanged and the name gone."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for text in ("sRGB".encode("utf-16-be"), b"sRGB"):
        profile = profile.replace(text, bytes(len(text)))
    return profile.replace(b"rXYZ", b"xXYZ").replace(b"bXYZ", b"rXYZ").replace(b"xXYZ", b"bXYZ")


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "tiff", "avif"])
def test_exif_orientations_stand_upright(format: str, value: int) -> None:
    stored = Image.new("RGB", (48, 32), (255, 255, 255))
    stored.paste((200, 0, 0), (0, 0, 24, 16))
    exif = Image.Exif()
    exif[0x0112] = value
    with Image.open(BytesIO(saved(stored, "png", exif=exif))) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    data = saved(stored, format, **FORMATS[format], exif=exif)

    pixels = rgb(opened(data))

    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected.astype(int)).mean() < 3


def test_an_animation_shows_its_first_frame() -> None:
    frames = [Image.new("RGB", (20, 20), PLAIN), Image.new("RGB", (20, 20), (0, 0, 0))]
    for format in ("gif", "webp", "png", "avif"):
        data = saved(frames[0], format, save_all=True, append_images=frames[1:])

        assert near(rgb(opened(data)), PLAIN, 8), format


@pytest.mark.parametrize("format", sorted(set(FORMATS) - {"bmp"}))
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("needed_px", [None, 64])
def test_a_cut_picture_is_an_error_and_no_half_grey_one(
    format: str, share: float, needed_px: int | None, scene: Image.Image
) -> None:
    data = saved(scene, format, **FORMATS[format])

    with pytest.raises(MediaError) as caught:
        rgb(opened(data[: int(len(data) * share)], needed_px=needed_px), 20, 20)

    assert caught.value.code == "media.corrupt"


def test_a_jpeg_with_stray_bytes_is_shown(scene: Image.Image) -> None:
    data = saved(scene, "jpeg", quality=90)
    stray = data[:-2] + b"\x00\x11\x22" + data[-2:]

    assert np.array_equal(rgb(opened(stray)), rgb(opened(stray + b"trailing bytes")))
    assert np.abs(rgb(opened(stray)).astype(int) - rgb(opened(data)).astype(int)).mean() < 2


@pytest.mark.parametrize(
    ("options", "format", "needed_px", "refused"),
    [
        pytest.param({"max_mpx": 0.3}, "png", None, True, id="png"),
        pytest.param({"max_mpx": 0.31}, "png", None, False, id="png-that-just-fits"),
        pytest.param({"max_mpx": 0.3}, "jpeg", 64, False, id="scaled-jpeg"),
        pytest.param({"max_mpx": 0.3}, "jpeg", None, True, id="jpeg-in-full"),
        pytest.param({"max_scaled_jpeg_mpx": 0.3}, "jpeg", 64, True, id="scaled-jpeg-over-its-cap"),
    ],
)
def test_pixels_are_counted_before_decoding(
    options: dict[str, float], format: str, needed_px: int | None, refused: bool, scene: Image.Image
) -> None:
    data = saved(scene, format)

    if not refused:
        assert opened(data, needed_px=needed_px, **options).info.width == 512
        return
    with pytest.raises(MediaError) as caught:
        opened(data, needed_px=needed_px, **options)
    assert caught.value.code == "media.too_many_pixels"


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(
            bytes.fromhex(
                "47494638396120002000f1030000000000ff0000ff00ffffff"
                "21f904c9000000002c000000ffffff290500008f"
            ),
            id="gif-whose-frame-reaches-far-out",
        ),
        pytest.param(
            b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f"
            + (12_999 << 14 | 12_999).to_bytes(4, "little")
            + bytes(9),
            id="webp-of-34-bytes",
        ),
    ],
)
def test_bombs_are_refused(bomb: bytes) -> None:
    with pytest.raises(MediaError) as caught:
        opened(bomb, needed_px=256)

    assert caught.value.code == "media.too_many_pixels"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", id="svg"),
        pytest.param(b"%PDF-1.7\n", id="pdf"),
        pytest.param(b"\x00\x00\x00\x0cjP  \r\n\x87\n", id="jpeg-2000"),
        pytest.param(b"plain text", id="text"),
        pytest.param(b"<html><body>404</body></html>", id="html"),
        pytest.param(b"\x00\x00\x00\x18ftypisom", id="a-movie"),
    ],
)
def test_other_files_are_no_media(data: bytes) -> None:
    with pytest.raises(MediaError) as caught:
        opened(data)

    assert caught.value.code == "media.not_media"


def test_an_empty_file_is_an_empty_source() -> None:
    with pytest.raises(SourceError) as caught:
        opened(b"")

    assert caught.value.code == "source.empty"


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_failing_source_is_told_as_itself(share: float, scene: Image.Image) -> None:
    data = saved(scene, "png")
    fault = SourceError("source.throttled", delay_s=3)

    with pytest.raises(SourceError) as caught:
        StillDecoder().open(
            BytesReader(data, fails_at=int(len(data) * share), error=fault), needed_px=None
        )

    assert caught.value is fault


def test_views_need_no_more_memory_than_they_say(scene: Image.Image) -> None:
    medium = opened(saved(scene, "jpeg"))

    view = medium.view(medium.frame("first"), Box(3, 5, 301, 299), 91, 51)

    assert (view.width_px, view.height_px, len(view.pixels)) == (91, 51, 91 * 51 * 3)
