"""Settings are read once, from the environment and a file, and all mistakes are told together."""

import json
from pathlib import Path

import pytest

from worker import registry
from worker.settings import Settings, SettingsError


def test_three_mistakes_are_told_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTFRAME_STORE__BUCKET", "NO")
    monkeypatch.setenv("FIRSTFRAME_FETCH__MAX_BYTES", "many")
    monkeypatch.setenv("FIRSTFRAME_STOR__KIND", "minio")

    with pytest.raises(SettingsError) as caught:
        Settings.read()

    text = str(caught.value)
    assert "FIRSTFRAME_STORE__BUCKET" in text
    assert "(default: firstframe)" in text
    assert "FIRSTFRAME_FETCH__MAX_BYTES" in text
    assert "FIRSTFRAME_STOR__KIND: no such section" in text


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        pytest.param("FETCH__NOPE", "1", "known names: allow_private_addresses", id="unknown-name"),
        pytest.param("FETCH__ALLOWED_PORTS", "[80", "valid list", id="broken-list"),
        pytest.param("FETCH", "3", "FIRSTFRAME_FETCH__<NAME>", id="a-section-is-no-value"),
        pytest.param("STORE__KIND", "tape", "known: local, minio", id="no-such-store"),
        pytest.param("DETECT__KIND", "eyes", "known: mediapipe, none", id="no-such-detector"),
        pytest.param("API__PORT", "70000", "less than or equal to 65535", id="out-of-range"),
        pytest.param("WORKER__LEASE_S", "-1", "greater than 0", id="negative-duration"),
    ],
)
def test_a_mistake_names_the_variable_and_what_is_expected(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"FIRSTFRAME_{name}", value)

    with pytest.raises(SettingsError) as caught:
        Settings.read()

    assert f"FIRSTFRAME_{name}" in str(caught.value)
    assert told in str(caught.value)


def test_settings_that_contradict_each_other_are_mistakes_like_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FIRSTFRAME_WORKER__LEASE_S", "4")
    monkeypatch.setenv("FIRSTFRAME_STORE__BUCKET", "NO")

    with pytest.raises(SettingsError) as caught:
        Settings.read()

    text = str(caught.value)
    assert "FIRSTFRAME_STORE__BUCKET" in text
    renew = "must be less than worker.lease_s, which is 4 (default: 5"
    assert f"FIRSTFRAME_WORKER__LEASE_RENEW_S: Value error, {renew}" in text


def test_a_variable_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "firstframe.toml"
    file.write_text('[store]\nbucket = "from-the-file"\nregion = "eu-west-1"\n')
    monkeypatch.setenv("FIRSTFRAME_CONFIG", str(file))
    monkeypatch.setenv("FIRSTFRAME_STORE__BUCKET", "from-the-variable")

    store = Settings.read().store

    assert (store.bucket, store.region) == ("from-the-variable", "eu-west-1")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param("[store\n", "FIRSTFRAME_CONFIG", id="not-toml"),
        pytest.param("[stores]\n", "FIRSTFRAME_STORES", id="unknown-section"),
        pytest.param(None, "there is no file", id="missing"),
    ],
)
def test_a_bad_file_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None, told: str
) -> None:
    file = tmp_path / "firstframe.toml"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("FIRSTFRAME_CONFIG", str(file))

    with pytest.raises(SettingsError) as caught:
        Settings.read()

    assert told in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"store": {"secret_key": "hunter2"}},
        {
            "providers": {
                "alibaba_vod": {
                    "main": {
                        "base_url": "https://vendor.example",
                        "credentials_url": "https://keys.example/?key=hunter2",
                    }
                }
            }
        },
        {
            "providers": {
                "webhook": {
                    "main": {
                        "url": "https://told.example/hunter2",
                        "secrets": [f"whsec_{'c2Vj' * 8}"],
                    }
                }
            }
        },
    ],
    ids=["secret", "where-keys-come-from", "where-covers-are-told"],
)
def test_secrets_are_not_shown(given: dict[str, object]) -> None:
    assert "hunter2" not in repr(Settings.model_validate(given))


