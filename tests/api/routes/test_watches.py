"""Watches over HTTP: begun by a request for covers, listed, read, stopped."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.api.attempts import Attempts
from tests.api.conftest import Served
from worker.settings import Settings

ALBUM = {"provider": "tencent_smh", "library_id": "smh1", "album": "trip"}
FILE = {"provider": "tencent_smh", "library_id": "smh1", "path": "a/b"}
TARGET = {"provider": "dry_run", "of": FILE}
BODY: dict[str, Any] = {"source": {"album": ALBUM}, "sizes": [64], "target": TARGET, "watch": True}
UNKNOWN = "wat_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"


@pytest.fixture
def watching(settings: Settings, serve: Callable[[Settings], Served]) -> Iterator[httpx2.Client]:
    """A client of an API with a library at Tencent SMH, two of whose albums may be watched."""
    profile = {"library_id": "smh1", "library_secret": "hidden", "mode": "beside"}
    given = settings.model_dump()
    given["providers"]["tencent_smh"] = {"main": profile}
    given["watches"]["max_per_tenant"] = 2
    served = serve(Settings.model_validate(given))
    with httpx2.Client(base_url=served.url, timeout=20) as opened:
        yield opened


def begin(client: httpx2.Client, album: str = "trip", **changes: Any) -> dict[str, Any]:
    body = {**BODY, "source": {"album": {**ALBUM, "album": album}}, **changes}
    answer = client.post("/v1/covers", json=body)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def test_a_request_with_watch_has_a_job_that_tells_its_watch(watching: httpx2.Client) -> None:
    job = begin(watching)

    watch = watching.get(job["links"]["watch"]).json()

    assert watch["links"] == {"self": job["links"]["watch"], "job": job["links"]["self"]}
    assert (watch["state"], watch["job"], watch["job_status"]) == ("watching", job["id"], "queued")
    assert watch["request"] == job["request"]
    assert watch["request"]["watch"] is True
    assert watch["medium"] is None
    assert watch["next_at"] is not None
    assert job["record"]["state"] == "pending"
    assert watching.get(job["links"]["self"]).json()["links"]["watch"] == watch["links"]["self"]


def test_a_request_without_it_has_none(watching: httpx2.Client) -> None:
    job = begin(watching, watch=False)

    assert "watch" not in job["links"]
    assert watching.get("/v1/watches").json() == {"watches": [], "next": None}


def test_the_pictures_of_a_watchs_job_are_expected(watching: httpx2.Client) -> None:
    job = begin(watching)

    (image,) = watching.get(f"/v1/images?job={job['id']}").json()["images"]

    assert image["status"] == "Uploading"


def test_the_same_request_again_is_the_same_watch_and_job(watching: httpx2.Client) -> None:
    assert begin(watching)["id"] == begin(watching)["id"]
    assert len(watching.get("/v1/watches").json()["watches"]) == 1


def test_many_lines_have_a_watch_each_up_to_the_limit(watching: httpx2.Client) -> None:
    lines = [json.dumps({**BODY, "source": {"album": {**ALBUM, "album": name}}}) for name in "abc"]
    answer = watching.post(
        "/v1/covers",
        content="\n".join(lines),
        headers={"Content-Type": "application/x-ndjson"},
    )

    told = [json.loads(line) for line in answer.text.splitlines()]
    assert [each.get("code") for each in told] == [None, None, "watch.full"]
    assert len(watching.get("/v1/jobs").json()["jobs"]) == 2


def test_beyond_the_limit_a_request_is_refused_and_makes_no_job(watching: httpx2.Client) -> None:
    for name in ("a", "b"):
        begin(watching, name)

    answer = watching.post("/v1/covers", json=BODY)

    assert (answer.status_code, answer.json()["code"]) == (409, "watch.full")
    assert len(watching.get("/v1/jobs").json()["jobs"]) == 2


def test_watches_come_in_pages_newest_first(watching: httpx2.Client) -> None:
    for name in ("a", "b"):
        begin(watching, name)

    first = watching.get("/v1/watches?limit=1").json()
    second = watching.get(f"/v1/watches?limit=1&cursor={first['next']}").json()

    told = [*first["watches"], *second["watches"]]
    assert [each["request"]["source"]["album"]["album"] for each in told] == ["b", "a"]


@pytest.mark.parametrize("query", ["cursor=x", "limit=0", "limit=201", "state=watching"])
def test_a_list_takes_only_what_it_knows(watching: httpx2.Client, query: str) -> None:
    answer = watching.get(f"/v1/watches?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


def test_a_watch_is_stopped_once_and_begins_again_when_asked_for(
    watching: httpx2.Client,
) -> None:
    path = begin(watching)["links"]["watch"]

    answers = [watching.delete(path) for _ in range(2)]

    assert [(each.status_code, each.json()["state"]) for each in answers] == [(200, "stopped")] * 2
    assert answers[0].json() == answers[1].json() == watching.get(path).json()
    assert begin(watching)["links"]["watch"] == path
    assert watching.get(path).json()["state"] == "watching"


def test_a_stopped_watch_leaves_its_job_alone(watching: httpx2.Client) -> None:
    job = begin(watching)
    watching.delete(job["links"]["watch"])

    assert watching.get(job["links"]["self"]).json()["status"] == "queued"


@pytest.mark.parametrize("watch_id", [UNKNOWN, "wat_1", "x"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_watch_is_not_found(watching: httpx2.Client, method: str, watch_id: str) -> None:
    answer = watching.request(method, f"/v1/watches/{watch_id}")

    assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")


def test_a_watch_tells_the_medium_of_its_last_cover(
    watching: httpx2.Client, settings: Settings
) -> None:
    job = begin(watching)
    Attempts(settings).succeed(job["id"])

    watch = watching.get(job["links"]["watch"]).json()

    assert watch["medium"] == {"source": "clip.mp4", "version": None, "job": job["id"]}


def test_a_cover_that_would_become_a_medium_of_the_album_is_refused(
    watching: httpx2.Client,
) -> None:
    target = {"provider": "tencent_smh", "library_id": "smh1", "path": "trip/b.jpg"}

    answer = watching.post("/v1/covers", json={**BODY, "target": target})

    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert answer.json()["errors"][0]["field"] == "watch"
    elsewhere = {**target, "path": "covers/b.jpg"}
    assert watching.post("/v1/covers", json={**BODY, "target": elsewhere}).status_code == 202


def test_a_forecast_watches_nothing(watching: httpx2.Client) -> None:
    watching.post("/v1/covers?plan=true", json=BODY, headers={"Prefer": "wait=0"})

    assert watching.get("/v1/watches").json()["watches"] == []
