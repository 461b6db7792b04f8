"""What a request is checked for before it is a job, and whom it shares that job with."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from tests.api.attempts import Attempts
from tests.api.conftest import Served
from worker import wiring
from worker.contracts.libraries import LibraryInfo, SpaceInfo
from worker.settings import AlibabaVodProfile, ProviderSettings, Settings, SmhProfile

BODY: dict[str, Any] = {"source": {"url": "https://example.com/clip.mp4"}, "sizes": [64]}
ALBUM = {"provider": "tencent_smh", "library_id": "lib"}
VENDOR_IMAGE = {"provider": "alibaba_vod", "image_id": "0" * 32}
CALLERS = 100
SECRET = SecretStr("a secret of a library")
PROFILES = ProviderSettings(
    tencent_smh={
        "main": SmhProfile(library_id="lib", library_secret=SECRET),
        "open": SmhProfile(library_id="lib", public_read=True),
        "ann": SmhProfile(library_id="lib", library_secret=SECRET, tenants=["ann"]),
    },
    alibaba_vod={
        "main": AlibabaVodProfile(base_url="https://vod.example", secret_key=SECRET),
        "ann": AlibabaVodProfile(
            base_url="https://vod.example", secret_key=SECRET, tenants=["ann"]
        ),
    },
)


def post(client: httpx2.Client, **changes: Any) -> Any:
    return client.post("/v1/covers", json={**BODY, **changes}).raise_for_status().json()


@pytest.fixture
def smh(settings: Settings, serve: Callable[[Settings], Served]) -> Iterator[httpx2.Client]:
    """A client of an API that has profiles of libraries."""
    served = serve(settings.model_copy(update={"providers": PROFILES}))
    with httpx2.Client(base_url=served.url, timeout=20) as opened:
        yield opened


def test_a_hundred_callers_that_ask_for_the_same_share_one_job(client: httpx2.Client) -> None:
    together = Barrier(CALLERS)

    def ask(_: int) -> str:
        together.wait(20)
        return str(httpx2.post(f"{client.base_url}/v1/covers", json=BODY, timeout=30).json()["id"])

    with ThreadPoolExecutor(CALLERS) as callers:
        ids = Counter(callers.map(ask, range(CALLERS)))

    assert len(ids) == 1
    assert len(client.get("/v1/jobs").json()["jobs"]) == 1


def test_a_job_that_is_running_is_still_shared(client: httpx2.Client, attempts: Attempts) -> None:
    job = post(client)
    attempts.begin(job["id"])

    assert post(client)["id"] == job["id"]


@pytest.mark.parametrize("end", ["succeed", "fail"])
def test_a_job_that_has_ended_is_not_shared(
    client: httpx2.Client, attempts: Attempts, end: str
) -> None:
    job = post(client)
    getattr(attempts, end)(job["id"])

    assert post(client)["id"] != job["id"]


def test_a_cancelled_job_is_not_shared(client: httpx2.Client) -> None:
    job = post(client)
    client.delete(f"/v1/jobs/{job['id']}")

    assert post(client)["id"] != job["id"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"sizes": [65]}, id="size"),
        pytest.param({"visibility": "private"}, id="visibility"),
        pytest.param({"lane": "backfill"}, id="lane"),
        pytest.param({"metadata": {"album": "1"}}, id="metadata"),
    ],
)
def test_requests_that_differ_have_jobs_of_their_own(
    client: httpx2.Client, changes: dict[str, Any]
) -> None:
    assert post(client)["id"] != post(client, **changes)["id"]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        pytest.param(
            {"source": {"album": {**ALBUM, "profile": "gone"}}},
            "source.not_allowed",
            "source.album.profile",
            id="unknown-profile",
        ),
        pytest.param(
            {"source": {"file": {**ALBUM, "path": "a.jpg", "profile": "ann"}}},
            "source.not_allowed",
            "source.file.profile",
            id="profile-of-another-tenant",
        ),
        pytest.param(
            {"source": {"album": {**ALBUM, "library_id": "other"}}},
            "source.not_allowed",
            "source.album.library_id",
            id="another-library",
        ),
        pytest.param(
            {"source": {"album": ALBUM}, "visibility": "public"},
            "request.invalid",
            "visibility",
            id="public-covers-of-a-private-library",
        ),
        pytest.param(
            {"source": {"image": {**VENDOR_IMAGE, "profile": "gone"}}},
            "source.not_allowed",
            "source.image.profile",
            id="unknown-profile-of-an-image",
        ),
        pytest.param(
            {"source": {"image": {**VENDOR_IMAGE, "profile": "ann"}}},
            "source.not_allowed",
            "source.image.profile",
            id="image-of-another-tenant",
        ),
    ],
)
def test_a_library_is_refused_by_the_field_that_is_to_blame(
    smh: httpx2.Client, changes: dict[str, Any], code: str, field: str
) -> None:
    answer = smh.post("/v1/covers", json={**BODY, **changes})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert smh.get("/v1/jobs").json()["jobs"] == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"source": {"album": ALBUM}}, id="album"),
        pytest.param({"source": {"file": {**ALBUM, "path": "a.jpg"}}}, id="file"),
        pytest.param(
            {"source": {"album": {**ALBUM, "profile": "open"}}, "visibility": "public"},
            id="public-covers-of-a-public-library",
        ),
        pytest.param({"source": {"image": VENDOR_IMAGE}}, id="image"),
    ],
)
def test_a_library_is_taken_by_its_profile(smh: httpx2.Client, changes: dict[str, Any]) -> None:
    assert post(smh, **changes)["status"] == "queued"


def entry(library_id: str, space_id: str = "-") -> dict[str, Any]:
    return {
        "entry": {
            "library_id": library_id,
            "space_id": space_id,
            "entry_id": "ent_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D",
            "version_id": "1",
        }
    }


@pytest.fixture
def libraries(settings: Settings) -> None:
    """Libraries with and without spaces of their own, open and closed, ours and another's."""
    records = wiring.state(settings, timeout_s=5).libraries
    for info in (
        LibraryInfo(id="closed", tenant="default", kind="media", created_ms=1),
        LibraryInfo(id="open", tenant="default", kind="media", public_read=True, created_ms=1),
        LibraryInfo(id="bobs", tenant="bob", kind="media", public_read=True, created_ms=1),
        LibraryInfo(id="many", tenant="default", kind="media", multi_tenant=True, created_ms=1),
    ):
        records.create(info, secret="s")
    for space, is_open in (("shown", True), ("hidden", False)):
        records.create_space(
            SpaceInfo(library_id="many", id=space, public_read=is_open, created_ms=1)
        )


