"""Who is let in, by signature or token, and how bodies are read."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from pydantic import SecretStr

from tests.api.conftest import Served
from tests.api.dialects.huawei_vod.conftest import with_accounts
from tests.api.dialects.huawei_vod.projects import (
    PROJECT_ID,
    Asset,
    Project,
    code_of,
    headers_without,
    with_header,
)
from worker.settings import RedisSettings, Settings
from worker.signing.wire import AccessKey, RawRequest
from worker.state.callers import KEPT_S
from worker.state.sealing import Seal

REFUSED = (401, "APIGW.0301")
SKEWED = (401, "APIGW.0303")


@pytest.fixture
def asset(project: Project) -> Asset:
    return project.asset()


@pytest.fixture
def raw(project: Project, asset: Asset) -> RawRequest:
    """A signed call that is answered with 200 when it is sent as it is."""
    return project.signed("GET", project.path("/details"), query=f"asset_id={asset.asset_id}")


def test_a_signed_call_is_answered(project: Project, raw: RawRequest) -> None:
    answer = project.send(raw)

    assert answer.status_code == 200
    assert len(answer.headers["x-request-id"]) == 32


def test_the_same_call_may_come_twice(project: Project, raw: RawRequest) -> None:
    assert [project.send(raw).status_code for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(lambda raw: headers_without(raw, "authorization"), REFUSED, id="unsigned"),
        pytest.param(lambda raw: headers_without(raw, "x-sdk-date"), REFUSED, id="no-date"),
        pytest.param(
            lambda raw: with_header(raw, {"X-Project-Id": PROJECT_ID}), REFUSED, id="not-covered"
        ),
        pytest.param(
            lambda raw: with_header(raw, {"Content-Type": "application/jsonp"}),
            REFUSED,
            id="other-header",
        ),
        pytest.param(lambda raw: raw._replace(body=b" "), REFUSED, id="other-body"),
        pytest.param(
            lambda raw: raw._replace(query=f"{raw.query}&categories=base_info"),
            REFUSED,
            id="other-query",
        ),
        pytest.param(
            lambda raw: with_header(raw, {"Authorization": "SDK-HMAC-SM3 Access=a"}),
            REFUSED,
            id="other-algorithm",
        ),
        pytest.param(
            lambda raw: with_header(raw, {"Authorization": "Bearer token"}), REFUSED, id="bearer"
        ),
        pytest.param(
            lambda raw: with_header(raw, {"X-Sdk-Date": "20260230T000000Z"}), REFUSED, id="no-day"
        ),
        pytest.param(
            lambda raw: raw._replace(headers=(*raw.headers, ("X-Sdk-Date", "20260101T000000Z"))),
            REFUSED,
            id="doubled-header",
        ),
        pytest.param(
            lambda raw: with_header(raw, {"X-Auth-Token": "no token"})._replace(body=b" "),
            REFUSED,
            id="wrong-signature-beside-a-token",
        ),
    ],
)
def test_what_was_changed_on_the_way_is_refused(
    project: Project,
    raw: RawRequest,
    change: Callable[[RawRequest], RawRequest],
    expected: tuple[int, str],
) -> None:
    assert code_of(project.send(change(raw))) == expected


def test_a_token_makes_no_wrong_signature_good(project: Project, raw: RawRequest) -> None:
    signed = with_header(raw, {"X-Auth-Token": project.token_text()})

    assert project.send(signed).status_code == 200
    assert code_of(project.send(signed._replace(body=b" "))) == REFUSED


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(-16, SKEWED), (16, SKEWED), (-14, None), (14, None)],
)
def test_a_clock_may_be_a_quarter_of_an_hour_off(
    project: Project, asset: Asset, minutes: int, expected: tuple[int, str] | None
) -> None:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    query = f"asset_id={asset.asset_id}"

    answer = project.call("GET", project.path("/details"), query=query, at=at)

    assert (None if answer.status_code == 200 else code_of(answer)) == expected


def test_temporary_credentials_are_none_of_ours(project: Project) -> None:
    key = project.key._replace(security_token="an STS token")

    assert code_of(project.call("GET", project.path("/details"), key=key)) == REFUSED


def test_a_stranger_is_told_no_more_than_who_has_the_wrong_secret(project: Project) -> None:
    stranger = AccessKey("AKNOBODYS00000000001", project.key.secret)
    wrong = project.key._replace(secret="another secret")

    answers = [project.call("GET", project.path("/details"), key=key) for key in (stranger, wrong)]

    assert [code_of(answer) for answer in answers] == [REFUSED, REFUSED]
    assert answers[0].json()["error_msg"] == answers[1].json()["error_msg"]


def test_a_caller_must_be_who_they_are_before_anything_is_looked_at(project: Project) -> None:
    stranger = AccessKey("AKNOBODYS00000000001", "x")

    for path in (project.path("/details"), project.path("/cover"), f"/v1.0/{'f' * 32}/asset/cover"):
        method = "GET" if path.endswith("details") else "PUT"
        assert code_of(project.call(method, path, key=stranger)) == REFUSED


def test_another_project_is_refused(project: Project) -> None:
    path = f"/v1.0/{'f' * 32}/asset/details"

    assert code_of(project.call("GET", path)) == (403, "VOD.10057")


def test_an_account_of_another_dialect_is_nobody_here(
    settings: Settings, client: httpx2.Client
) -> None:
    project = Project(settings, client, dialects=("alibaba",))

    assert code_of(project.call("GET", project.path("/details"))) == REFUSED


def test_a_disabled_account_is_refused_within_seconds(project: Project, raw: RawRequest) -> None:
    assert project.send(raw).status_code == 200

    project.records.set_disabled(project.account.access_key, True)
    time.sleep(KEPT_S + 0.05)

    assert code_of(project.send(raw)) == REFUSED


def test_after_a_rotation_both_secrets_count_for_a_while(project: Project, asset: Asset) -> None:
    project.records.rotate(
        project.account.access_key, sealed=project.sealed("new secret"), overlap_s=60
    )
    query = f"asset_id={asset.asset_id}"

    for secret in (project.key.secret, "new secret"):
        key = project.key._replace(secret=secret)
        answer = project.call("GET", project.path("/details"), query=query, key=key)
        assert answer.status_code == 200


def test_the_sixth_wrong_signature_in_a_row_locks_the_key(
    project: Project, raw: RawRequest
) -> None:
    wrong = raw._replace(body=b" ")
    for _ in range(5):
        assert code_of(project.send(wrong)) == REFUSED
    assert project.send(raw).status_code == 200

    for _ in range(6):
        assert code_of(project.send(wrong)) == REFUSED

    locked = project.send(raw)
    assert code_of(locked) == REFUSED
    assert "locked" in locked.json()["error_msg"]


def test_too_many_calls_are_told_when_to_come_back(
    settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    slow = with_accounts(settings, calls_per_second=2)
    with httpx2.Client(base_url=serve(slow).url) as client:
        project = Project(slow, client)
        path = project.path("/details")
        answers = [project.call("GET", path, query=f"asset_id={'a' * 32}") for _ in range(6)]

    assert [code_of(each)[1] for each in answers[:2]] == ["VOD.10062"] * 2
    assert code_of(answers[-1]) == (429, "APIGW.0308")
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_an_account_with_a_secret_nobody_can_open_is_a_failure_of_ours(project: Project) -> None:
    foreign = Seal("quite another key").seal("x", bound_to=project.account.access_key)
    project.records.rotate(project.account.access_key, sealed=foreign, overlap_s=0)

    answer = project.call("GET", project.path("/details"))

    assert code_of(answer) == (500, "APIGW.0201")


def test_a_redis_that_is_away_is_told_as_a_backend_that_is(
    project: Project, serve: Callable[[Settings], Served], settings: Settings
) -> None:
    redis = RedisSettings(url=SecretStr("redis://127.0.0.1:1/0"))
    away = settings.model_copy(update={"redis": redis})
    with httpx2.Client(base_url=serve(away).url) as client:
        project.client = client
        answer = project.call("GET", project.path("/details"))

    assert code_of(answer) == (502, "APIGW.0201")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param(b"", "body", id="empty"),
        pytest.param(b"{", "body", id="no-json"),
        pytest.param(b"[]", "body", id="list"),
        pytest.param(b"\xff{}", "body", id="no-utf-8"),
        pytest.param(b"[" * 100_000, "body", id="deep"),
        pytest.param(b"{}", "thumbnailUrl", id="missing"),
        pytest.param(b'{"thumbnailUrl": ""}', "thumbnailUrl", id="empty-field"),
        pytest.param(b'{"thumbnailUrl": null}', "thumbnailUrl", id="null"),
        pytest.param(b'{"thumbnailUrl": 7}', "thumbnailUrl", id="number"),
        pytest.param(b'{"thumbnailUrl": ["x"]}', "thumbnailUrl", id="list-field"),
        pytest.param(b'{"thumbnailUrl": "\\ud800"}', "thumbnailUrl", id="half-a-character"),
        pytest.param(
            b'{"thumbnailUrl": "http://a/b", "thumbnailUrl": "http://a/c"}',
            "thumbnailUrl",
            id="doubled",
        ),
        pytest.param(
            json.dumps({"thumbnailUrl": f"http://a/{'b' * 8192}"}).encode(),
            "thumbnailUrl",
            id="long",
        ),
    ],
)
def test_a_body_that_is_wrong_is_told_with_its_field(
    project: Project, body: bytes, field: str
) -> None:
    answer = project.call("PUT", project.path("/cover"), body=body)

    assert code_of(answer) == (400, "VOD.10053")
    assert answer.json()["error_msg"].startswith(f"{field}: ")


def test_a_body_that_is_no_json_by_its_type_is_refused(project: Project) -> None:
    answer = project.call(
        "PUT", project.path("/cover"), body=b"{}", headers=(("Content-Type", "text/plain"),)
    )

    assert code_of(answer) == (400, "VOD.10059")


def test_a_body_of_more_than_a_megabyte_is_too_large(project: Project) -> None:
    most = b'{"thumbnailUrl": "http://a/b"' + b" " * (1024 * 1024 - 30) + b"}"

    at_most = project.call("PUT", project.path("/cover"), body=most)
    over = project.call("PUT", project.path("/cover"), body=most + b" ")

    assert code_of(at_most) == (400, "VOD.10062")
    assert code_of(over) == (413, "APIGW.0201")
