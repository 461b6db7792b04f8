import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.provider_places import ID, KEYS, copy_of
from tests.fakes.control import Control
from tests.fakes.running import PROJECT_ID
from worker.contracts.targets import HuaweiVodTarget
from worker.errors import ProviderError
from worker.ports.recording import CoverCopy
from worker.providers.huawei_vod import HuaweiVodProvider

TARGET = HuaweiVodTarget(provider="huawei_vod", asset_id=ID)
UPLOADED = copy_of("https://covers.example/1.webp", b"uploaded")


@pytest.fixture
def snapshots(huawei_vod: Control) -> list[str]:
    return list(huawei_vod.do("add_asset", asset_id=ID, project_id=PROJECT_ID))


@pytest.fixture
def provider(
    request: pytest.FixtureRequest, huawei_vod: Control, snapshots: list[str]
) -> Iterator[HuaweiVodProvider]:
    settings: dict[str, Any] = getattr(request, "param", {})
    known = {**KEYS, "iam_url": huawei_vod.url, "upload_hosts": [huawei_vod.host]}
    provider = HuaweiVodProvider(
        base_url=huawei_vod.url, project_id=PROJECT_ID, **{**known, **settings}
    )
    yield provider
    provider.close()


uploading = pytest.mark.parametrize("provider", [{"mode": "upload"}], indirect=True)


def failure(provider: HuaweiVodProvider, copy: CoverCopy) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        provider.record(TARGET, copy)
    return caught.value


def test_a_snapshot_becomes_the_cover(provider: HuaweiVodProvider, snapshots: list[str]) -> None:
    receipt = provider.record(TARGET, copy_of(snapshots[2]))
    shown = provider.read(TARGET)

    assert shown is not None
    assert receipt.reference == shown.reference == snapshots[2]


def test_what_signs_a_shown_cover_is_not_kept(
    provider: HuaweiVodProvider, huawei_vod: Control, snapshots: list[str]
) -> None:
    huawei_vod.do("set_cover", asset_id=ID, cover_url=f"{snapshots[0]}?auth_key=canary")
    shown = provider.read(TARGET)

    assert shown is not None
    assert shown.reference == snapshots[0]
    assert provider.shows(shown, copy_of(snapshots[0]), TARGET, None)


@pytest.mark.parametrize("url", [None, "ftp://covers.example/1.jpg", "https://covers.example/ü"])
def test_a_url_that_cannot_be_told_is_refused_before_anything_is_sent(
    provider: HuaweiVodProvider, huawei_vod: Control, url: str | None
) -> None:
    copy = copy_of("https://covers.example/1.jpg")
    copy = copy._replace(cover=copy.cover.model_copy(update={"url": url}))

    assert failure(provider, copy).code == "provider.url_unfit"
    assert huawei_vod.journal() == []


@uploading
def test_the_cover_itself_is_uploaded_whatever_its_url(
    provider: HuaweiVodProvider, huawei_vod: Control
) -> None:
    provider.record(TARGET, UPLOADED)
    shown = provider.read(TARGET)

    digest = hashlib.sha256(b"uploaded").hexdigest()
    assert huawei_vod.do("asset", asset_id=ID)["state"] == f"sha256:{digest}"
    assert shown is not None
    assert shown.reference == f"{huawei_vod.url}/asset/{ID}/cover/Cover0.jpg#sha256={digest}"


@uploading
@pytest.mark.parametrize("content_type", ["image/webp", "image/avif", "image/gif"])
def test_other_formats_than_the_vendors_are_not_uploaded(
    provider: HuaweiVodProvider, huawei_vod: Control, content_type: str
) -> None:
    cover = UPLOADED.cover.model_copy(update={"content_type": content_type})

    assert failure(provider, UPLOADED._replace(cover=cover)).code == "provider.unsupported"
    with pytest.raises(ProviderError):
        provider.would_send(TARGET, cover)
    assert huawei_vod.journal() == []


@uploading
def test_an_asset_whose_state_forbids_it_is_not_uploaded_to(
    provider: HuaweiVodProvider, huawei_vod: Control
) -> None:
    huawei_vod.do("switch", updates_healthy=False)

    error = failure(provider, UPLOADED)

    assert (error.code, error.unsure) == ("provider.rejected", False)
    assert "VOD.10061" in error.message
    assert huawei_vod.journal("upload_cover") == []


