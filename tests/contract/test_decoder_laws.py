"""The laws of the Decoder port: for both decoders, and for the child that runs them."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from tests.corpus import CorpusFile
from tests.media import Clip, made, photo_path
from tests.readers import BytesReader
from worker.decoders.pyav import PyavDecoder
from worker.decoders.still import StillDecoder
from worker.errors import CoverError, MediaError, RequestError, SourceError, StorageError
from worker.geometry.shapes import Box
from worker.ports import Decoder, Frame, OpenMedium, Reader, View
from worker.sandbox.decoder import SandboxedDecoder
from worker.sources.local import LocalSource

MIB = 1 << 20
REFUSED_BY_CHOICE = {"videos/attached-picture-01.mp3"}


class Subject(NamedTuple):
    """A decoder and a medium for it, as stored upright and as stored turned."""

    decoder: Decoder
    plain: Path
    turned: Path


@pytest.fixture(scope="module")
def sandboxed() -> Iterator[SandboxedDecoder]:
    decoder = SandboxedDecoder(max_bytes=64 * MIB)
    yield decoder
    decoder.close()


@pytest.fixture(scope="module")
def turned_photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 5
    with Image.open(photo_path()) as photo:
        photo.save(path, quality=95, exif=exif)
    return path


@pytest.fixture(params=["pyav", "still", "sandboxed-video", "sandboxed-still"])
def subject(
    request: pytest.FixtureRequest, sandboxed: SandboxedDecoder, photo: Path, turned_photo: Path
) -> Subject:
    clips = made(Clip()), made(Clip(rotation_cw=90, mirrored=True))
    match request.param:
        case "pyav":
            return Subject(PyavDecoder(), *clips)
        case "still":
            return Subject(StillDecoder(), photo, turned_photo)
        case "sandboxed-video":
            return Subject(sandboxed, *clips)
    return Subject(sandboxed, photo, turned_photo)


@pytest.fixture(params=["descriptor", "read"])
def reader_of(request: pytest.FixtureRequest) -> Callable[[Path], Reader]:
    """Opens a path as a local file, whose descriptor may be read, and as bytes asked for."""
    if request.param == "descriptor":
        return LocalSource(max_bytes=64 * MIB).open
    return lambda path: BytesReader(path.read_bytes())


def whole(medium: OpenMedium) -> Box:
    return Box(0, 0, medium.info.width, medium.info.height)


def pixels(view: View) -> np.ndarray:
    return np.frombuffer(view.pixels, np.uint8).reshape(view.height_px, view.width_px, 3)


def near(one: View, other: np.ndarray, allowed: float = 3) -> bool:
    return bool(np.abs(pixels(one).astype(int) - other.astype(int)).mean() < allowed)


def first(
    subject: Subject, reader: Reader, needed_px: int | None = None
) -> tuple[OpenMedium, Frame]:
    medium = subject.decoder.open(reader, needed_px=needed_px)
    return medium, medium.frame("first")


def test_a_view_has_just_its_pixels(subject: Subject, reader_of: Callable[[Path], Reader]) -> None:
    medium, frame = first(subject, reader_of(subject.plain))

    for size in ((1, 1), (7, 3), (91, 51), (455, 256), (700, 900)):
        view = medium.view(frame, whole(medium), *size)

        assert (view.width_px, view.height_px) == size
        assert (view.pixels.nbytes, view.pixels.contiguous) == (size[0] * size[1] * 3, True)
    medium.close()


def test_the_same_bytes_give_the_same_frame(
    subject: Subject, reader_of: Callable[[Path], Reader]
) -> None:
    views = []
    for _ in range(2):
        medium, frame = first(subject, reader_of(subject.turned))
        views.append(medium.view(frame, whole(medium), 90, 60))
        medium.close()

    assert bytes(views[0].pixels) == bytes(views[1].pixels)


def test_a_view_outlives_its_medium(subject: Subject, reader_of: Callable[[Path], Reader]) -> None:
    medium, frame = first(subject, reader_of(subject.plain))
    view = medium.view(frame, whole(medium), 64, 64)
    before = bytes(view.pixels)
    other = medium.view(frame, Box(5, 5, 40, 40), 64, 64)
    medium.release(frame)
    medium.close()

    assert bytes(view.pixels) == before != bytes(other.pixels)


def test_info_is_upright_and_counts_bytes(
    subject: Subject, reader_of: Callable[[Path], Reader]
) -> None:
    plain, _ = first(subject, reader_of(subject.plain))
    turned, _ = first(subject, reader_of(subject.turned))

    assert (turned.info.width, turned.info.height) == (plain.info.height, plain.info.width)
    assert (plain.info.rotation_cw, plain.info.mirrored) == (0, False)
    assert turned.info.rotation_cw in {90, 270}
    assert turned.info.mirrored
    assert plain.info.bytes_total == subject.plain.stat().st_size
    assert 0 < plain.info.bytes_read <= 2 * subject.plain.stat().st_size
    plain.close()
    turned.close()


def test_a_turned_medium_shows_the_plain_one_turned(
    subject: Subject, reader_of: Callable[[Path], Reader]
) -> None:
    plain, plain_frame = first(subject, reader_of(subject.plain))
    turned, turned_frame = first(subject, reader_of(subject.turned))
    stored = pixels(plain.view(plain_frame, whole(plain), 128, 96))

    view = turned.view(turned_frame, whole(turned), 96, 128)

    mirrored = stored[:, ::-1]
    assert near(view, np.rot90(mirrored, -turned.info.rotation_cw // 90))
    plain.close()
    turned.close()


@pytest.mark.parametrize(
    "box", [Box(0, 0, 100, 100), Box(37, 41, 201, 150), Box(200, 100, 64, 200)]
)
@pytest.mark.parametrize("needed_px", [None, 64])
def test_a_box_shows_its_part_of_the_whole(
    subject: Subject, box: Box, needed_px: int | None
) -> None:
    medium, frame = first(subject, BytesReader(subject.turned.read_bytes()), needed_px)
    full = pixels(medium.view(frame, whole(medium), medium.info.width, medium.info.height))

    view = medium.view(frame, box, box.width, box.height)

    assert near(view, full[box.top : box.bottom, box.left : box.right], 6)
    medium.close()


def test_shrinking_averages_areas(subject: Subject) -> None:
    """Every second pixel would do for a picture of stripes; the mean of a picture must hold."""
    medium, frame = first(subject, BytesReader(subject.plain.read_bytes()))
    full = pixels(medium.view(frame, whole(medium), medium.info.width, medium.info.height))

    tiny = pixels(medium.view(frame, whole(medium), 3, 2))

    assert np.abs(tiny.mean(axis=(0, 1)) - full.mean(axis=(0, 1))).max() < 3
    medium.close()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"just text, long enough to be something else", id="text"),
        pytest.param(b"<html><body>Not found</body></html>", id="html"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="svg"),
        pytest.param(b"#EXTM3U\n", id="playlist"),
        pytest.param(bytes(5000), id="zeros"),
    ],
)
def test_what_is_no_medium_is_refused(subject: Subject, data: bytes) -> None:
    with pytest.raises(MediaError) as caught:
        subject.decoder.open(BytesReader(data), needed_px=None)

    assert caught.value.code == "media.not_media"


def test_an_empty_source_is_said_to_be_empty(subject: Subject) -> None:
    with pytest.raises(SourceError) as caught:
        subject.decoder.open(BytesReader(b""), needed_px=None)

    assert caught.value.code == "source.empty"


def test_a_cut_medium_is_corrupt(subject: Subject) -> None:
    data = subject.plain.read_bytes()[:3000]

    with pytest.raises(MediaError) as caught:
        first(subject, BytesReader(data))

    assert caught.value.code == "media.corrupt"


@pytest.mark.parametrize(
    "share",
    [
        pytest.param(0, id="head"),
        pytest.param(0.4, id="middle"),
        pytest.param(0.8, id="late"),
        pytest.param(1, id="tail"),
    ],
)
@pytest.mark.parametrize(
    "fault",
    [
        SourceError("source.throttled", "Come back later.", delay_s=9),
        StorageError("storage.unavailable"),
        RequestError("request.not_found"),
    ],
    ids=lambda fault: fault.code,
)
def test_an_error_of_the_reader_comes_through_as_itself(
    subject: Subject, fault: CoverError, share: float
) -> None:
    data = subject.plain.read_bytes()
    reader = BytesReader(data, fails_at=int((len(data) - 1) * share), error=fault)

    with pytest.raises(CoverError) as caught:
        first(subject, reader)

    assert caught.value is fault
    medium, _ = first(subject, BytesReader(data))
    medium.close()


def test_a_decoder_goes_on_after_an_error(subject: Subject) -> None:
    with pytest.raises(CoverError):
        subject.decoder.open(BytesReader(b"nothing"), needed_px=None)

    medium, frame = first(subject, BytesReader(subject.plain.read_bytes()))

    assert medium.view(frame, whole(medium), 8, 8).pixels.nbytes == 192
    medium.close()


def test_a_picture_of_one_pixel_has_views(sandboxed: SandboxedDecoder) -> None:
    data = BytesIO()
    Image.new("RGB", (1, 1), (10, 200, 30)).save(data, "png")

    for decoder in (StillDecoder(), sandboxed):
        medium = decoder.open(BytesReader(data.getvalue()), needed_px=256)
        view = medium.view(medium.frame("first"), Box(0, 0, 1, 1), 256, 256)

        assert np.unique(pixels(view).reshape(-1, 3), axis=0).tolist() == [[10, 200, 30]]
        medium.close()


@pytest.mark.corpus
def test_the_corpus_ends_as_expected(
    corpus: dict[str, CorpusFile], sandboxed: SandboxedDecoder
) -> None:
    """Every file: its expected end, and its stated size upright where it is shown."""
    pids = sandboxed.pids[0]
    wrong = {
        name: outcome
        for name, file in corpus.items()
        if (outcome := _outcome(sandboxed, file.path)) != _expected(file)
    }

    assert set(wrong) <= REFUSED_BY_CHOICE
    assert sandboxed.pids[0] == pids, "a child died"


def _outcome(decoder: Decoder, path: Path) -> tuple[int, int] | str:
    try:
        reader = LocalSource(max_bytes=64 * MIB).open(path)
        medium = decoder.open(reader, needed_px=256)
        frame = medium.frame("first")
        medium.view(frame, whole(medium), 64, 64)
    except CoverError:
        return "error"
    medium.close()
    reader.close()
    return medium.info.width, medium.info.height


def _expected(file: CorpusFile) -> tuple[int, int] | str:
    if file.facts["expect"] != "ok":
        return "error"
    return file.facts["width"], file.facts["height"]
