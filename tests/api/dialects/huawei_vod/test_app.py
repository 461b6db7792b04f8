"""The dialect against the vendor's own client, in both of its forms."""

import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.api.conftest import Served
from tests.api.dialects.huawei_vod.conftest import with_accounts
from tests.api.dialects.huawei_vod.projects import SECRET, Project
from tests.vendors import Clients
from worker.settings import Settings
from worker.state.callers import KEPT_S

JPEG = b"\xff\xd8\xff\xe0" + bytes(100)

pytestmark = pytest.mark.vendors

Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest, vendors_clients: Callable[[str], Clients]) -> Ask:
    """The outcomes of calls that the vendor's client makes for a project."""

    def outcomes(
        project: Project, *calls: dict[str, Any], **changes: object
    ) -> list[dict[str, Any]]:
        told = {
            "endpoint": str(project.client.base_url).rstrip("/"),
            "access_key": project.account.access_key,
            "secret": SECRET,
            "project_id": project.account.project_id,
            "asynchronous": request.param == "async",
            "calls": calls,
            **changes,
        }
        return vendors_clients("huawei_vod_calls").ask(told)

    return outcomes


def _refused(outcome: dict[str, Any]) -> tuple[str, int, str]:
    assert outcome["message"]
    assert len(outcome["request_id"]) == 32
    return outcome["kind"], outcome["status"], outcome["code"]


def test_the_client_sets_a_cover_and_reads_it_back(project: Project, ask: Ask) -> None:
    asset = project.asset()
    named = f"http://127.0.0.1:9/asset/{asset.asset_id}/%E5%B0%81+a.jpg?x=1&y=%20"

    calls = [
        {"call": "details", "asset_id": asset.asset_id},
        {"call": "set_cover", "url": asset.url},
        {"call": "details", "asset_id": asset.asset_id, "categories": ["base_info"]},
        {"call": "set_cover", "url": named},
        {
            "call": "details",
            "asset_id": asset.asset_id,
            "categories": ["thumbnail_info", "base_info"],
        },
    ]
    before, first, shown, second, both = ask(project, *calls)

    assert [each["status"] for each in (before, first, shown, second, both)] == [
        *(200, 204, 200, 204, 200)
    ]
    assert first["told"] == {}
    assert before["told"]["asset_id"] == asset.asset_id
    assert before["told"]["base_info"]["meta_data"]["duration_ms"] == 10_000
    assert before["told"]["transcode_info"]["transcode_status"] == "UN_TRANSCODE"
    assert before["told"]["review_info"]["review_status"] == "UN_REVIEW"
    assert shown["told"]["base_info"]["cover_info_array"] == [{"cover_url": asset.url}]
    assert both["told"]["base_info"]["cover_info_array"] == [{"cover_url": named}]
    assert both["told"]["thumbnail_info"]["sample"][0]["url"].startswith(asset.url)
    assert "review_info" not in {name for name, told in both["told"].items() if told}


def test_the_client_uploads_a_cover(project: Project, ask: Ask) -> None:
    asset = project.asset()
    fields = {"asset_id": asset.asset_id, "cover_id": 0, "cover_type": "JPG"}

    (begun,) = ask(project, {"call": "begin_upload", "fields": fields})

    assert begun["status"] == 200
    link = begun["told"]["cover_upload_url"]
    assert project.put_cover(link, JPEG).status_code == 200


def test_every_refusal_reaches_the_clients_caller(project: Project, ask: Ask) -> None:
    asset_id = project.asset().asset_id
    calls = {
        ("ClientRequestException", 400, "VOD.10062"): [
            {"call": "set_cover", "url": "https://elsewhere.example/a.jpg"},
            {"call": "details", "asset_id": "f" * 32},
            {"call": "begin_upload", "fields": {"asset_id": "f" * 32, "cover_type": "PNG"}},
        ],
        ("ClientRequestException", 400, "VOD.10053"): [
            {"call": "set_cover"},
            {"call": "set_nothing"},
            {"call": "set_cover", "url": f"ftp://host/asset/{asset_id}/a.jpg"},
            {"call": "details"},
            {"call": "details", "asset_id": "x"},
            {"call": "details", "asset_id": asset_id, "categories": ["covers"]},
            {"call": "begin_upload", "fields": {"asset_id": asset_id}},
            {"call": "begin_upload", "fields": {"asset_id": asset_id, "cover_type": "GIF"}},
        ],
    }

    for expected, asked in calls.items():
        assert [_refused(each) for each in ask(project, *asked)] == [expected] * len(asked)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"secret": "wrong"}, (401, "APIGW.0301"), id="secret"),
        pytest.param({"access_key": "AKNOBODYS00000000001"}, (401, "APIGW.0301"), id="key"),
        pytest.param({"security_token": "STS"}, (401, "APIGW.0301"), id="temporary"),
        pytest.param({"project_id": "f" * 32}, (403, "VOD.10057"), id="project"),
    ],
)
def test_a_client_that_is_not_the_projects_is_told_so(
    project: Project, ask: Ask, changes: dict[str, object], expected: tuple[int, str]
) -> None:
    (told,) = ask(project, {"call": "details", "asset_id": "a" * 32}, **changes)

    assert _refused(told) == ("ClientRequestException", *expected)


def test_a_disabled_account_is_told_so(project: Project, ask: Ask) -> None:
    project.records.set_disabled(project.account.access_key, True)
    time.sleep(KEPT_S)

    (told,) = ask(project, {"call": "details", "asset_id": "a" * 32})

    assert _refused(told) == ("ClientRequestException", 401, "APIGW.0301")


def test_a_token_beside_the_clients_signature_does_no_harm(project: Project, ask: Ask) -> None:
    asset = project.asset()
    call = {"call": "details", "asset_id": asset.asset_id}

    (told,) = ask(project, call, token=project.token_text())

    assert told["status"] == 200


def test_a_client_that_calls_too_often_is_told_so(
    settings: Settings, serve: Callable[[Settings], Served], ask: Ask
) -> None:
    slow = with_accounts(settings, calls_per_second=1)
    with httpx2.Client(base_url=serve(slow).url) as client:
        project = Project(slow, client)
        told = ask(project, *[{"call": "details", "asset_id": "a" * 32}] * 5)

    # The client keeps nothing of such an answer but its status.
    assert (told[0]["status"], told[0]["code"]) == (400, "VOD.10062")
    assert (told[-1]["status"], told[-1]["code"]) == (429, "429")
