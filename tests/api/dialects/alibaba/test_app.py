"""The dialect under the vendor's own clients: current and legacy, either signature, either form."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import httpx2
import pytest

from api.dialects.alibaba.errors import CODES
from tests.api.attempts import Attempts
from tests.api.conftest import Served
from tests.api.dialects.alibaba.conftest import with_accounts
from tests.api.dialects.alibaba.shelf import NOBODY, REQUEST_ID, SECRET, Shelf, told_by
from tests.vendors import Clients
from worker import wiring
from worker.rules.catalogue import image_id
from worker.settings import Settings
from worker.state.accounts import AccountRecords

pytestmark = pytest.mark.vendors

CLIENTS: Final = ("sync", "async", "sync_v2", "async_v2", "legacy")
COVER: Final = "http://b.oss-cn-hangzhou.aliyuncs.com//%C3%BC+b%2Bc~*(1).jpg"

Call = tuple[str, dict[str, Any]]
Outcome = dict[str, Any]


class Theirs(NamedTuple):
    """One of the vendor's clients, with an account's key."""

    clients: Clients
    shelf: Shelf
    client: str

    def call(self, *calls: Call, **account: str) -> list[Outcome]:
        told = {
            "endpoint": self.shelf.host,
            "access_key": self.shelf.key.id,
            "secret": SECRET,
            "client": self.client,
            "calls": [{"action": action, "given": given} for action, given in calls],
            **account,
        }
        return self.clients.ask(told)


@pytest.fixture(params=CLIENTS)
def theirs(
    request: pytest.FixtureRequest, vendors_clients: Callable[[str], Clients], shelf: Shelf
) -> Theirs:
    return Theirs(vendors_clients("alibaba_calls"), shelf, request.param)


def refusal(outcome: Outcome) -> tuple[int, str]:
    """Status and code, of a refusal that the client understood as the vendor's."""
    assert "told" not in outcome, outcome
    assert REQUEST_ID.fullmatch(outcome["request_id"])
    expected = {"ServerException"} if outcome["status"] >= 500 else {"ClientException"}
    assert outcome["kind"] in {*expected, "ServerException", "ThrottlingException"}
    return outcome["status"], outcome["code"]


def test_every_call_succeeds_under_the_vendors_client(theirs: Theirs) -> None:
    shelf = theirs.shelf
    piece = shelf.piece()
    title = "a 封面 +%~*'"

    outcomes = theirs.call(
        ("UpdateMediaCover", {"MediaId": piece.media_id, "CoverURL": COVER}),
        ("QueryMediaList", {"MediaIds": f"{piece.media_id},{NOBODY}", "IncludePlayList": True}),
        (
            "UpdateVideoInfo",
            {"VideoId": piece.media_id, "CoverURL": piece.url, "Title": title, "CateId": 7},
        ),
        ("GetVideoInfo", {"VideoId": piece.media_id}),
        (
            "GetImageInfo",
            {"ImageId": piece.image_id, "AuthTimeout": 3600, "OutputType": "oss"},
        ),
        ("GetImageInfos", {"ImageIds": f"{piece.image_id},{NOBODY}", "OutputType": "cdn"}),
    )

    assert [outcome["status"] for outcome in outcomes] == [200] * 6
    told = [outcome["told"] for outcome in outcomes]
    assert all(REQUEST_ID.fullmatch(each["RequestId"]) for each in told)
    cover, media, update, video, image, images = told
    assert set(cover) == set(update) == {"RequestId"}
    assert media["MediaList"]["Media"][0]["CoverURL"] == COVER
    assert media["NonExistMediaIds"]["MediaId"] == [NOBODY]
    assert (video["Video"]["CoverURL"], video["Video"]["Title"]) == (piece.url, title)
    assert image["ImageInfo"] == shelf.image(piece.image_id, OutputType="oss")
    assert images["ImageInfo"] == [shelf.image(piece.image_id)]
    assert images["NonExistImageIds"] == [NOBODY]


def test_the_states_of_an_image_reach_the_client(theirs: Theirs) -> None:
    shelf = theirs.shelf
    waiting, failed = shelf.job(), shelf.job("other")
    Attempts(shelf.settings).fail(failed)
    private = shelf.piece("third", data=b"third", visibility="private")
    ids = [image_id(waiting, "covers/64"), image_id(failed, "covers/64"), private.image_id]

    (outcome,) = theirs.call(("GetImageInfos", {"ImageIds": ",".join(ids), "AuthTimeout": 60}))

    told = outcome["told"]["ImageInfo"]
    assert [image["Status"] for image in told] == ["Uploading", "UploadFail", "Normal"]
    link = httpx2.URL(told[2]["URL"]).raw_path.decode()
    assert shelf.client.get(link).content == b"third"


