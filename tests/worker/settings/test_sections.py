"""The sections that have rules of their own; how mistakes are told is tested with the reading."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from worker.settings import Settings, SettingsError

MAIN = "FIRSTFRAME_PROVIDERS__TENCENT_SMH__MAIN__"


def test_a_profile_of_tencent_smh_may_come_from_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{MAIN}BASE_URL", "https://smh1.api.tencentsmh.cn")
    monkeypatch.setenv(f"{MAIN}LIBRARY_ID", "smh1")
    monkeypatch.setenv(f"{MAIN}LIBRARY_SECRET", "hunter2")
    monkeypatch.setenv(f"{MAIN}TENANTS", '["acme"]')

    profile = Settings.read().providers.tencent_smh["main"]

    assert profile.base_url == "https://smh1.api.tencentsmh.cn"
    assert profile.library_secret.get_secret_value() == "hunter2"
    assert profile.tenants == ["acme"]


def test_profiles_of_a_file_and_of_variables_are_put_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "firstframe.toml"
    file.write_text(
        '[providers.tencent_smh.main]\nlibrary_id = "smh1"\nlibrary_secret = "from-the-file"\n'
        '[providers.tencent_smh.open]\nlibrary_id = "smh2"\npublic_read = true\n'
    )
    monkeypatch.setenv("FIRSTFRAME_CONFIG", str(file))
    monkeypatch.setenv(f"{MAIN}LIBRARY_SECRET", "from-the-variable")

    profiles = Settings.read().providers.tencent_smh

    assert sorted(profiles) == ["main", "open"]
    assert profiles["main"].library_id == "smh1"
    assert profiles["main"].library_secret.get_secret_value() == "from-the-variable"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        pytest.param("BASE_URL", "ftp://a", "should match pattern", id="scheme"),
        pytest.param("BASE_URL", "https://user:hunter2@a", "should match pattern", id="user"),
        pytest.param("BASE_URL", "https://a/path", "should match pattern", id="path"),
        pytest.param("LIBRARY_ID", "", "at least 1 character", id="no-library"),
        pytest.param("FIRST", "biggest", "'oldest' or 'newest'", id="direction"),
        pytest.param("TOKEN_PERIOD_S", "600", "greater than or equal to 1200", id="short-period"),
        pytest.param("LINK_HOSTS", '["https://a.example"]', "pattern", id="link-host-is-a-url"),
        pytest.param("LIBRARY_SECRET", "", "where no library_secret is given", id="no-way-in"),
        pytest.param("BASE_URL", "http://smh.example", "a server of your own", id="plain-http"),
        pytest.param("NOPE", "1", "not permitted", id="unknown-name"),
    ],
)
def test_a_mistake_in_a_profile_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"{MAIN}LIBRARY_ID", "smh1")
    monkeypatch.setenv(f"{MAIN}LIBRARY_SECRET", "secret")
    monkeypatch.setenv(f"{MAIN}{name}", value)

    with pytest.raises(SettingsError) as caught:
        Settings.read()

    assert told in str(caught.value)
    blamed = {"no library_secret": "PUBLIC_READ", "your own": "ALLOW_PRIVATE_ADDRESSES"}
    blamed_name = next((other for text, other in blamed.items() if text in told), name)
    assert f"{MAIN}{blamed_name}" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["Main", "a b", "../x", "", "a" * 64])
def test_a_profile_has_a_plain_name(name: str) -> None:
    profile = {"library_id": "smh1", "library_secret": "s"}

    with pytest.raises(ValueError, match="pattern"):
        Settings.model_validate({"providers": {"tencent_smh": {name: profile}}})


def test_the_secret_of_a_profile_is_not_shown() -> None:
    profile = {"library_id": "smh1", "library_secret": "hunter2"}

    settings = Settings.model_validate({"providers": {"tencent_smh": {"main": profile}}})

    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("mode", ["beside", "label"])
def test_covers_are_left_at_tencent_smh_with_a_secret_only(mode: str) -> None:
    profile = {"library_id": "smh1", "public_read": True, "mode": mode}

    with pytest.raises(ValidationError, match="no library_secret"):
        Settings.model_validate({"providers": {"tencent_smh": {"main": profile}}})


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "hunter2",
        "whsec_",
        "whsec_aHVudGVyMg==",
        "whsec_%%%",
        "c2VjcmV0" * 4,
        "whsec_" + "YWFh" * 22,
    ],
)
def test_a_secret_of_webhooks_has_the_form_of_the_standard(secret: str) -> None:
    with pytest.raises(ValidationError, match="24 to 64 bytes in base64"):
        Settings.model_validate({"webhooks": {"secrets": {"default": [secret]}}})


def test_two_secrets_of_webhooks_may_be_in_use() -> None:
    secrets = ["whsec_" + "YWFh" * 8, "whsec_" + "YWFh" * 21]

    settings = Settings.model_validate({"webhooks": {"secrets": {"default": secrets}}})

    assert [one.get_secret_value() for one in settings.webhooks.secrets["default"]] == secrets
