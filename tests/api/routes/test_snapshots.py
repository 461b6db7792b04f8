"""`POST /v1/snapshots`: what is taken, what is refused, whom a job is shared with, what is told."""

import hashlib
import json
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from tests.api.attempts import Attempts
from worker import wiring
from worker.contracts.names import Visibility
from worker.contracts.snapshot_results import FileInfo, SnapshotInfo, SnapshotResult, StoryboardInfo
from worker.ports import Output
from worker.settings import Settings

SOURCE = {"url": "https://example.com/clip.mp4"}
GOOD: dict[str, Any] = {"source": SOURCE, "times": [1.5, "50%"]}
INVALID, UNBUILT = "request.invalid", "request.not_available"


def post(client: httpx2.Client, **changes: Any) -> Any:
    return client.post("/v1/snapshots", json={**GOOD, **changes}).raise_for_status().json()


def test_a_request_becomes_a_queued_job_of_the_backfill(client: httpx2.Client) -> None:
    answer = client.post("/v1/snapshots", json=GOOD)

    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["kind"], job["status"], job["lane"]) == ("snapshot", "queued", "backfill")
    assert job["request"] == {
        "source": SOURCE,
        "times": [1.5, "50%"],
        "format": "jpeg",
        "quality": 85,
        "pick": "exact",
        "storyboard": False,
        "lane": "backfill",
        "metadata": {},
    }
    assert client.get(answer.headers["location"]).json() == job


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({"interval_s": 2, "max": 10, "size": 128}, id="interval"),
        pytest.param({"count": 5, "width": 320, "height": 180, "fit": "crop"}, id="count"),
        pytest.param({"sprite": {"columns": 5, "rows": 5}}, id="sprite"),
        pytest.param({"storyboard": True, "lane": "live"}, id="storyboard"),
        pytest.param({"preview": {"format": "mp4"}}, id="preview"),
        pytest.param({"candidates": 3, "pick": "nearest_key"}, id="candidates"),
    ],
)
def test_each_kind_of_picture_may_be_asked_for_alone(
    client: httpx2.Client, wanted: dict[str, Any]
) -> None:
    answer = client.post("/v1/snapshots", json={"source": SOURCE, **wanted})

    assert answer.status_code == 202
    assert answer.json()["request"].items() >= {"source": SOURCE}.items()


@pytest.mark.parametrize(
    ("changes", "code", "fields"),
    [
        pytest.param({"times": None}, INVALID, ["body"], id="nothing-wanted"),
        pytest.param({"times": [-1]}, INVALID, ["times[0]"], id="negative"),
        pytest.param({"times": [0] * 1001}, INVALID, ["times"], id="too-many"),
        pytest.param({"times": ["x", "101%"]}, INVALID, ["times[0]", "times[1]"], id="no-times"),
        pytest.param({"count": 3}, INVALID, ["body"], id="two-ways"),
        pytest.param({"times": None, "interval_s": 0}, INVALID, ["interval_s"], id="interval-0"),
        pytest.param({"sprite": {"columns": 0}}, INVALID, ["sprite.columns"], id="no-columns"),
        pytest.param(
            {"sprite": {"columns": 100, "tile_width": 1024}}, INVALID, ["sprite"], id="too-wide"
        ),
        pytest.param({"preview": {"format": "avi"}}, INVALID, ["preview.format"], id="preview"),
        pytest.param({"size": 5000}, INVALID, ["size"], id="size"),
        pytest.param({"sizes": [64]}, INVALID, ["sizes"], id="a-field-of-covers"),
        pytest.param(
            {"callback_url": "u"}, "webhook.url_blocked", ["callback_url"], id="callback-url"
        ),
        pytest.param(
            {"source": {"url": "https://u@example.com/"}},
            "source.url_not_allowed",
            ["source.url"],
            id="a-url-with-a-user",
        ),
    ],
)
def test_every_wrong_field_is_named(
    client: httpx2.Client, changes: dict[str, Any], code: str, fields: list[str]
) -> None:
    answer = client.post("/v1/snapshots", json={**GOOD, **changes})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code)
    assert sorted(error["field"] for error in problem["errors"]) == fields
    assert client.get("/v1/jobs").json()["jobs"] == []


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-1", "1e400", '"1e3%"', "true"])
def test_a_time_is_a_finite_number_of_seconds(client: httpx2.Client, text: str) -> None:
    body = f'{{"source": {{"url": "{SOURCE["url"]}"}}, "times": [{text}]}}'

    answer = client.post(
        "/v1/snapshots", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code in {400, 422}
    assert answer.json()["code"] == INVALID


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        pytest.param({"Idempotency-Key": "k"}, UNBUILT, id="idempotency"),
        pytest.param({"Content-Type": "text/plain"}, "request.content_type", id="text"),
    ],
)
def test_what_covers_do_not_take_is_not_taken_here(
    client: httpx2.Client, headers: dict[str, str], code: str
) -> None:
    told = {"Content-Type": "application/json", **headers}

    answer = client.post("/v1/snapshots", content=b"{}", headers=told)

    assert answer.json()["code"] == code


def test_an_upload_that_does_not_exist_is_named(client: httpx2.Client) -> None:
    source = {"upload": "upl_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"}

    answer = client.post("/v1/snapshots", json={**GOOD, "source": source})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (404, "request.not_found")
    assert problem["errors"][0]["field"] == "source.upload"


