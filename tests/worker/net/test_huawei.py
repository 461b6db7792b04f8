import json
import time
from collections.abc import Iterator

import pytest

from tests.contract.provider_places import ID
from tests.fakes.control import Control
from tests.fakes.running import ACCESS_KEY, PROJECT_ID, SECRET_KEY
from tests.http_server import MediaServer
from tests.http_server import status as answers
from worker.errors import ProviderError
from worker.net.credentials import Fixed, Supply
from worker.net.huawei import HuaweiVodClient, PictureStore, huawei_tokens
from worker.net.vendor_calls import VendorHttp, Where
from worker.rules.huawei_answers import UploadPlace
from worker.signing.wire import AccessKey

KEY = AccessKey(ACCESS_KEY, SECRET_KEY)
WHERE = Where(None, https_only=False, allow_private_addresses=True)


@pytest.fixture
def http() -> Iterator[VendorHttp]:
    http = VendorHttp("Huawei VOD (main)", WHERE, timeout_s=5)
    yield http
    http.close()


@pytest.fixture
def snapshots(huawei_vod: Control) -> list[str]:
    return list(huawei_vod.do("add_asset", asset_id=ID, project_id=PROJECT_ID))


def client(
    http: VendorHttp, fake: Control, supply: Supply[AccessKey] | Supply[str] | None = None
) -> HuaweiVodClient:
    return HuaweiVodClient(http, fake.url, PROJECT_ID, supply or Fixed(KEY))


def failure(call: object) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        call()  # type: ignore[operator]
    return caught.value


def test_a_cover_is_set_and_told(
    http: VendorHttp, huawei_vod: Control, snapshots: list[str]
) -> None:
    calling = client(http, huawei_vod)
    assert calling.cover(ID).url is None

    request_id = calling.set_cover(snapshots[1])

    told = calling.cover(ID)
    assert told.url == snapshots[1]
    assert request_id != told.request_id


def test_a_foreign_picture_is_refused_with_the_vendors_words(
    http: VendorHttp, huawei_vod: Control, snapshots: list[str]
) -> None:
    error = failure(lambda: client(http, huawei_vod).set_cover("https://covers.example/1.jpg"))

    assert (error.code, error.unsure) == ("provider.not_found", False)
    assert "VOD.10062" in error.message
    assert "does not exist" in error.message


def test_odd_ids_travel_escaped(http: VendorHttp, huawei_vod: Control) -> None:
    huawei_vod.do("add_asset", asset_id="a&b=c /é", project_id=PROJECT_ID)
    assert client(http, huawei_vod).cover("a&b=c /é").url is None


def test_a_picture_is_put_where_the_vendor_says(
    http: VendorHttp, huawei_vod: Control, snapshots: list[str]
) -> None:
    calling, pictures = client(http, huawei_vod), PictureStore(http, http)

    place = calling.upload_place(ID, "PNG")
    pictures.put(place, "image/png", b"picture")

    assert calling.cover(ID).url == f"{huawei_vod.url}/asset/{ID}/cover/Cover0.jpg"
    assert pictures.get(str(calling.cover(ID).url)) == b"picture"
    assert pictures.get(f"{huawei_vod.url}/asset/{ID}/nothing.jpg") is None
    assert pictures.get("http://[::bad/x.jpg") is None


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "provider.throttled"), (500, "provider.unavailable"), (503, "provider.unavailable")],
)
def test_a_picture_that_cannot_be_had_just_now_is_an_error(
    http: VendorHttp, media_server: MediaServer, status: int, code: str
) -> None:
    url = media_server.serve("/a.jpg", answers(status))

    assert failure(lambda: PictureStore(http, http).get(url)).code == code


@pytest.mark.parametrize("status", [301, 401, 403, 404, 410])
def test_a_picture_that_is_refused_can_never_be_had(
    http: VendorHttp, media_server: MediaServer, status: int
) -> None:
    url = media_server.serve("/a.jpg", answers(status))

    assert PictureStore(http, http).get(url) is None


def test_a_server_of_pictures_that_is_away_is_an_error_and_a_host_not_allowed_is_not(
    http: VendorHttp,
) -> None:
    nobody = "http://127.0.0.1:9/nobody.jpg"
    public = VendorHttp("Huawei VOD (main)", WHERE._replace(hosts=("a.example",)), timeout_s=5)

    assert failure(lambda: PictureStore(http, http).get(nobody)).code == "provider.unavailable"
    assert PictureStore(http, public).get(nobody) is None
    public.close()


def test_a_link_that_was_signed_with_our_key_is_taken_as_it_is(
    http: VendorHttp, huawei_vod: Control, snapshots: list[str]
) -> None:
    url = f"{huawei_vod.url}/upload?AccessKeyId={ACCESS_KEY}&expires=1&signature=2"
    huawei_vod.fault(
        "update_asset", "answer", status=200, body=json.dumps({"cover_upload_url": url})
    )

    assert client(http, huawei_vod).upload_place(ID, "JPG").url == url


