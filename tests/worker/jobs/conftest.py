"""Benches for stories, and a detector that finds nobody because it cannot look."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.worker.jobs.checksum_bench import LIBRARIES, Bench
from tests.worker.jobs.counting import Counting, counting_clip
from tests.worker.state.shelves import Shelf
from worker.detectors.mediapipe import MediapipeDetector
from worker.jobs.checksum import ChecksumStory
from worker.stores.local import LocalStore


@pytest.fixture
def broken_detector(tmp_path: Path) -> MediapipeDetector:
    """A detector whose model has the digest it should have and is no model."""
    path = tmp_path / "model.tflite"
    path.write_bytes(b"not a model" * 100)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return MediapipeDetector(model_path=path, model_sha256=digest)


@pytest.fixture(params=["local", pytest.param("minio", marks=pytest.mark.minio)])
def bench(request: pytest.FixtureRequest, tmp_path: Path, one_redis_url: str) -> Iterator[Bench]:
    """A story over an empty space of each kind of library."""
    objects = tmp_path / "objects"
    objects.mkdir()
    store = LocalStore(folder=objects, public_base_url="http://media.example", link_secret=None)
    shelf, library = Shelf(one_redis_url), LIBRARIES[request.param](request)
    spool = tmp_path / "spool"
    story = ChecksumStory(shelf.transfers, store, library, shelf.index, spool)
    yield Bench(shelf, store, library, story)
    shelf.redis.close()


@pytest.fixture(scope="session")
def count_clip(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Counting], Path]:
    """Makes the file of a `Counting` clip, each once."""
    folder = tmp_path_factory.mktemp("counting")

    def made(clip: Counting) -> Path:
        digest = hashlib.sha256(repr(clip).encode()).hexdigest()[:12]
        path = folder / f"{digest}.{clip.container}"
        return path if path.exists() else counting_clip(path, clip)

    return made
