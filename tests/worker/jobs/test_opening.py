"""What names a medium's bytes is known once its source was opened."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.readers import BytesReader
from worker.decoders.still import StillDecoder
from worker.errors import MediaError, SourceError
from worker.jobs.opening import KnownMedia, Opening
from worker.sources.local import LocalSource


def test_the_fingerprint_is_that_of_what_was_opened(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"a clip")
    opening = Opening(lambda: LocalSource(max_bytes=100).open(path))
    assert opening.fingerprint is None

    with closing(opening()) as reader:
        assert opening.fingerprint == reader.fingerprint is not None
        assert opening.label == str(path)


def test_a_source_that_cannot_be_opened_has_none(tmp_path: Path) -> None:
    opening = Opening(lambda: LocalSource(max_bytes=100).open(tmp_path / "none"))

    with pytest.raises(SourceError):
        opening()
    assert opening.fingerprint is None


def test_what_was_opened_last_is_known_until_the_next_is_opened(photo: Path) -> None:
    media = KnownMedia(StillDecoder())
    with closing(media.open(BytesReader(photo.read_bytes()), needed_px=None)) as opened:
        assert media.last == opened.info

    with pytest.raises(MediaError):
        media.open(BytesReader(b"no picture"), needed_px=None)
    assert media.last is None
