"""Jobs over files of libraries: the operator's on loopback, nobody's on an open API."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from tests.api.attempts import Attempts
from tests.api.conftest import Served
from tests.api.routes.test_jobs import make_job
from worker import wiring
from worker.contracts.jobs import AnyRequest
from worker.contracts.libraries import LibraryInfo
from worker.contracts.names import DEFAULT_TENANT
from worker.contracts.requests import ChecksumRequest, CoverRequest
from worker.contracts.results import CoverInfo, CoverResult
from worker.rules.catalogue import image_id
from worker.rules.keys import private_key
from worker.settings import Settings

ENTRY = {
    "library_id": "holiday",
    "space_id": "-",
    "entry_id": "ent_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D",
    "version_id": "1",
}
OF_LIBRARIES: list[AnyRequest] = [
    CoverRequest.model_validate({"source": {"entry": ENTRY}, "visibility": "private"}),
    ChecksumRequest(transfer="trn_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"),
]
by_kind = pytest.mark.parametrize("wanted", OF_LIBRARIES, ids=["cover", "checksum"])


@pytest.fixture
def opened(settings: Settings, serve: Callable[[Settings], Served]) -> Iterator[httpx2.Client]:
    """A client of an open API over the same records."""
    api = settings.api.model_copy(update={"open": True})
    url = serve(settings.model_copy(update={"api": api})).url
    with httpx2.Client(base_url=url, timeout=20) as made:
        yield made


def _made(settings: Settings, wanted: AnyRequest) -> str:
    return wiring.state(settings, timeout_s=5).jobs.create(DEFAULT_TENANT, wanted).id


def _ids(client: httpx2.Client, query: str = "") -> list[str]:
    """The listed jobs, through all pages."""
    page = client.get(f"/v1/jobs?limit=1{query}").raise_for_status().json()
    ids = [job["id"] for job in page["jobs"]]
    return ids + (_ids(client, f"&cursor={page['next']}") if page["next"] else [])


@by_kind
def test_an_open_api_leaves_them_out_of_the_list(
    settings: Settings, opened: httpx2.Client, wanted: AnyRequest
) -> None:
    before = make_job(opened, quality=1)
    _made(settings, wanted)
    after = make_job(opened, quality=2)

    assert _ids(opened) == [after, before]


@by_kind
@pytest.mark.parametrize(("method", "action"), [("GET", ""), ("DELETE", ""), ("POST", "/retry")])
def test_an_open_api_does_not_know_their_ids(
    settings: Settings, opened: httpx2.Client, wanted: AnyRequest, method: str, action: str
) -> None:
    job_id = _made(settings, wanted)

    answer = opened.request(method, f"/v1/jobs/{job_id}{action}")

    assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")
    job = wiring.state(settings, timeout_s=5).jobs.read(DEFAULT_TENANT, job_id)
    assert job is not None
    assert job.status == "queued"


@by_kind
def test_on_loopback_the_operator_sees_them(
    settings: Settings, client: httpx2.Client, wanted: AnyRequest
) -> None:
    job_id = _made(settings, wanted)

    assert _ids(client) == [job_id]
    assert client.get(f"/v1/jobs/{job_id}").json()["id"] == job_id
    assert client.delete(f"/v1/jobs/{job_id}").json()["status"] == "cancelled"


@pytest.mark.parametrize("public_read", [True, False])
def test_an_open_api_makes_no_covers_of_files_of_libraries(
    settings: Settings, client: httpx2.Client, opened: httpx2.Client, public_read: bool
) -> None:
    info = LibraryInfo(
        id="holiday", tenant=DEFAULT_TENANT, kind="media", public_read=public_read, created_ms=1
    )
    wiring.state(settings, timeout_s=5).libraries.create(info, secret="s")
    body = {"source": {"entry": ENTRY}}

    refused = opened.post("/v1/covers", json=body)

    assert (refused.status_code, refused.json()["code"]) == (404, "request.not_found")
    assert [error["field"] for error in refused.json()["errors"]] == ["source.entry"]
    assert client.post("/v1/covers", json=body).status_code == 202


def test_an_open_api_makes_no_covers_of_pictures_of_libraries(
    settings: Settings, client: httpx2.Client, opened: httpx2.Client
) -> None:
    job_id = _made(settings, OF_LIBRARIES[0])
    state = wiring.state(settings, timeout_s=5)
    catalogue = wiring.catalogue(state, wiring.store(settings))
    attempts = Attempts(settings)
    state.lanes.release("live")
    catalogue.keep(attempts.begin(job_id).job, _COVERED, None)
    image = {"provider": "firstframe", "image_id": image_id(job_id, "covers/cover")}
    body = {"source": {"image": image}}

    refused = opened.post("/v1/covers", json=body)

    assert (refused.status_code, refused.json()["code"]) == (404, "request.not_found")
    made = client.post("/v1/covers", json=body).raise_for_status().json()
    assert made["request"]["visibility"] == "private"
    assert opened.get(f"/v1/jobs/{made['id']}").status_code == 404
    assert client.get(f"/v1/jobs/{made['id']}").status_code == 200


_COVERED = CoverResult(
    source="clip.mp4",
    status="succeeded",
    covers=(
        CoverInfo(
            size=None,
            ratio=None,
            crop_box=(0, 0, 8, 8),
            width=8,
            height=8,
            path=None,
            url=None,
            key=private_key(DEFAULT_TENANT, "a" * 64, "jpg"),
            content_type="image/jpeg",
            bytes=10,
            sha256="a" * 64,
            upscaled=False,
        ),
    ),
)
