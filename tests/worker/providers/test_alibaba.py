from collections.abc import Iterator

import pytest

from tests.contract.provider_places import ID, KEYS, copy_of
from tests.fakes.control import Control
from worker.contracts.targets import AlibabaMpsTarget, AlibabaVodTarget
from worker.errors import ProviderError
from worker.net.alibaba import Signature
from worker.providers.alibaba import AlibabaProvider, AlibabaTarget

MEDIUM = AlibabaMpsTarget(provider="alibaba_mps", media_id=ID)
VIDEO_ID = ID[::-1]
VIDEO = AlibabaVodTarget(provider="alibaba_vod", video_id=VIDEO_ID)
URL = "http://covers.example/1.jpg"


@pytest.fixture
def provider(alibaba: Control) -> Iterator[AlibabaProvider]:
    alibaba.do("add_medium", media_id=ID)
    alibaba.do("add_video", video_id=VIDEO_ID)
    provider = AlibabaProvider(base_url=alibaba.url, account="alibaba_mps/main", **KEYS)
    yield provider
    provider.close()


def failure(provider: AlibabaProvider, target: AlibabaTarget, url: str | None) -> ProviderError:
    copy = copy_of(URL)
    copy = copy._replace(cover=copy.cover.model_copy(update={"url": url}))
    with pytest.raises(ProviderError) as caught:
        provider.record(target, copy)
    return caught.value


@pytest.mark.parametrize(
    ("target", "url"),
    [
        pytest.param(MEDIUM, None, id="mps-private"),
        pytest.param(MEDIUM, "https://covers.example/1.jpg", id="mps-https"),
        pytest.param(MEDIUM, f"{URL}?v=1", id="mps-query"),
        pytest.param(MEDIUM, "http://covers.example/a b.jpg", id="mps-space"),
        pytest.param(MEDIUM, "http://covers.example/" + "a" * 3200, id="mps-long"),
        pytest.param(VIDEO, None, id="vod-private"),
    ],
)
def test_a_url_that_the_vendor_would_refuse_is_never_sent(
    provider: AlibabaProvider, alibaba: Control, target: AlibabaTarget, url: str | None
) -> None:
    assert failure(provider, target, url).code == "provider.url_unfit"
    assert alibaba.journal() == []


@pytest.mark.parametrize(
    "url", ["https://covers.example/1.jpg", "http://covers.example:9000/1.jpg?v=2"]
)
def test_vod_takes_urls_of_both_schemes_and_with_a_query(
    provider: AlibabaProvider, alibaba: Control, url: str
) -> None:
    receipt = provider.record(VIDEO, copy_of(url))

    assert receipt.reference == url
    assert alibaba.do("cover", media_id=VIDEO_ID) == url
    assert provider.shows(provider.read(VIDEO), copy_of(url), VIDEO, receipt.reference)


def test_the_cover_is_told_under_https_and_signed_and_still_known(
    provider: AlibabaProvider, alibaba: Control
) -> None:
    signed = "https://covers.example/1.jpg?auth_key=canary"
    alibaba.do("set_cover", media_id=ID, cover_url=signed)
    shown = provider.read(MEDIUM)

    assert shown.reference == "https://covers.example/1.jpg"
    assert provider.shows(shown, copy_of(URL), MEDIUM, None)
    assert not provider.shows(shown, copy_of("http://covers.example/2.jpg"), MEDIUM, None)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        pytest.param(
            MEDIUM,
            {
                "action": "UpdateMediaCover",
                "version": "2014-06-18",
                "parameters": {"MediaId": ID, "CoverURL": URL},
            },
            id="mps",
        ),
        pytest.param(
            VIDEO,
            {
                "action": "UpdateVideoInfo",
                "version": "2017-03-21",
                "parameters": {"VideoId": VIDEO_ID, "CoverURL": URL},
            },
            id="vod",
        ),
    ],
)
def test_what_would_be_sent_is_the_call_without_an_attempts_own(
    provider: AlibabaProvider, alibaba: Control, target: AlibabaTarget, told: dict[str, object]
) -> None:
    would_send = provider.would_send(target, copy_of(URL).cover)

    assert would_send == {"method": "POST", "url": f"{alibaba.url}/", **told}


def test_an_error_on_the_way_names_the_account(provider: AlibabaProvider, alibaba: Control) -> None:
    alibaba.do("refuse")
    assert "Alibaba (alibaba_mps/main)" in failure(provider, MEDIUM, URL).message


@pytest.mark.parametrize("signature", ["acs3", "rpc_v1"])
def test_temporary_keys_are_fetched_and_changed_when_they_are_refused(
    alibaba: Control, signature: Signature
) -> None:
    alibaba.do("add_medium", media_id=ID)
    provider = AlibabaProvider(
        base_url=alibaba.url,
        credentials_url=alibaba.do("hand_out_keys"),
        signature=signature,
        allow_private_addresses=True,
    )
    provider.record(MEDIUM, copy_of(URL))
    alibaba.do("expire_keys")

    provider.record(MEDIUM, copy_of("http://covers.example/2.jpg"))
    provider.close()

    calls = alibaba.journal("UpdateMediaCover")
    assert [entry["code"] for entry in calls] == ["", "InvalidSecurityToken.Expired", ""]
    assert len({entry["account"] for entry in calls if not entry["code"]}) == 2