def test_callers_that_ask_for_the_same_share_a_job_until_it_ends(
    client: httpx2.Client, attempts: Attempts
) -> None:
    job_id = post(client)["id"]

    assert post(client)["id"] == job_id
    assert post(client, times=[2])["id"] != job_id
    result = SnapshotResult(source="clip.mp4", status="succeeded")
    attempts.begin(job_id, "snapshot").finish(result)
    assert post(client)["id"] != job_id


def test_a_finished_job_is_told_with_its_result(client: httpx2.Client, attempts: Attempts) -> None:
    job_id = post(client)["id"]
    result = SnapshotResult(
        source="clip.mp4", status="succeeded", missing_ms=(1500,), flags=("frames.missing",)
    )
    attempts.begin(job_id, "snapshot").finish(result)

    job = client.get(f"/v1/jobs/{job_id}").json()

    assert job["status"] == "succeeded"
    assert job["result"] == result.model_dump(mode="json")
    assert job["links"]["self"] == f"/v1/jobs/{job_id}"
    assert "files" not in job["links"]


def test_jobs_are_listed_by_their_kind(client: httpx2.Client) -> None:
    snapshot = post(client)["id"]
    cover = client.post("/v1/covers", json={"source": SOURCE}).json()["id"]

    def listed(kind: str) -> list[str]:
        jobs = client.get("/v1/jobs", params={"kind": kind}).json()["jobs"]
        return [job["id"] for job in jobs]

    assert (listed("snapshot"), listed("cover"), listed("plan")) == ([snapshot], [cover], [])


def _free(*_: str) -> None:
    """Nobody counts who needs an object."""


def _file(
    settings: Settings, visibility: Visibility, data: bytes, output: Output
) -> dict[str, Any]:
    placed = wiring.store_destination(settings)("default", visibility, _free).put(data, output)
    return {
        **placed._asdict(),
        "content_type": output.content_type,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def _made(settings: Settings, visibility: Visibility) -> SnapshotResult:
    """A still and a storyboard of three indexes, in the store that the settings name."""

    def index(data: bytes, extension: str, content_type: str) -> dict[str, Any]:
        output = Output("snapshots", "storyboard", extension, content_type)
        return _file(settings, visibility, data, output)

    still = Output("snapshots", "snapshot-001", "jpg", "image/jpeg")
    shape: dict[str, Any] = {"number": 1, "width": 8, "height": 8, "crop_box": (0, 0, 8, 8)}
    return SnapshotResult(
        source="clip.mp4",
        status="succeeded",
        snapshots=(
            SnapshotInfo(
                **_file(settings, visibility, b"still", still), offset_ms=0, pts_ms=0, **shape
            ),
        ),
        storyboard=StoryboardInfo(
            **index(b"vtt", "vtt", "text/vtt"),
            hls=FileInfo(**index(b"hls", "m3u8", "application/vnd.apple.mpegurl")),
            dash=FileInfo(**index(b"dash", "mpd", "application/dash+xml")),
        ),
    )


def test_private_files_come_with_links_in_the_order_of_the_result(
    client: httpx2.Client, attempts: Attempts, settings: Settings
) -> None:
    job_id = post(client, visibility="private")["id"]
    attempts.begin(job_id, "snapshot").finish(_made(settings, "private"))

    job = client.get(f"/v1/jobs/{job_id}").json()

    base = settings.store.public_base_url
    paths = [f"/objects{link.removeprefix(base)}" for link in job["links"]["files"]]
    assert [client.get(path).content for path in paths] == [b"still", b"vtt", b"hls", b"dash"]
    assert [client.get(path.partition("?")[0]).status_code for path in paths] == [403] * 4
    assert "covers" not in job["links"]


def test_public_files_need_no_links(
    client: httpx2.Client, attempts: Attempts, settings: Settings
) -> None:
    job_id = post(client)["id"]
    attempts.begin(job_id, "snapshot").finish(_made(settings, "public"))

    job = client.get(f"/v1/jobs/{job_id}").json()

    base = settings.store.public_base_url
    url = job["result"]["storyboard"]["hls"]["url"]
    assert "files" not in job["links"]
    assert client.get(f"/objects{url.removeprefix(base)}").content == b"hls"


_NUMBERS = st.integers(-2, 20_000) | st.floats() | st.sampled_from(["0%", "1e3%", "-1%", "9" * 400])
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["columns", "rows", "tile_width", "interval_s", "duration_s", "width"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
_WAYS = ("times", "interval_s", "count", "max", "sprite", "storyboard", "preview", "candidates")
_SHAPES = ("width", "height", "size", "fit", "pick", "lane", "visibility", "metadata")


@given(wanted=st.dictionaries(st.sampled_from((*_WAYS, *_SHAPES)), _VALUES, max_size=4))
@profile(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_wish_makes_the_server_fail(client: httpx2.Client, wanted: dict[str, Any]) -> None:
    body = json.dumps({"source": SOURCE, **wanted})

    answer = client.post(
        "/v1/snapshots", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code in {202, 400, 422}
    if answer.status_code == 422:
        assert answer.json()["errors"]
