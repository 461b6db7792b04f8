"""The catalogue with real processes: makers against sweepers, failures, and lost records."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.integration.queue_parts import TENANT, GatedSource, House
from tests.minio_server import Minio
from worker.contracts.snapshots import SnapshotRequest
from worker.rules.catalogue import image_id, medium_id
from worker.settings import CONFIG_VARIABLE
from worker.state.images import ImageFilters

ROUNDS = 40


@pytest.fixture
def source() -> Iterator[GatedSource]:
    picture = BytesIO()
    Image.new("RGB", (320, 200), "#40a0e0").save(picture, "JPEG")
    made = GatedSource(picture.getvalue())
    made.gate.set()
    yield made
    made.close()


@pytest.fixture
def house(one_redis_url: str, tmp_path: Path, source: GatedSource) -> Iterator[House]:
    made = House(one_redis_url, tmp_path / "house", source)
    made.open()
    yield made
    made.close()


def a_folder(request: pytest.FixtureRequest) -> str:
    folder = request.getfixturevalue("tmp_path") / "objects"
    folder.mkdir()
    return f'folder = "{folder}"'


def a_bucket(request: pytest.FixtureRequest) -> str:
    minio: Minio = request.getfixturevalue("minio")
    values = {**minio._asdict(), "bucket": request.getfixturevalue("bucket"), "kind": "minio"}
    return "\n".join(f"{name} = {json.dumps(value)}" for name, value in values.items())


@pytest.mark.parametrize(
    "store", [a_folder, pytest.param(a_bucket, marks=pytest.mark.minio)], ids=["folder", "bucket"]
)
def test_no_object_is_deleted_under_a_job_that_refers_to_it(
    request: pytest.FixtureRequest,
    one_redis_url: str,
    tmp_path: Path,
    store: Callable[[pytest.FixtureRequest], str],
) -> None:
    config = tmp_path / "firstframe.toml"
    config.write_text(f'[redis]\nurl = "{one_redis_url}"\n[store]\n{store(request)}\n')
    command = [sys.executable, "-m", "tests.integration.catalogue_race"]

    def start(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command, *arguments],
            env={**os.environ, CONFIG_VARIABLE: str(config)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    sweepers = [start("sweep") for _ in range(2)]
    makers = [start("make", str(ROUNDS)) for _ in range(2)]
    told = [maker.communicate(timeout=100) for maker in makers]
    for sweeper in sweepers:
        assert sweeper.poll() is None
        sweeper.kill()
        sweeper.communicate()

    assert [maker.returncode for maker in makers] == [0, 0], told
    assert sum(int(out) for out, _ in told) > 5


def test_a_job_is_done_only_with_its_records_and_loses_nothing_by_waiting(house: House) -> None:
    objects = house.config.parent / "objects"
    (objects / "catalogue").write_text("in the way of all documents")
    house.start_worker()

    job = house.create()
    house.wait_for(lambda: house.now(job).attempts >= 1 and "storage" in house.log())
    assert house.now(job).finished_at is None
    assert len(list((objects / "covers").rglob("*.jpg"))) == 1
    (objects / "catalogue").unlink()

    assert house.ended(job).status == "succeeded"
    record = house.state.images.read(TENANT, image_id(job.id, "covers/64"))
    assert record is not None
    assert record.status == "Normal"
    assert len(list((objects / "catalogue").rglob("*.json"))) == 2


def test_a_medium_that_a_job_failed_over_is_known(house: House) -> None:
    house.start_worker()

    job = house.ended(house.snapshots(candidates=1))

    assert job.error
    assert job.error.code == "media.not_video"
    source = job.request.source if isinstance(job.request, SnapshotRequest) else None
    assert source
    medium = house.state.media.read(TENANT, medium_id(TENANT, source, None))
    assert medium
    assert (medium.probe.format, medium.probe.width, medium.probe.height) == ("jpeg", 320, 200)
    assert medium.source == source.url
    documents = house.config.parent / "objects" / "catalogue" / TENANT / "media"
    assert [path.stem for path in documents.rglob("*.json")] == [medium.medium_id]


def test_records_that_were_lost_are_made_anew_by_the_command(house: House) -> None:
    house.start_worker()
    for sizes in ([64], [64, 32]):
        assert house.ended(house.create(sizes=sizes)).status == "succeeded"
    before = house.state.images.page(TENANT, ImageFilters(), cursor=None, limit=10)
    media = {image.medium_id for image in before.images}
    assert len(before.images) == 3
    assert len(media) == 1
    house.redis.flushdb()

    told = subprocess.run(
        [sys.executable, "-m", "worker.commands", "images", "rebuild"],
        env={**os.environ, CONFIG_VARIABLE: str(house.config)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert told.stdout == "3 pictures and 1 media added, 0 were known\n"
    assert house.state.images.page(TENANT, ImageFilters(), cursor=None, limit=10) == before
