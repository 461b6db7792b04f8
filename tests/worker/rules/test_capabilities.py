from types import SimpleNamespace
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from worker.contracts.targets import ProviderName, Target
from worker.errors import CODES, ProviderError
from worker.rules.capabilities import CAPABILITIES, fitting_url, target_refusal

HTTP, HTTPS = "http://covers.example/covers/1.jpg", "https://covers.example/covers/1.jpg"
HEX = "0" * 32
TARGETS: dict[str, dict[str, Any]] = {
    "huawei_vod": {"asset_id": HEX},
    "alibaba_mps": {"media_id": HEX},
    "alibaba_vod": {"video_id": HEX},
    "tencent_smh": {"library_id": "smh1", "path": "a.mp4"},
    "webhook": {"id": "film 7"},
    "firstframe": {"medium_id": HEX},
}
PROFILE = SimpleNamespace()
URL = SimpleNamespace(mode="url")
UPLOAD = SimpleNamespace(mode="upload")


def target(provider: str) -> Any:
    told = {"provider": provider, **TARGETS[provider]}
    return TypeAdapter[Any](Target).validate_python(told)


def dry(provider: str) -> Any:
    told = {"provider": "dry_run", "of": {"provider": provider, **TARGETS[provider]}}
    return TypeAdapter[Any](Target).validate_python(told)


def test_every_provider_has_a_sheet() -> None:
    assert set(CAPABILITIES) == set(get_args(ProviderName))
    for sheet in CAPABILITIES.values():
        assert sheet.title
        assert sheet.documented
        assert (sheet.setting is None) == (set(sheet.ways) == {""})


@pytest.mark.parametrize(
    ("provider", "writes_url", "uploads", "reads_back"),
    [
        ("huawei_vod", True, True, True),
        ("alibaba_mps", True, False, True),
        ("alibaba_vod", True, False, True),
        ("webhook", True, False, False),
        ("firstframe", False, False, True),
        ("dry_run", False, False, False),
    ],
)
def test_a_sheet_says_what_a_provider_does(
    provider: ProviderName, writes_url: bool, uploads: bool, reads_back: bool
) -> None:
    sheet = CAPABILITIES[provider]
    assert (sheet.writes_url, sheet.uploads, sheet.reads_back) == (writes_url, uploads, reads_back)


@pytest.mark.parametrize(
    ("provider", "profile", "sample_url"),
    [
        ("huawei_vod", URL, HTTPS),
        ("huawei_vod", UPLOAD, None),
        ("alibaba_mps", PROFILE, HTTP),
        ("alibaba_vod", PROFILE, HTTPS),
        ("tencent_smh", SimpleNamespace(mode="beside"), None),
        ("tencent_smh", SimpleNamespace(mode="label"), HTTPS),
        ("webhook", PROFILE, HTTPS),
        ("firstframe", None, None),
    ],
)
def test_targets_that_can_be_served_are_taken(
    provider: str, profile: object, sample_url: str | None
) -> None:
    assert target_refusal(target(provider), profile=profile, sample_url=sample_url) is None


@pytest.mark.parametrize(
    ("provider", "profile", "sample_url", "code", "field"),
    [
        ("huawei_vod", None, HTTP, "provider.not_allowed", "target.profile"),
        ("webhook", None, HTTP, "provider.not_allowed", "target.profile"),
        ("huawei_vod", URL, None, "provider.url_unfit", "visibility"),
        ("alibaba_mps", PROFILE, HTTPS, "provider.url_unfit", "target"),
        ("alibaba_mps", PROFILE, None, "provider.url_unfit", "visibility"),
        ("alibaba_vod", PROFILE, None, "provider.url_unfit", "visibility"),
        ("tencent_smh", SimpleNamespace(mode="label"), None, "provider.url_unfit", "visibility"),
        (
            "tencent_smh",
            SimpleNamespace(mode="none"),
            HTTP,
            "provider.unsupported",
            "target.profile",
        ),
    ],
)
def test_targets_that_cannot_are_refused_before_any_work(
    provider: str, profile: object, sample_url: str | None, code: str, field: str
) -> None:
    refusal = target_refusal(target(provider), profile=profile, sample_url=sample_url)

    assert refusal is not None
    assert (refusal.code, refusal.field) == (code, field)
    assert CODES[refusal.code].http_status == 422


@pytest.mark.parametrize(
    ("profile", "content_type", "refused"),
    [
        (UPLOAD, "image/webp", True),
        (UPLOAD, "image/avif", True),
        (UPLOAD, "image/jpeg", False),
        (UPLOAD, "image/png", False),
        (UPLOAD, None, False),
        (URL, "image/webp", False),
    ],
)
def test_uploads_are_of_formats_that_the_vendor_takes(
    profile: object, content_type: str | None, refused: bool
) -> None:
    refusal = target_refusal(
        target("huawei_vod"), profile=profile, sample_url=HTTP, content_type=content_type
    )
    assert (refusal is not None and refusal.field == "format") is refused


def test_a_dry_run_is_refused_like_what_it_tries() -> None:
    refusal = target_refusal(dry("alibaba_mps"), profile=PROFILE, sample_url=HTTPS)
    assert refusal is not None
    assert (refusal.code, refusal.field) == ("provider.url_unfit", "target.of")

    refusal = target_refusal(dry("alibaba_mps"), profile=None, sample_url=HTTPS)
    assert refusal is not None
    assert refusal.field == "target.of.profile"
    assert target_refusal(dry("firstframe"), profile=None, sample_url=None) is None


def test_a_url_that_does_not_fit_is_an_error_that_names_the_mistake() -> None:
    assert fitting_url("alibaba_mps", HTTP) == HTTP
    with pytest.raises(ProviderError, match=r"must begin with http://.*Alibaba Cloud MPS"):
        fitting_url("alibaba_mps", HTTPS)
    with pytest.raises(ProviderError, match="private") as caught:
        fitting_url("alibaba_mps", None)
    assert (caught.value.code, caught.value.unsure) == ("provider.url_unfit", False)
