"""Jobs as callers see them: private covers come with links that open them, public ones without."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from tests.api.attempts import Attempts
from tests.api.conftest import Served
from tests.api.routes.test_jobs import make_job
from tests.minio_server import Minio
from worker import wiring
from worker.contracts.names import Visibility
from worker.contracts.results import CoverInfo, CoverResult
from worker.encoders.jpeg import JpegEncoder
from worker.ports import Output
from worker.settings import Settings, StoreSettings

DATA = b"the bytes of a cover"
BODY = {"source": {"url": "https://example.com/clip.mp4"}}


@pytest.fixture
def minio_settings(settings: Settings, minio: Minio, bucket: str) -> Settings:
    """The settings with a bucket as their store."""
    store = StoreSettings(
        kind="minio",
        endpoint=minio.endpoint,
        access_key=SecretStr(minio.access_key),
        secret_key=SecretStr(minio.secret_key),
        bucket=bucket,
        public_base_url=f"http://{minio.endpoint}/{bucket}",
    )
    return settings.model_copy(update={"store": store})


def done(settings: Settings, client: httpx2.Client, visibility: Visibility) -> Any:
    """A finished job with one cover in the store that the settings name."""
    encoder = JpegEncoder()
    keys: list[str] = []
    destination = wiring.store_destination(settings)("default", visibility, keys.append)
    placed = destination.put(DATA, Output("covers", "64", encoder.extension, encoder.content_type))
    told = CoverInfo(
        size=64,
        ratio="1:1",
        crop_box=(0, 0, 64, 64),
        width=64,
        height=64,
        **placed._asdict(),
        content_type=encoder.content_type,
        bytes=len(DATA),
        sha256="0" * 64,
        upscaled=False,
    )
    job_id = client.post("/v1/covers", json=BODY).json()["id"]
    result = CoverResult(source="clip.mp4", status="succeeded", covers=(told,))
    Attempts(settings).begin(job_id).finish(result)
    return client.get(f"/v1/jobs/{job_id}").json()


def test_public_covers_need_no_links(settings: Settings, client: httpx2.Client) -> None:
    job = done(settings, client, "public")

    path = f"/v1/jobs/{job['id']}"
    assert job["links"] == {"self": path, "events": f"{path}/events"}
    assert job["result"]["covers"][0]["url"].endswith(job["result"]["covers"][0]["key"])


def test_a_private_cover_in_a_folder_is_opened_by_its_link_only(
    settings: Settings, client: httpx2.Client
) -> None:
    job = done(settings, client, "private")

    (told,), (link,) = job["result"]["covers"], job["links"]["covers"]
    assert told["url"] is None
    path = link.removeprefix(settings.store.public_base_url)
    assert client.get(f"/objects{path}").content == DATA
    assert client.get(f"/objects/{told['key']}").status_code == 403


def test_a_private_cover_in_minio_is_opened_by_its_link_only(
    minio_settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    with httpx2.Client(base_url=serve(minio_settings).url, timeout=20) as client:
        job = done(minio_settings, client, "private")

    (told,), (link,) = job["result"]["covers"], job["links"]["covers"]
    plain = f"{minio_settings.store.public_base_url}/{told['key']}"
    assert httpx2.get(link, trust_env=False).content == DATA
    assert httpx2.get(plain, trust_env=False).status_code == 403


def test_links_are_made_wherever_a_job_is_told(settings: Settings, client: httpx2.Client) -> None:
    done(settings, client, "private")

    (listed,) = client.get("/v1/jobs").json()["jobs"]

    assert len(listed["links"]["covers"]) == 1


def test_a_store_without_a_secret_gives_no_links_and_the_job_all_the_same(
    settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    store = settings.store.model_copy(update={"link_secret": None})
    bare = settings.model_copy(update={"store": store})

    with httpx2.Client(base_url=serve(bare).url, timeout=20) as client:
        job = done(bare, client, "private")

    assert (job["status"], job["links"]["covers"]) == ("succeeded", [])


def test_a_running_job_tells_how_far_it_is(client: httpx2.Client, attempts: Attempts) -> None:
    job_id = make_job(client)
    lease = attempts.begin(job_id)
    lease.enter("decode")
    lease.progress(41.5, 90_000)

    running = client.get(f"/v1/jobs/{job_id}").json()
    lease.give_back()
    queued = client.get(f"/v1/jobs/{job_id}").json()

    assert running["progress"] == {"percent": 41.5, "stage": "decode", "at_ms": 90_000}
    assert queued["progress"] is None