REFUSED: Final[list[tuple[Call, tuple[int, str]]]] = [
    (("UpdateMediaCover", {}), (400, "MissingMediaId")),
    (("UpdateMediaCover", {"MediaId": "x"}), (400, "InvalidParameter.UUIDFormatInvalid")),
    (("UpdateMediaCover", {"MediaId": NOBODY}), (404, "InvalidParameter.ResourceNotFound")),
    (
        ("UpdateMediaCover", {"MediaId": NOBODY, "CoverURL": "http://b/" + "a" * 3192}),
        (400, "InvalidParameter.OutOfRange"),
    ),
    (
        ("UpdateMediaCover", {"MediaId": NOBODY, "CoverURL": ""}),
        (400, "InvalidParameter.EmptyValue"),
    ),
    (("QueryMediaList", {}), (400, "MissingMediaIds")),
    (("QueryMediaList", {"MediaIds": "x"}), (400, "InvalidParameter.UUIDFormatInvalid")),
    (
        ("QueryMediaList", {"MediaIds": ",".join(f"{each:032x}" for each in range(11))}),
        (400, "InvalidParameter.OutOfRange"),
    ),
    (("UpdateVideoInfo", {}), (400, "MissingVideoId")),
    (("UpdateVideoInfo", {"VideoId": NOBODY}), (404, "InvalidVideo.NotFound")),
    (("UpdateVideoInfo", {"VideoId": NOBODY, "Title": "x" * 129}), (400, "InvalidParameter")),
    (("GetVideoInfo", {}), (400, "MissingVideoId")),
    (("GetVideoInfo", {"VideoId": NOBODY}), (404, "InvalidVideo.NotFound")),
    (("GetImageInfo", {}), (400, "MissingImageId")),
    (("GetImageInfo", {"ImageId": NOBODY}), (404, "NoSuchResource")),
    (("GetImageInfo", {"ImageId": NOBODY, "AuthTimeout": 0}), (400, "InvalidParameter")),
    (("GetImageInfo", {"ImageId": NOBODY, "OutputType": "ftp"}), (400, "InvalidParameter")),
    (
        ("GetImageInfo", {"ImageId": NOBODY, "OutputType": "oss", "AuthTimeout": 2592001}),
        (400, "InvalidParameter"),
    ),
    (("GetImageInfos", {}), (400, "MissingImageIds")),
    (
        ("GetImageInfos", {"ImageIds": ",".join(f"{each:032x}" for each in range(21))}),
        (400, "InvalidParameter"),
    ),
]
EVERY: Final[list[Call]] = [
    ("UpdateMediaCover", {"MediaId": NOBODY, "CoverURL": COVER}),
    ("QueryMediaList", {"MediaIds": NOBODY}),
    ("UpdateVideoInfo", {"VideoId": NOBODY}),
    ("GetVideoInfo", {"VideoId": NOBODY}),
    ("GetImageInfo", {"ImageId": NOBODY}),
    ("GetImageInfos", {"ImageIds": NOBODY}),
]


def test_every_refusal_of_a_call_reaches_the_client(theirs: Theirs) -> None:
    outcomes = theirs.call(*(call for call, _ in REFUSED))
    told = [(call, refusal(got)) for (call, _), got in zip(REFUSED, outcomes, strict=True)]
    assert told == REFUSED


def test_cover_urls_that_the_page_forbids_are_refused(theirs: Theirs) -> None:
    media_id = theirs.shelf.piece().media_id
    urls = [
        *("https://b/a.jpg", "http://b/a.jpg?x=1", "http://b/a b.jpg", "http://例子.example/a.jpg"),
        *("http://b/封面.jpg", "http://b/a\r\n.jpg", "http://b/\x00.jpg", "ftp://b/a.jpg", "b"),
    ]
    calls = [("UpdateMediaCover", {"MediaId": media_id, "CoverURL": url}) for url in urls]

    outcomes = theirs.call(*calls)

    expected = [(400, "InvalidParameter.Format")] * len(urls)
    assert [refusal(outcome) for outcome in outcomes] == expected


