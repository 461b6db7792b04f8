"""Records and notices of libraries: the operator's on loopback, nobody's on an open API."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.api.attempts import Attempts
from tests.api.conftest import Served
from tests.api.test_reach import ENTRY
from tests.api.test_targets import CALLBACK, TO_HUAWEI, with_providers
from worker import wiring
from worker.contracts.jobs import Job
from worker.contracts.names import DEFAULT_TENANT
from worker.contracts.records import RecordedCover, RecordOrder
from worker.contracts.requests import CoverRequest
from worker.settings import Settings

UPLOAD = {**TO_HUAWEI, "profile": "upload"}
OF_LIBRARY = {"source": {"entry": ENTRY}, "visibility": "private"}
OF_URL = {"source": {"url": "https://example.com/clip.mp4"}}


@pytest.fixture
def opened(settings: Settings, serve: Callable[[Settings], Served]) -> Iterator[httpx2.Client]:
    """A client of an open API over the same records."""
    api = settings.api.model_copy(update={"open": True})
    url = serve(with_providers(settings).model_copy(update={"api": api})).url
    with httpx2.Client(base_url=url, timeout=20) as made:
        yield made


def _job(settings: Settings, body: dict[str, Any]) -> Job:
    """A job with a target and a callback URL that has ended, and so a record and a notice."""
    told = {**body, "target": UPLOAD, "callback_url": CALLBACK}
    state = wiring.state(settings, timeout_s=5)
    job = state.jobs.create(DEFAULT_TENANT, CoverRequest.model_validate(told))
    state.lanes.release("live")
    Attempts(settings).fail(job.id)
    return job


def _paths(client: httpx2.Client, job: Job) -> list[str]:
    """The paths of what there is of a job's record and of its notices."""
    record = client.get(f"/v1/records?job={job.id}").json()["records"]
    notices = client.get("/v1/notices").json()["notices"]
    found = [*record, *(each for each in notices if each["job"] == job.id)]
    return [each["links"]["self"] for each in found]


def test_an_open_api_shows_records_and_notices_of_no_library(
    settings: Settings, client: httpx2.Client, opened: httpx2.Client
) -> None:
    hidden, open_to_all = _job(settings, OF_LIBRARY), _job(settings, OF_URL)
    paths = _paths(client, hidden)

    assert len(paths) == 3
    assert len(_paths(opened, open_to_all)) == 3
    assert _paths(opened, hidden) == []
    for path in paths:
        assert client.get(path).status_code == 200
        assert opened.get(path).status_code == 404
        again = "retry" if path.startswith("/v1/records") else "replay"
        assert opened.post(f"{path}/{again}").status_code == 404


def test_an_open_api_shows_no_record_whose_cover_is_of_an_unknown_medium(
    settings: Settings, client: httpx2.Client, opened: httpx2.Client
) -> None:
    cover = RecordedCover(
        key="covers/aa/a.jpg", content_type="image/jpeg", bytes=1, sha256="a", width=1, height=1
    )
    order = RecordOrder.model_validate({"target": UPLOAD, "cover": cover})
    (record,) = wiring.state(settings, timeout_s=5).records.create(DEFAULT_TENANT, [order])

    assert client.get(f"/v1/records/{record.id}").status_code == 200
    assert opened.get(f"/v1/records/{record.id}").status_code == 404


def test_an_open_api_records_no_covers_of_libraries(
    settings: Settings, opened: httpx2.Client
) -> None:
    job = _job(settings, OF_LIBRARY)

    answer = opened.post("/v1/records", json={"job": job.id, "target": UPLOAD})

    assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")
    assert [error["field"] for error in answer.json()["errors"]] == ["job"]
