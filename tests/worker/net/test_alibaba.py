import base64
from collections.abc import Callable, Iterator

import pytest

from tests.contract.provider_places import ID, NOT_THERE
from tests.fakes.control import Control
from tests.fakes.running import ACCESS_KEY, SECRET_KEY
from worker.errors import ProviderError
from worker.net.alibaba import MAX_IMAGES, AlibabaClient, Signature
from worker.net.credentials import Fixed
from worker.net.vendor_calls import VendorHttp, Where
from worker.signing.wire import AccessKey

URL = "http://covers.example/a%20b/%E5%B0%81.jpg"
IMAGES = ["1" * 32, "2" * 32]
WHERE = Where(None, https_only=False, allow_private_addresses=True)


def client_of(
    fake: Control, signature: Signature = "acs3", key: AccessKey | None = None
) -> AlibabaClient:
    http = VendorHttp("Alibaba (main)", WHERE, timeout_s=5)
    supply = Fixed(key or AccessKey(ACCESS_KEY, SECRET_KEY))
    return AlibabaClient(http, fake.url, supply, signature)


@pytest.fixture(params=["acs3", "rpc_v1"])
def client(request: pytest.FixtureRequest, alibaba: Control) -> Iterator[AlibabaClient]:
    alibaba.do("add_medium", media_id=ID)
    alibaba.do("add_video", video_id=ID)
    for image_id in IMAGES:
        alibaba.do("add_image", image_id=image_id, body_base64=base64.b64encode(b"pic").decode())
    client = client_of(alibaba, request.param)
    yield client
    client.close()


def failure(call: Callable[[], object]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        call()
    return caught.value


def test_covers_of_media_and_videos_are_set_and_told(
    client: AlibabaClient, alibaba: Control
) -> None:
    assert client.media_cover(ID).url is None
    assert client.video_cover(ID).url is None

    client.set_media_cover(ID, URL)
    client.set_video_cover(ID, "https://covers.example/b.jpg")

    assert client.media_cover(ID).url == URL
    assert client.video_cover(ID).url == "https://covers.example/b.jpg"


def test_what_is_not_there_is_not_found(client: AlibabaClient) -> None:
    calls: list[Callable[[], object]] = [
        lambda: client.set_media_cover(NOT_THERE, URL),
        lambda: client.media_cover(NOT_THERE),
        lambda: client.set_video_cover(NOT_THERE, URL),
        lambda: client.video_cover(NOT_THERE),
        lambda: client.image(NOT_THERE),
    ]
    for call in calls:
        error = failure(call)
        assert (error.code, error.unsure) == ("provider.not_found", False)


def test_an_image_tells_its_url_and_size(client: AlibabaClient) -> None:
    image = client.image(IMAGES[0])

    assert (image.image_id, image.status, image.size_bytes) == (IMAGES[0], "Normal", 3)
    assert (image.width, image.height) == (200, 200)
    assert "auth_key=" in image.url


def test_images_that_are_there_come_by_their_ids(client: AlibabaClient) -> None:
    assert set(client.images([*IMAGES, NOT_THERE])) == set(IMAGES)
    assert set(client.images(IMAGES * (MAX_IMAGES // 2))) == set(IMAGES)


def test_how_long_an_images_url_is_good_can_be_asked(client: AlibabaClient) -> None:
    assert client.image(IMAGES[0], output_type="oss", auth_timeout_s=2_592_000).url
    assert client.images(IMAGES, output_type="cdn", auth_timeout_s=99_999_999)

    error = failure(lambda: client.image(IMAGES[0], output_type="oss", auth_timeout_s=2_592_001))
    assert error.code == "provider.rejected"


def test_every_attempt_has_a_nonce_of_its_own(client: AlibabaClient, alibaba: Control) -> None:
    for _ in range(20):
        client.set_media_cover(ID, URL)
    assert {entry["status"] for entry in alibaba.journal("UpdateMediaCover")} == {200}


def test_the_accounts_limit_is_a_pause_not_a_failure(
    client: AlibabaClient, alibaba: Control
) -> None:
    alibaba.do("switch", calls_per_s=1)
    client.media_cover(ID)

    error = failure(lambda: client.set_media_cover(ID, URL))

    assert (error.code, error.unsure) == ("provider.throttled", False)
    assert "Throttling.User" in error.message


@pytest.mark.parametrize("header", ["x-acs-retry-after", "Retry-After"])
def test_a_throttled_call_tells_how_long_to_wait(
    client: AlibabaClient, alibaba: Control, header: str
) -> None:
    told = {"x-acs-retry-after": "1500", "Retry-After": "2"}[header]
    alibaba.fault("UpdateMediaCover", "error", code="Throttling.Api", headers={header: told})

    error = failure(lambda: client.set_media_cover(ID, URL))

    assert error.delay_s == {"1500": 1.5, "2": 2}[told]


@pytest.mark.parametrize(
    "code",
    [
        "SignatureDoesNotMatch",
        "InvalidAccessKeyId.NotFound",
        "InvalidTimeStamp.Expired",
        "InvalidSecurityToken.Expired",
        "Forbidden",
    ],
)
def test_refused_credentials_are_an_auth_error_after_one_try(
    client: AlibabaClient, alibaba: Control, code: str
) -> None:
    alibaba.fault("UpdateMediaCover", "error", code=code, times=3)

    error = failure(lambda: client.set_media_cover(ID, URL))

    assert (error.code, error.unsure) == ("provider.auth", False)
    assert code in error.message
    assert len(alibaba.journal("UpdateMediaCover")) == 1


def test_a_clock_that_was_set_right_is_tried_once_more_only(
    client: AlibabaClient, alibaba: Control
) -> None:
    headers = {"Date": "Thu, 01 Jan 2026 00:00:00 GMT"}
    alibaba.fault(
        "UpdateMediaCover", "error", code="InvalidTimeStamp.Expired", headers=headers, times=5
    )

    error = failure(lambda: client.set_media_cover(ID, URL))

    assert error.code == "provider.auth"
    assert len(alibaba.journal("UpdateMediaCover")) == 2


@pytest.mark.parametrize("signature", ["acs3", "rpc_v1"])
def test_a_temporary_key_sends_its_token(alibaba: Control, signature: Signature) -> None:
    alibaba.do("add_medium", media_id=ID)
    alibaba.do("edit_account", access_key=ACCESS_KEY, security_token="sts+canary/=")
    client = client_of(alibaba, signature, AccessKey(ACCESS_KEY, SECRET_KEY, "sts+canary/="))

    client.set_media_cover(ID, URL)
    client.close()

    assert len(alibaba.changes(ID)) == 1