@pytest.mark.usefixtures("libraries")
@pytest.mark.parametrize(
    ("source", "visibility"),
    [
        pytest.param(entry("closed"), None, id="ours"),
        pytest.param(entry("closed"), "private", id="ours-private"),
        pytest.param(entry("open"), "public", id="ours-public"),
        pytest.param(entry("many", "hidden"), None, id="a-space"),
        pytest.param(entry("many", "shown"), "public", id="a-public-space"),
    ],
)
def test_a_tenant_takes_covers_from_its_own_libraries(
    client: httpx2.Client, source: dict[str, Any], visibility: str | None
) -> None:
    assert post(client, source=source, visibility=visibility)["status"] == "queued"


@pytest.mark.usefixtures("libraries")
@pytest.mark.parametrize(
    ("source", "visibility", "status", "field"),
    [
        pytest.param(entry("nowhere"), None, 404, "source.entry", id="no-library"),
        pytest.param(entry("bobs"), None, 404, "source.entry", id="of-another-tenant"),
        pytest.param(entry("bobs"), "public", 404, "source.entry", id="of-another-tenant-public"),
        pytest.param(entry("many", "none"), None, 404, "source.entry", id="no-space"),
        pytest.param(entry("closed"), "public", 422, "visibility", id="public-of-private"),
        pytest.param(
            entry("many", "hidden"), "public", 422, "visibility", id="public-of-a-private-space"
        ),
    ],
)
def test_libraries_of_others_do_not_exist_and_private_ones_stay_private(
    client: httpx2.Client, source: dict[str, Any], visibility: str | None, status: int, field: str
) -> None:
    body = {**BODY, "source": source, "visibility": visibility}

    answer = client.post("/v1/covers", json=body)

    problem = answer.json()
    assert answer.status_code == status
    assert problem["code"] == ("request.not_found" if status == 404 else "request.invalid")
    assert [error["field"] for error in problem["errors"]] == [field]
