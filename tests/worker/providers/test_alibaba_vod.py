from collections.abc import Iterator

import pytest

from tests.contract.provider_places import ID, KEYS, copy_of
from tests.fakes.control import Control
from worker.contracts.targets import AlibabaVodTarget
from worker.errors import ProviderError
from worker.providers.alibaba_vod import AlibabaVodProvider

TARGET = AlibabaVodTarget(provider="alibaba_vod", video_id=ID)


@pytest.fixture
def provider(alibaba: Control) -> Iterator[AlibabaVodProvider]:
    alibaba.do("add_video", video_id=ID)
    provider = AlibabaVodProvider(base_url=alibaba.url, **KEYS)
    yield provider
    provider.close()


@pytest.mark.parametrize(
    "url", ["https://covers.example/1.jpg", "http://covers.example:9000/1.jpg?v=2"]
)
def test_urls_of_both_schemes_and_with_a_query_are_taken(
    provider: AlibabaVodProvider, alibaba: Control, url: str
) -> None:
    receipt = provider.record(TARGET, copy_of(url))

    assert receipt.reference == url
    assert alibaba.do("cover", media_id=ID) == url
    assert provider.shows(provider.read(TARGET), copy_of(url), TARGET, receipt.reference)


def test_a_private_cover_is_refused_before_anything_is_sent(
    provider: AlibabaVodProvider, alibaba: Control
) -> None:
    copy = copy_of("https://covers.example/1.jpg")
    private = copy._replace(cover=copy.cover.model_copy(update={"url": None}))

    with pytest.raises(ProviderError, match="private"):
        provider.record(TARGET, private)
    assert alibaba.journal() == []


def test_what_would_be_sent_names_the_cover_only(
    provider: AlibabaVodProvider, alibaba: Control
) -> None:
    told = provider.would_send(TARGET, copy_of("https://covers.example/1.jpg").cover)

    assert told["action"] == "UpdateVideoInfo"
    assert told["parameters"] == {"VideoId": ID, "CoverURL": "https://covers.example/1.jpg"}
