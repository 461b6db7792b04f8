from collections.abc import Iterator

import pytest

from tests.contract.provider_places import ID, KEYS, copy_of
from tests.fakes.control import Control
from worker.contracts.targets import AlibabaMpsTarget
from worker.errors import ProviderError
from worker.net.alibaba import Signature
from worker.providers.alibaba_mps import AlibabaMpsProvider

TARGET = AlibabaMpsTarget(provider="alibaba_mps", media_id=ID)
URL = "http://covers.example/1.jpg"


@pytest.fixture
def provider(alibaba: Control) -> Iterator[AlibabaMpsProvider]:
    alibaba.do("add_medium", media_id=ID)
    provider = AlibabaMpsProvider(base_url=alibaba.url, account="alibaba_mps/main", **KEYS)
    yield provider
    provider.close()


def failure(provider: AlibabaMpsProvider, url: str | None) -> ProviderError:
    copy = copy_of(URL)
    copy = copy._replace(cover=copy.cover.model_copy(update={"url": url}))
    with pytest.raises(ProviderError) as caught:
        provider.record(TARGET, copy)
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        None,
        "https://covers.example/1.jpg",
        f"{URL}?v=1",
        "http://covers.example/a b.jpg",
        "http://covers.example/" + "a" * 3200,
    ],
)
def test_a_url_that_the_vendor_would_refuse_is_never_sent(
    provider: AlibabaMpsProvider, alibaba: Control, url: str | None
) -> None:
    assert failure(provider, url).code == "provider.url_unfit"
    assert alibaba.journal() == []


def test_the_cover_is_told_under_https_and_signed_and_still_known(
    provider: AlibabaMpsProvider, alibaba: Control
) -> None:
    signed = "https://covers.example/1.jpg?auth_key=canary"
    alibaba.do("set_cover", media_id=ID, cover_url=signed)
    shown = provider.read(TARGET)

    assert shown.reference == "https://covers.example/1.jpg"
    assert provider.shows(shown, copy_of(URL), TARGET, None)
    assert not provider.shows(shown, copy_of("http://covers.example/2.jpg"), TARGET, None)


def test_what_would_be_sent_is_the_call_without_an_attempts_own(
    provider: AlibabaMpsProvider, alibaba: Control
) -> None:
    assert provider.would_send(TARGET, copy_of(URL).cover) == {
        "method": "POST",
        "url": f"{alibaba.url}/",
        "action": "UpdateMediaCover",
        "version": "2014-06-18",
        "parameters": {"MediaId": ID, "CoverURL": URL},
    }


def test_an_error_on_the_way_names_the_account(
    provider: AlibabaMpsProvider, alibaba: Control
) -> None:
    alibaba.do("refuse")
    assert "Alibaba MPS (alibaba_mps/main)" in failure(provider, URL).message


@pytest.mark.parametrize("signature", ["acs3", "rpc_v1"])
def test_temporary_keys_are_fetched_and_changed_when_they_are_refused(
    alibaba: Control, signature: Signature
) -> None:
    alibaba.do("add_medium", media_id=ID)
    provider = AlibabaMpsProvider(
        base_url=alibaba.url,
        credentials_url=alibaba.do("hand_out_keys"),
        signature=signature,
        allow_private_addresses=True,
    )
    provider.record(TARGET, copy_of(URL))
    alibaba.do("expire_keys")

    provider.record(TARGET, copy_of("http://covers.example/2.jpg"))
    provider.close()

    calls = alibaba.journal("UpdateMediaCover")
    assert [entry["code"] for entry in calls] == ["", "InvalidSecurityToken.Expired", ""]
    assert len({entry["account"] for entry in calls if not entry["code"]}) == 2