@uploading
@pytest.mark.parametrize("how", ["reset", "answer"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_asking_where_to_upload_to_leaves_nothing_unsure(
    provider: HuaweiVodProvider, huawei_vod: Control, how: str, when: str
) -> None:
    huawei_vod.fault("update_asset", how, when=when)

    error = failure(provider, UPLOADED)

    assert (error.code, error.unsure) == ("provider.unavailable", False)
    assert huawei_vod.changes() == []


@pytest.mark.parametrize(
    "provider", [{"mode": "upload", "upload_hosts": [".myhuaweicloud.com"]}], indirect=True
)
def test_a_cover_is_uploaded_to_the_listed_hosts_only(
    provider: HuaweiVodProvider, huawei_vod: Control
) -> None:
    error = failure(provider, UPLOADED)

    assert (error.code, error.unsure) == ("provider.unavailable", False)
    assert f"(http://{huawei_vod.host})" in error.message
    assert "Signature" not in error.message
    assert huawei_vod.changes() == []


@uploading
def test_an_uploaded_cover_that_can_never_be_fetched_cannot_be_told(
    provider: HuaweiVodProvider, huawei_vod: Control
) -> None:
    missing = f"{huawei_vod.url}/asset/{ID}/gone.jpg"
    huawei_vod.do("set_cover", asset_id=ID, cover_url=missing)

    assert provider.read(TARGET) is None


@uploading
@pytest.mark.parametrize("fault", ["reset", "answer"])
def test_an_uploaded_cover_that_cannot_be_fetched_just_now_is_looked_at_later(
    provider: HuaweiVodProvider, huawei_vod: Control, fault: str
) -> None:
    provider.record(TARGET, UPLOADED)
    huawei_vod.fault("read_file", fault, status=503)

    with pytest.raises(ProviderError, match=r"provider\.unavailable"):
        provider.read(TARGET)


@pytest.mark.parametrize("provider", [{"auth": "token"}], indirect=True)
def test_a_token_is_in_no_error_and_no_log(
    provider: HuaweiVodProvider,
    huawei_vod: Control,
    snapshots: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    provider.record(TARGET, copy_of(snapshots[0]))
    huawei_vod.do("expire_tokens")
    huawei_vod.do("edit_account", access_key=KEYS["access_key"], disabled=True)

    error = failure(provider, copy_of(snapshots[1]))

    assert (error.code, error.unsure) == ("provider.auth", False)
    told = f"{error!r} {error.__cause__!r} {caplog.text} {provider!r}"
    assert not [canary for canary in ("MIIt", KEYS["secret_key"]) if canary in told]


@pytest.mark.parametrize("auth", ["aksk", "token"])
def test_temporary_keys_are_fetched_and_changed_when_they_are_refused(
    huawei_vod: Control, snapshots: list[str], auth: str
) -> None:
    url = huawei_vod.do("hand_out_keys", project_id=PROJECT_ID)
    provider = HuaweiVodProvider(
        base_url=huawei_vod.url,
        project_id=PROJECT_ID,
        credentials_url=url,
        iam_url=huawei_vod.url,
        auth=auth,  # type: ignore[arg-type]
        allow_private_addresses=True,
    )
    provider.record(TARGET, copy_of(snapshots[0]))
    huawei_vod.do("expire_keys")
    huawei_vod.do("expire_tokens")

    provider.record(TARGET, copy_of(snapshots[1]))
    provider.close()

    assert [entry["status"] for entry in huawei_vod.journal("set_cover")] == [204, 401, 204]
    assert len(huawei_vod.journal("temporary_key")) == 2


def test_without_its_keys_server_nothing_is_sent(huawei_vod: Control, snapshots: list[str]) -> None:
    provider = HuaweiVodProvider(
        base_url=huawei_vod.url,
        project_id=PROJECT_ID,
        credentials_url="http://127.0.0.1:9/openstack/latest/securitykey",
        allow_private_addresses=True,
    )

    error = failure(provider, copy_of(snapshots[0]))
    provider.close()

    assert (error.code, error.unsure) == ("provider.unavailable", False)
    assert huawei_vod.journal() == []


@pytest.mark.parametrize("provider", [{"allow_private_addresses": False}], indirect=True)
def test_private_addresses_are_for_those_who_allow_them(
    provider: HuaweiVodProvider, huawei_vod: Control, snapshots: list[str]
) -> None:
    assert failure(provider, copy_of(snapshots[0])).code == "provider.unavailable"
    assert huawei_vod.journal() == []