def test_whoever_is_not_let_in_is_told_why_at_every_call(theirs: Theirs) -> None:
    shelf = theirs.shelf
    disabled = Shelf(shelf.settings, shelf.client, name="disabled")
    with wiring.redis_client(shelf.settings, timeout_s=5) as redis:
        AccountRecords(redis).set_disabled(disabled.key.id, disabled=True)
    reasons = {
        "InvalidAccessKeyId.NotFound": {"access_key": "AKNOBODY000000000001"},
        "SignatureDoesNotMatch": {"secret": "another secret"},
        "InvalidAccessKeyId.Inactive": {"access_key": disabled.key.id},
        "InvalidSecurityToken.Malformed": {"security_token": "temporary"},
    }

    for code, account in reasons.items():
        told = {refusal(outcome) for outcome in theirs.call(*EVERY, **account)}
        assert told == {(CODES[code][0], code)}


def test_another_accounts_media_and_images_are_as_unknown_ones(theirs: Theirs) -> None:
    piece = theirs.shelf.piece()
    narrow = Shelf(theirs.shelf.settings, theirs.shelf.client, name="narrow", media=(NOBODY,))

    told = theirs.call(
        ("UpdateMediaCover", {"MediaId": piece.media_id, "CoverURL": COVER}),
        ("UpdateVideoInfo", {"VideoId": piece.media_id, "Title": "mine"}),
        ("GetVideoInfo", {"VideoId": piece.media_id}),
        ("GetImageInfo", {"ImageId": piece.image_id}),
        ("QueryMediaList", {"MediaIds": piece.media_id}),
        ("GetImageInfos", {"ImageIds": piece.image_id}),
        access_key=narrow.key.id,
    )

    assert [refusal(outcome) for outcome in told[:4]] == [
        (404, "InvalidParameter.ResourceNotFound"),
        (404, "InvalidVideo.NotFound"),
        (404, "InvalidVideo.NotFound"),
        (404, "NoSuchResource"),
    ]
    assert told[4]["told"]["NonExistMediaIds"]["MediaId"] == [piece.media_id]
    assert told[5]["told"]["NonExistImageIds"] == [piece.image_id]
    assert theirs.shelf.video(piece.media_id)["Title"] == "clip.mp4"


def test_throttling_is_what_the_client_takes_for_throttling(
    theirs: Theirs, settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    served = serve(with_accounts(settings, calls_per_second=2))
    with httpx2.Client(base_url=served.url, timeout=20) as slow:
        shelf = Shelf(settings, slow, name="slow")
        outcomes = Theirs(theirs.clients, shelf, theirs.client).call(*EVERY[1:2] * 12)

    refused = [outcome for outcome in outcomes if "told" not in outcome]
    assert refused
    for outcome in refused:
        assert refusal(outcome) == (400, "Throttling.User")
        if theirs.client != "legacy":
            assert outcome["kind"] == "ThrottlingException"
            assert 1 <= outcome["retry_after"] <= 1000


def test_failures_of_the_server_are_told_as_such(theirs: Theirs) -> None:
    shelf = theirs.shelf
    key = "AKSEALEDOTHERWISE001"
    with wiring.redis_client(shelf.settings, timeout_s=5) as redis:
        account = shelf.account.model_copy(update={"name": "sealed", "access_key": key})
        other = wiring.account_seal(shelf.settings).seal(SECRET, bound_to="another account")
        AccountRecords(redis).create(account, sealed=other)

    (outcome,) = theirs.call(EVERY[0], access_key=key)

    assert refusal(outcome) == (500, "InternalError")


def test_what_the_client_sets_is_told_by_the_api_and_stands_in_the_ledger(theirs: Theirs) -> None:
    shelf = theirs.shelf
    piece, other = shelf.piece(), shelf.piece("other", data=b"another")

    theirs.call(("UpdateMediaCover", {"MediaId": piece.media_id, "CoverURL": other.url}))

    cover = shelf.client.get(f"/v1/media/{piece.media_id}").json()["cover"]
    assert (cover["url"], cover["set_by"]) == (other.url, "alibaba_mps")
    record = shelf.state.records.read("default", cover["record"])
    assert record is not None
    assert record.state == "recorded"
    told_by(shelf.vod("GetVideoInfo", {"VideoId": piece.media_id}))