def test_a_store_that_keeps_no_libraries_is_told_with_the_setting_that_helps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(registry.STORES, "tape", "worker.stores.local:LocalStore")
    monkeypatch.setenv("FIRSTFRAME_STORE__KIND", "tape")

    with pytest.raises(SettingsError, match=r"FIRSTFRAME_LIBRARIES: .*kind .*local, minio"):
        Settings.read()

    monkeypatch.setenv("FIRSTFRAME_LIBRARIES__KIND", "local")
    assert Settings.read().store.kind == "tape"


def test_libraries_never_share_the_bucket_of_public_covers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FIRSTFRAME_STORE__KIND", "minio")
    monkeypatch.setenv("FIRSTFRAME_LIBRARIES__BUCKET", "firstframe")

    with pytest.raises(SettingsError, match=r"FIRSTFRAME_LIBRARIES: .*bucket must not be"):
        Settings.read()


@pytest.mark.parametrize(
    ("provider", "profile", "is_mistake"),
    [
        pytest.param("huawei_vod", {"project_id": "p"}, True, id="huawei"),
        pytest.param("alibaba_mps", {}, True, id="mps"),
        pytest.param("alibaba_vod", {}, True, id="vod"),
        pytest.param("alibaba_vod", {"timeout_s": 14}, False, id="in-time"),
        pytest.param(
            "webhook",
            {"url": "https://told.example/", "secrets": [f"whsec_{'c2Vj' * 8}"]},
            False,
            id="nobody-looks-at-webhooks",
        ),
    ],
)
def test_writes_are_over_before_others_write(
    monkeypatch: pytest.MonkeyPatch, provider: str, profile: dict[str, object], is_mistake: bool
) -> None:
    keys = {"base_url": "https://vendor.example", "access_key": "a", "secret_key": "b"}
    given = {**({} if provider == "webhook" else keys), "timeout_s": 15, **profile}
    monkeypatch.setenv(f"FIRSTFRAME_PROVIDERS__{provider.upper()}", json.dumps({"main": given}))
    monkeypatch.setenv("FIRSTFRAME_RECORDS__SETTLE_S", "15")

    if not is_mistake:
        assert Settings.read().records.settle_s == 15
        return
    with pytest.raises(SettingsError, match="settle_s 15 must be more") as caught:
        Settings.read()
    assert f"providers.{provider}.main.timeout_s, which is 15" in str(caught.value)


@pytest.mark.parametrize(
    ("provider", "section", "seconds", "mistake"),
    [
        ("huawei_vod", "RECORDS__ATTEMPT_", 15, "attempt_timeout_s 15 must be more than"),
        ("huawei_vod", "RECORDS__ATTEMPT_", 16, None),
        ("webhook", "WEBHOOKS__", 14, "timeout_s 14 must not be less than"),
        ("webhook", "WEBHOOKS__", 15, None),
    ],
)
def test_attempts_have_the_time_that_a_write_may_take(
    monkeypatch: pytest.MonkeyPatch, provider: str, section: str, seconds: int, mistake: str | None
) -> None:
    known: dict[str, dict[str, object]] = {
        "huawei_vod": {"base_url": "https://vendor.example", "secret_key": "b", "project_id": "p"},
        "webhook": {"url": "https://told.example/", "secrets": [f"whsec_{'c2Vj' * 8}"]},
    }
    given = json.dumps({"main": {**known[provider], "timeout_s": 15}})
    monkeypatch.setenv(f"FIRSTFRAME_PROVIDERS__{provider.upper()}", given)
    monkeypatch.setenv(f"FIRSTFRAME_{section}TIMEOUT_S", f"{seconds}")

    if mistake is None:
        Settings.read()
        return
    with pytest.raises(SettingsError, match=mistake) as caught:
        Settings.read()
    assert f"providers.{provider}.main.timeout_s, which is 15" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "mistake"),
    [
        ("RECORDS__KEEP_S", "3600", "keep_s must be more than max_age_s, which is 86400"),
        ("RECORDS__MAX_AGE_S", "2592000", "keep_s must be more than max_age_s"),
        ("WEBHOOKS__MAX_AGE_S", "2592000", "max_age_s must be less than records.keep_s, 2592000"),
        ("RECORDS__KEEP_S", "172800", "max_age_s must be less than records.keep_s, 172800"),
    ],
)
def test_what_stands_is_known_while_an_older_order_may_come(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, mistake: str
) -> None:
    monkeypatch.setenv(f"FIRSTFRAME_{name}", value)

    with pytest.raises(SettingsError, match=mistake):
        Settings.read()
