"""The store goes away under a worker: jobs wait for it or end as they should, no URL is early."""

import hashlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from tests.integration.queue_parts import GatedSource, House
from tests.minio_server import MinioServer
from worker.contracts.jobs import Job
from worker.contracts.results import CoverResult


@pytest.fixture
def source() -> Iterator[GatedSource]:
    picture = BytesIO()
    Image.new("RGB", (320, 200), "#40a0e0").save(picture, "JPEG")
    served = GatedSource(picture.getvalue())
    served.gate.set()
    yield served
    served.close()


@pytest.fixture
def house(
    one_redis_url: str, tmp_path: Path, source: GatedSource, own_minio: MinioServer
) -> Iterator[House]:
    """Worker and chores whose covers go to a MinIO server that a test may stop."""
    opened = House(one_redis_url, tmp_path / "house", source)
    where = own_minio.where
    opened.settings_text["store"] = (
        f'kind = "minio"\nendpoint = "{where.endpoint}"\nbucket = "firstframe"\ntimeout_s = 2\n'
        f'access_key = "{where.access_key}"\nsecret_key = "{where.secret_key}"\n'
        f'public_base_url = "http://{where.endpoint}/firstframe"'
    )
    yield opened
    opened.close()


def opens(job: Job) -> None:
    """Each URL that was told gives the bytes that were told."""
    assert isinstance(job.result, CoverResult)
    for cover in job.result.covers:
        answer = httpx2.get(str(cover.url), trust_env=False)
        assert answer.status_code == 200
        assert hashlib.sha256(answer.content).hexdigest() == cover.sha256


def test_a_job_waits_for_a_store_that_is_down_and_then_succeeds(
    house: House, own_minio: MinioServer
) -> None:
    house.open()
    house.start_worker()
    opens(house.ended(house.create()))

    own_minio.stop()
    job = house.create(format="png")
    house.wait_for(lambda: house.told(job).count("running") >= 2)
    assert house.now(job).result is None
    own_minio.start()

    ended = house.ended(job)
    assert ended.status == "succeeded"
    assert 2 <= ended.attempts <= 5
    assert house.told(job).count("succeeded") == 1
    opens(ended)


def test_a_job_whose_time_runs_out_ends_as_storage_unavailable(
    house: House, own_minio: MinioServer
) -> None:
    house.adjust("max_job_age_s = 2")
    house.open()
    house.start_worker()
    own_minio.stop()

    ended = house.ended(house.create())

    assert (ended.status, ended.result) == ("failed", None)
    assert ended.error is not None
    assert (ended.error.code, ended.error.retryable) == ("storage.unavailable", True)
    assert house.told(ended).count("succeeded") == 0
    own_minio.start()
    retried = house.create(format="webp")
    opens(house.ended(retried))


def test_an_upload_into_a_store_that_is_down_is_refused_in_time(
    house: House, own_minio: MinioServer
) -> None:
    house.open()
    url = f"{house.start_api()}/v1/uploads"
    own_minio.stop()

    answer = httpx2.post(url, content=b"bytes", trust_env=False)

    assert (answer.status_code, answer.json()["code"]) == (503, "storage.unavailable")
    assert int(answer.headers["retry-after"]) > 0
    own_minio.start()
    again = httpx2.post(url, content=b"bytes", trust_env=False)
    assert again.status_code == 201
