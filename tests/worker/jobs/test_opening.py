"""What names a medium's bytes is known once its source was opened."""

from contextlib import closing
from pathlib import Path

import pytest

from worker.errors import SourceError
from worker.jobs.opening import Opening
from worker.sources.local import LocalSource


def test_the_fingerprint_is_that_of_what_was_opened(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"a clip")
    opening = Opening(lambda: LocalSource(max_bytes=100).open(path))
    assert opening.fingerprint is None

    with closing(opening()) as reader:
        assert opening.fingerprint == reader.fingerprint is not None


def test_a_source_that_cannot_be_opened_has_none(tmp_path: Path) -> None:
    opening = Opening(lambda: LocalSource(max_bytes=100).open(tmp_path / "none"))

    with pytest.raises(SourceError):
        opening()
    assert opening.fingerprint is None
