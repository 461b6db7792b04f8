import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.api.dialects.huawei_vod.projects import SECRET, Project, code_of
from worker.state.callers import KEPT_S


def _password(name: str, password: object) -> dict[str, Any]:
    user = {"name": name, "password": password, "domain": {"name": "any"}}
    return {"methods": ["password"], "password": {"user": user}}


def _keys(access_key: str, secret: object) -> dict[str, Any]:
    pair = {"access": {"key": access_key}, "secret": {"key": secret}}
    return {"methods": ["hw_ak_sk"], "hw_ak_sk": pair}


def _details(project: Project, asset_id: str, token: str) -> httpx2.Response:
    url = project.path(f"/details?asset_id={asset_id}")
    return project.client.get(url, headers={"X-Auth-Token": token})


@pytest.mark.parametrize("method", ["password", "hw_ak_sk"])
def test_a_token_is_given_for_the_secret_and_opens_the_project(
    project: Project, method: str
) -> None:
    identity = (
        _password("shop", SECRET)
        if method == "password"
        else _keys(project.account.access_key, SECRET)
    )

    answer = project.token(**identity)

    assert answer.status_code == 201
    told = answer.json()["token"]
    assert told["methods"] == [method]
    assert told["project"]["id"] == project.account.project_id
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", told["expires_at"])
    left = datetime.fromisoformat(told["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(hours=24)
    token = answer.headers["x-subject-token"]
    asset = project.asset()
    url = project.path(f"/details?asset_id={asset.asset_id}")
    assert project.client.get(url, headers={"X-Auth-Token": token}).status_code == 200


def test_a_project_by_name_or_none_at_all_is_the_accounts(project: Project) -> None:
    identity = _password("shop", SECRET)

    for scope in ({}, {"scope": {"project": {"name": "cn-north-4"}}}):
        told = {"auth": {"identity": identity, **scope}}
        answer = project.client.post("/v3/auth/tokens?nocatalog=true", json=told)
        assert answer.status_code == 201


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        pytest.param(_password("shop", "wrong"), (401, "APIGW.0301"), id="secret"),
        pytest.param(_password("other", SECRET), (401, "APIGW.0301"), id="name"),
        pytest.param(_password("\ud800", SECRET), (401, "APIGW.0301"), id="half-a-character"),
        pytest.param(_password("shop", "\ud800"), (401, "APIGW.0301"), id="half-a-secret"),
        pytest.param(_keys("AKNOBODYS00000000001", SECRET), (401, "APIGW.0301"), id="key"),
        pytest.param(_password("shop", 7), (400, "VOD.10053"), id="number"),
        pytest.param(_password("shop", None), (400, "VOD.10053"), id="no-secret"),
        pytest.param({"methods": ["token"]}, (400, "VOD.10053"), id="method"),
        pytest.param({"methods": ["password"]}, (400, "VOD.10053"), id="no-user"),
        pytest.param({"methods": []}, (400, "VOD.10053"), id="no-method"),
        pytest.param({"methods": [["password"]]}, (400, "VOD.10053"), id="nested-method"),
        pytest.param({}, (400, "VOD.10053"), id="nothing"),
    ],
)
def test_no_token_without_the_secret(
    project: Project, identity: dict[str, Any], expected: tuple[int, str]
) -> None:
    answer = project.token(**identity)

    assert code_of(answer) == expected
    assert "x-subject-token" not in answer.headers


def test_another_project_gets_no_token(project: Project) -> None:
    told = {
        "auth": {
            "identity": _password("shop", SECRET),
            "scope": {"project": {"id": "f" * 32}},
        }
    }

    answer = project.client.post("/v3/auth/tokens", json=told)

    assert code_of(answer) == (403, "VOD.10057")


def test_guessing_by_its_name_locks_the_name_only(project: Project) -> None:
    token, asset_id = project.token_text(), project.asset().asset_id
    for _ in range(6):
        project.token(**_password("shop", "a guess"))

    assert code_of(project.token(**_password("shop", SECRET))) == (401, "APIGW.0301")
    assert project.token(**_keys(project.account.access_key, SECRET)).status_code == 201
    assert _details(project, asset_id, token).status_code == 200


def test_guessing_by_its_key_locks_the_key_but_no_token(project: Project) -> None:
    token, asset_id = project.token_text(), project.asset().asset_id
    key = project.account.access_key
    for _ in range(6):
        project.token(**_keys(key, "a guess"))

    assert code_of(project.token(**_keys(key, SECRET))) == (401, "APIGW.0301")
    assert _details(project, asset_id, token).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "é"])
def test_what_is_no_token_opens_nothing(project: Project, token: str) -> None:
    url = project.path(f"/details?asset_id={'a' * 32}")
    headers = [(b"X-Auth-Token", token.encode())]

    assert code_of(project.client.get(url, headers=headers)) == (401, "APIGW.0301")


def test_two_tokens_are_not_one(project: Project) -> None:
    token = project.token_text()
    url = project.path(f"/details?asset_id={'a' * 32}")

    answer = project.client.get(url, headers=[("X-Auth-Token", token), ("X-Auth-Token", token)])

    assert code_of(answer) == (401, "APIGW.0301")


def test_a_token_goes_with_its_secret(project: Project) -> None:
    token = project.token_text()
    project.records.rotate(project.account.access_key, sealed=project.sealed("new"), overlap_s=0)
    time.sleep(KEPT_S + 0.05)

    url = project.path(f"/details?asset_id={'a' * 32}")

    assert code_of(project.client.get(url, headers={"X-Auth-Token": token}))[0] == 401


def test_strangers_may_not_send_much(project: Project, client: httpx2.Client) -> None:
    answer = client.post("/v3/auth/tokens", json={"x": "y" * 10_000})

    assert code_of(answer) == (413, "APIGW.0201")
