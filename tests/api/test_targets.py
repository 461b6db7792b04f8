"""Targets and callback URLs: what cannot be recorded or told is refused before any work."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from tests.api.attempts import Attempts, recorded
from tests.api.conftest import Served
from tests.api.test_taking import PLAN
from worker.settings import (
    AlibabaProfile,
    HuaweiProfile,
    ProviderSettings,
    Settings,
    SmhProfile,
    WebhookProfile,
    WebhookSettings,
)

SECRET = SecretStr("a secret of a provider")
SIGNING = SecretStr("whsec_" + "c2VjcmV0IG9mIGEgdGVuYW50IG9mIHRlc3Rz")
OWN = {"access_key": SecretStr("AK"), "secret_key": SECRET}
HUAWEI = HuaweiProfile(base_url="https://vod.example.com", project_id="p", **OWN)
ALIBABA = AlibabaProfile(base_url="https://mts.example.com", **OWN)
PROVIDERS = ProviderSettings(
    huawei_vod={
        "main": HUAWEI,
        "upload": HUAWEI.model_copy(update={"mode": "upload"}),
        "anns": HUAWEI.model_copy(update={"tenants": ["ann"]}),
    },
    alibaba_mps={"main": ALIBABA},
    tencent_smh={"main": SmhProfile(library_id="lib", library_secret=SECRET)},
    webhook={"main": WebhookProfile(url="https://example.com/hook?key=hidden", secrets=[SIGNING])},
)
BODY: dict[str, Any] = {"source": {"url": "https://example.com/clip.mp4"}, "sizes": [64]}
TO_HUAWEI = {"provider": "huawei_vod", "asset_id": "a1"}
TO_MPS = {"provider": "alibaba_mps", "media_id": "0" * 32}
TO_US = {"provider": "firstframe", "medium_id": "0" * 32}
CALLBACK = "https://example.com/told?token=hidden"


def with_providers(
    settings: Settings, public_base_url: str = "http://covers.example.com"
) -> Settings:
    """The settings with profiles of providers, a store whose URLs fit, and a signing secret."""
    store = settings.store.model_copy(update={"public_base_url": public_base_url})
    return settings.model_copy(
        update={
            "providers": PROVIDERS,
            "store": store,
            "webhooks": WebhookSettings(secrets={"default": [SIGNING]}),
        }
    )


@pytest.fixture
def recording(settings: Settings, serve: Callable[[Settings], Served]) -> Iterator[httpx2.Client]:
    """A client of an API that has profiles of providers."""
    served = serve(with_providers(settings))
    with httpx2.Client(base_url=served.url, timeout=20) as opened:
        yield opened


def test_a_job_with_a_target_tells_its_record(recording: httpx2.Client) -> None:
    job = recording.post("/v1/covers", json={**BODY, "target": TO_HUAWEI}).json()

    record = job["record"]
    assert record["id"].startswith("rec_")
    assert (record["provider"], record["state"], record["attempts"]) == ("huawei_vod", "pending", 0)
    assert record["recorded_at"] is None
    assert job["request"]["target"] == {**TO_HUAWEI, "profile": "main"}
    assert job["links"]["record"] == f"/v1/records/{record['id']}"
    assert recording.get(f"/v1/jobs/{job['id']}").json()["record"] == record


@pytest.mark.parametrize(
    ("path", "more"),
    [
        pytest.param("/v1/covers", {}, id="covers"),
        pytest.param("/v1/snapshots", {"count": 1, "sizes": None}, id="snapshots"),
        pytest.param("/v1/covers?plan=true", {}, id="plan"),
    ],
)
def test_the_query_of_a_callback_url_is_never_told(
    recording: httpx2.Client, path: str, more: dict[str, Any]
) -> None:
    body = {**BODY, "callback_url": CALLBACK, **more}
    body = {name: value for name, value in body.items() if value is not None}
    answer = recording.post(path, json=body, headers={"Prefer": "wait=0"})

    job = answer.json()
    assert answer.status_code == 202
    wanted = job["request"].get("cover", job["request"])
    assert wanted["callback_url"] == "https://example.com/told"
    assert "hidden" not in recording.get(f"/v1/jobs/{job['id']}").text
    assert "hidden" not in recording.get("/v1/jobs").text


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        pytest.param(
            {"target": {**TO_HUAWEI, "profile": "gone"}},
            422,
            "provider.not_allowed",
            "target.profile",
            id="no-such-profile",
        ),
        pytest.param(
            {"target": {**TO_HUAWEI, "profile": "anns"}},
            422,
            "provider.not_allowed",
            "target.profile",
            id="profile-of-another-tenant",
        ),
        pytest.param(
            {"target": {"provider": "dry_run", "of": {**TO_HUAWEI, "profile": "anns"}}},
            422,
            "provider.not_allowed",
            "target.of.profile",
            id="dry-run-with-the-profile-of-another-tenant",
        ),
        pytest.param(
            {"target": {"provider": "tencent_smh", "library_id": "lib", "path": "a.mp4"}},
            422,
            "provider.unsupported",
            "target.profile",
            id="a-provider-without-a-way",
        ),
        pytest.param(
            {"target": TO_HUAWEI, "visibility": "private"},
            422,
            "provider.url_unfit",
            "visibility",
            id="a-private-cover-where-a-url-is-needed",
        ),
        pytest.param(
            {"target": {**TO_HUAWEI, "profile": "upload"}, "format": "webp"},
            422,
            "provider.unsupported",
            "format",
            id="a-form-that-cannot-be-uploaded",
        ),
        pytest.param(
            {"target": TO_US}, 404, "request.not_found", "target.medium_id", id="no-medium"
        ),
        pytest.param(
            {"target": {**TO_US, "as_set": {"by": "huawei_vod"}}},
            422,
            "request.invalid",
            "target.as_set",
            id="what-is-ours-to-say",
        ),
        pytest.param(
            {"target": {**TO_HUAWEI, "size": 65}}, 422, "request.invalid", "body", id="another-size"
        ),
        pytest.param(
            {"target": {"provider": "dry_run", "of": {**TO_HUAWEI, "size": 65}}},
            422,
            "request.invalid",
            "body",
            id="another-size-of-a-dry-run",
        ),
        pytest.param(
            {"callback_url": "http://example.com/"},
            422,
            "webhook.url_blocked",
            "callback_url",
            id="callback-by-http",
        ),
        pytest.param(
            {"callback_url": "https://127.0.0.1/"},
            422,
            "webhook.url_blocked",
            "callback_url",
            id="callback-to-loopback",
        ),
        pytest.param(
            {"callback_url": "https://" + "a" * 2048},
            422,
            "request.invalid",
            "callback_url",
            id="a-long-callback-url",
        ),
        pytest.param({"watch": True}, 422, "request.invalid", "body", id="watch-of-a-url"),
    ],
)
def test_what_cannot_be_recorded_or_told_is_refused_by_its_field(
    recording: httpx2.Client, changes: dict[str, Any], status: int, code: str, field: str
) -> None:
    answer = recording.post("/v1/covers", json={**BODY, **changes})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert recording.get("/v1/jobs").json()["jobs"] == []


def test_a_store_whose_urls_do_not_fit_is_refused_before_the_work(
    settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    served = serve(with_providers(settings, "https://covers.example.com"))
    with httpx2.Client(base_url=served.url, timeout=20) as client:
        unfit = client.post("/v1/covers", json={**BODY, "target": TO_MPS})
        fit = client.post("/v1/covers", json={**BODY, "target": TO_HUAWEI})

    assert (unfit.status_code, unfit.json()["code"]) == (422, "provider.url_unfit")
    assert unfit.json()["errors"][0]["field"] == "target"
    assert fit.status_code == 202


def test_without_a_signing_secret_there_are_no_callbacks(client: httpx2.Client) -> None:
    answer = client.post("/v1/covers", json={**BODY, "callback_url": CALLBACK})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "request.invalid")
    assert problem["errors"][0]["field"] == "callback_url"
    assert "hidden" not in answer.text


def test_a_private_cover_is_uploaded_or_shown_by_us(recording: httpx2.Client) -> None:
    upload = {"target": {**TO_HUAWEI, "profile": "upload"}, "visibility": "private"}

    assert recording.post("/v1/covers", json={**BODY, **upload}).status_code == 202


def test_a_plan_tells_what_the_provider_takes(recording: httpx2.Client, settings: Settings) -> None:
    with ThreadPoolExecutor(1) as callers:
        answering = callers.submit(
            recording.post, "/v1/covers?plan=true", json={**BODY, "target": TO_HUAWEI}
        )
        Attempts(settings).begin(recorded(recording, "plan"), "plan").finish(PLAN)
        told = answering.result(10).json()["provider"]

    assert (told["provider"], told["profile"], told["needs"]) == ("huawei_vod", "main", "url")
    assert told["calls_per_minute"] == 100
    assert told["reads_back"] is True
    assert "http" in told["url"]
    assert told["limits"]
