"""Who records at a target: by the profile that it names, and only for the tenants of that."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from tests.fakes.running import WEBHOOK_SECRET
from worker import wiring
from worker.contracts.records import RecordedCover
from worker.contracts.targets import Target
from worker.errors import ProviderError
from worker.settings import Settings
from worker.wiring.recording import Recorders, notify_parts

ID = "0" * 32
KEYS = {"access_key": "AKID", "secret_key": "secret"}
PROFILES: dict[str, dict[str, Any]] = {
    "huawei_vod": {"base_url": "https://vod.example", "project_id": ID, **KEYS},
    "alibaba_mps": {"base_url": "https://mts.example", **KEYS},
    "alibaba_vod": {"base_url": "https://vod.example", **KEYS},
    "tencent_smh": {"library_id": "smh1", "library_secret": "secret", "mode": "label"},
    "webhook": {"url": "https://told.example/covers", "secrets": [WEBHOOK_SECRET]},
}
TARGETS: dict[str, dict[str, Any]] = {
    "huawei_vod": {"asset_id": ID},
    "alibaba_mps": {"media_id": ID},
    "alibaba_vod": {"video_id": ID},
    "tencent_smh": {"library_id": "smh1", "path": "clip.mp4"},
    "webhook": {"id": "clip 1"},
}


def target(name: str, **fields: object) -> Target:
    told = {"provider": name, **TARGETS[name], **fields}
    made: Target = TypeAdapter(Target).validate_python(told)
    return made


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, one_redis_url: str, tmp_path: Path) -> Settings:
    monkeypatch.setenv("FIRSTFRAME_REDIS__URL", one_redis_url)
    monkeypatch.setenv("FIRSTFRAME_STORE__FOLDER", str(tmp_path))
    monkeypatch.setenv("FIRSTFRAME_WEBHOOKS__SECRETS", json.dumps({"ann": [WEBHOOK_SECRET]}))
    for name, profile in PROFILES.items():
        profiles = {"main": profile, "ann": {**profile, "tenants": ["ann"]}}
        monkeypatch.setenv(f"FIRSTFRAME_PROVIDERS__{name.upper()}", json.dumps(profiles))
    return Settings.read()


@pytest.fixture
def recorders(settings: Settings) -> Recorders:
    return Recorders(settings, wiring.state(settings, timeout_s=2))


@pytest.mark.parametrize("name", TARGETS)
def test_a_profile_has_one_provider_which_says_what_it_would_send(
    recorders: Recorders, name: str
) -> None:
    cover = RecordedCover(
        key="covers/1.jpg",
        url="http://covers.example/1.jpg",
        content_type="image/jpeg",
        bytes=10,
        sha256="0" * 64,
        width=64,
        height=64,
    )
    first = recorders.parts("default", target(name)).provider

    assert recorders.parts("default", target(name)).provider is first
    assert recorders.parts("ann", target(name, profile="ann")).provider is not first
    assert "secret" not in json.dumps(first.would_send(target(name), cover))
    dry = TypeAdapter(Target).validate_python(
        {"provider": "dry_run", "of": target(name).model_dump(exclude_none=True)}
    )
    tried = recorders.parts("default", dry).provider
    assert tried.would_send(dry, cover) == first.would_send(target(name), cover)
    recorders.close()


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize(
    ("tenant", "profile"),
    [
        pytest.param("default", "gone", id="no-profile"),
        pytest.param("default", "ann", id="not-the-tenants"),
    ],
)
def test_a_profile_that_is_not_the_tenants_is_not_there(
    recorders: Recorders, name: str, tenant: str, profile: str
) -> None:
    with pytest.raises(ProviderError, match=r"provider\.not_allowed"):
        recorders.parts(tenant, target(name, profile=profile))


def test_a_cover_of_the_catalogue_is_set_for_its_tenant(recorders: Recorders) -> None:
    medium: Target = TypeAdapter(Target).validate_python(
        {"provider": "firstframe", "medium_id": ID}
    )

    parts = recorders.parts("ann", medium)

    with pytest.raises(ProviderError, match=r"provider\.not_found"):
        parts.provider.read(medium)


def test_the_bytes_of_a_cover_come_from_the_store(recorders: Recorders, settings: Settings) -> None:
    wiring.store(settings).put("covers/1.jpg", b"0123456789", content_type="image/jpeg")
    cover = RecordedCover(
        key="covers/1.jpg",
        content_type="image/jpeg",
        bytes=10,
        sha256="0" * 64,
        width=64,
        height=64,
    )

    assert recorders.parts("default", target("webhook")).read_cover(cover) == b"0123456789"


def test_a_tenant_signs_with_its_own_secrets(settings: Settings) -> None:
    _, secrets_of = notify_parts(settings)

    assert secrets_of("ann") == [WEBHOOK_SECRET]
    assert secrets_of("bob") == []