def test_storage_that_refuses_is_not_told_our_credentials(
    http: VendorHttp, huawei_vod: Control, snapshots: list[str]
) -> None:
    place = client(http, huawei_vod).upload_place(ID, "JPG")

    error = failure(lambda: PictureStore(http, http).put(place, "image/png", b"picture"))

    assert (error.code, error.unsure) == ("provider.rejected", False)
    assert "SignatureDoesNotMatch" in error.message
    assert "Signature=" not in error.message


def test_a_place_that_is_no_url_is_an_error(http: VendorHttp) -> None:
    error = failure(
        lambda: PictureStore(http, http).put(UploadPlace("http://[::x", None), "image/png", b"")
    )
    assert (error.code, error.unsure) == ("provider.unavailable", False)


def test_a_token_is_asked_once_and_sent_instead_of_a_signature(
    http: VendorHttp, huawei_vod: Control, snapshots: list[str]
) -> None:
    calling = client(http, huawei_vod, huawei_tokens(http, huawei_vod.url, PROJECT_ID, Fixed(KEY)))
    for url in snapshots:
        calling.set_cover(url)

    assert len(huawei_vod.journal("create_token")) == 1
    accounts = {entry["account"] for entry in huawei_vod.journal("set_cover")}
    assert len(accounts) == 1
    assert accounts.pop().startswith("token ")


def test_a_token_that_is_over_is_changed_within_the_call(
    http: VendorHttp, huawei_vod: Control, snapshots: list[str]
) -> None:
    calling = client(http, huawei_vod, huawei_tokens(http, huawei_vod.url, PROJECT_ID, Fixed(KEY)))
    calling.set_cover(snapshots[0])
    huawei_vod.do("expire_tokens")

    calling.set_cover(snapshots[1])

    assert [entry["status"] for entry in huawei_vod.journal("set_cover")] == [204, 401, 204]


def test_a_token_is_changed_before_it_ends(
    http: VendorHttp, huawei_vod: Control, snapshots: list[str]
) -> None:
    huawei_vod.do("token_life", seconds=1)
    tokens = huawei_tokens(http, huawei_vod.url, PROJECT_ID, Fixed(KEY))
    first = tokens.get()

    time.sleep(1.05)

    assert tokens.get() != first


def test_a_key_that_iam_refuses_is_an_auth_error_and_nothing_is_written(
    http: VendorHttp, huawei_vod: Control, snapshots: list[str]
) -> None:
    wrong = Fixed(AccessKey(ACCESS_KEY, "wrong-secret-canary"))
    calling = client(http, huawei_vod, huawei_tokens(http, huawei_vod.url, PROJECT_ID, wrong))

    error = failure(lambda: calling.set_cover(snapshots[0]))

    assert (error.code, error.unsure) == ("provider.auth", False)
    assert "canary" not in str(error)
    assert huawei_vod.journal("set_cover") == []


def test_iam_that_is_away_leaves_nothing_unsure(
    http: VendorHttp, huawei_vod: Control, snapshots: list[str]
) -> None:
    tokens = huawei_tokens(http, "http://127.0.0.1:9", PROJECT_ID, Fixed(KEY))

    error = failure(lambda: client(http, huawei_vod, tokens).set_cover(snapshots[0]))

    assert (error.code, error.unsure) == ("provider.unavailable", False)


def test_a_temporary_key_is_changed_into_a_token_too(
    http: VendorHttp, huawei_vod: Control, snapshots: list[str]
) -> None:
    huawei_vod.do("edit_account", access_key=ACCESS_KEY, security_token="sts-canary")
    key = AccessKey(ACCESS_KEY, SECRET_KEY, "sts-canary")
    tokens = huawei_tokens(http, huawei_vod.url, PROJECT_ID, Fixed(key))

    client(http, huawei_vod, tokens).set_cover(snapshots[0])

    assert len(huawei_vod.changes(ID)) == 1


@pytest.mark.parametrize(
    ("code", "ours", "unsure"),
    [
        ("VOD.10051", "provider.unavailable", True),
        ("VOD.10054", "provider.auth", False),
        ("VOD.10061", "provider.rejected", False),
        ("APIGW.0308", "provider.throttled", False),
    ],
)
def test_codes_of_the_vendor_become_ours(
    http: VendorHttp, huawei_vod: Control, snapshots: list[str], code: str, ours: str, unsure: bool
) -> None:
    huawei_vod.fault("set_cover", "error", code=code)

    error = failure(lambda: client(http, huawei_vod).set_cover(snapshots[0]))

    assert (error.code, error.unsure) == (ours, unsure)
    assert error.delay_s == (1 if ours == "provider.throttled" else None)
    assert f" {code} (request " in error.message


def test_a_fixed_key_is_tried_once_as_the_vendor_locks_it_after_five(
    http: VendorHttp, huawei_vod: Control, snapshots: list[str]
) -> None:
    wrong = Fixed(AccessKey(ACCESS_KEY, "wrong"))
    for _ in range(3):
        error = failure(lambda: client(http, huawei_vod, wrong).set_cover(snapshots[0]))
        assert error.code == "provider.auth"

    assert len(huawei_vod.journal("set_cover")) == 3
    client(http, huawei_vod).set_cover(snapshots[0])
