"""UpdateMediaCover and QueryMediaList: the rules of their pages, over HTTP."""

import httpx2
import pytest

from tests.api.dialects.alibaba.shelf import NOBODY, Shelf, code_of, told_by
from tests.api.pictures import finish
from worker.settings import Settings

URL = "http://example-bucket.oss-cn-hangzhou.aliyuncs.com//example.jpg"
BASE = "http://b.example/"
LONGEST = BASE + "a" * (3200 - len(BASE))


def test_a_cover_that_was_set_is_read_back_as_it_was_set(shelf: Shelf) -> None:
    media_id = shelf.piece().media_id

    told = told_by(shelf.set_cover(media_id, URL))

    assert set(told) == {"RequestId"}
    assert shelf.medium(media_id)["CoverURL"] == URL
    assert shelf.video(media_id)["CoverURL"] == URL


def test_our_own_picture_becomes_the_cover_without_a_job(shelf: Shelf) -> None:
    first, second = shelf.piece(), shelf.piece("other", data=b"another")
    before = shelf.client.get("/v1/jobs").json()["jobs"]

    told_by(shelf.set_cover(first.media_id, second.url))

    assert shelf.medium(first.media_id)["CoverURL"] == second.url
    cover = shelf.client.get(f"/v1/media/{first.media_id}").json()["cover"]
    assert (cover["image"], cover["set_by"], cover["job"]) == (
        second.image_id,
        "alibaba_mps",
        None,
    )
    assert len(shelf.client.get("/v1/jobs").json()["jobs"]) == len(before)


def test_any_other_url_is_shown_at_once_and_copied_by_a_job(
    shelf: Shelf, settings: Settings
) -> None:
    media_id = shelf.piece().media_id

    told_by(shelf.set_cover(media_id, URL))

    cover = shelf.client.get(f"/v1/media/{media_id}").json()["cover"]
    assert (cover["url"], cover["image"]) == (URL, None)
    job = shelf.client.get(f"/v1/jobs/{cover['job']}").json()
    assert job["request"]["source"] == {"url": URL}
    finish(settings, job["id"], data=b"copied", visibility="public")
    assert shelf.medium(media_id)["CoverURL"] == URL


def test_the_newer_cover_stands(shelf: Shelf) -> None:
    media_id = shelf.piece().media_id
    for number in range(3):
        told_by(shelf.set_cover(media_id, f"{URL}{number}"))

    assert shelf.medium(media_id)["CoverURL"] == f"{URL}2"


def test_without_a_cover_url_nothing_changes(shelf: Shelf) -> None:
    media_id = shelf.piece().media_id
    told_by(shelf.set_cover(media_id, URL))

    told_by(shelf.mps("UpdateMediaCover", {"MediaId": media_id}))

    assert shelf.medium(media_id)["CoverURL"] == URL


def test_a_private_cover_is_shown_by_a_link_that_opens_it(shelf: Shelf) -> None:
    piece = shelf.piece(visibility="private")
    # The link has a query, which MPS does not take as a cover; VOD does.
    assert code_of(shelf.set_cover(piece.media_id, piece.url)) == (400, "InvalidParameter.Format")
    told_by(shelf.vod("UpdateVideoInfo", {"VideoId": piece.media_id, "CoverURL": piece.url}))

    link = httpx2.URL(shelf.medium(piece.media_id)["CoverURL"])

    assert shelf.client.get(link.raw_path.decode()).content == b"a cover"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(URL, id="the example of the page"),
        pytest.param(LONGEST, id="3,200 bytes"),
        pytest.param("http://b.example/%E5%B0%81%E9%9D%A2.jpg", id="UTF-8 escaped"),
        pytest.param("http://b.example/a;b:c@d&e=f+g$h,i-j_k.l!m~n*o'p(q)", id="RFC 2396"),
        pytest.param("http://xn--fsqu00a.example/a.jpg", id="punycode"),
    ],
)
def test_urls_by_the_page_are_taken(shelf: Shelf, url: str) -> None:
    media_id = shelf.piece().media_id
    told_by(shelf.set_cover(media_id, url))
    assert shelf.medium(media_id)["CoverURL"] == url


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        pytest.param(LONGEST + "a", "OutOfRange", id="3,201 bytes"),
        pytest.param(BASE + "é" * 1600, "OutOfRange", id="over 3,200 bytes in fewer letters"),
        pytest.param("", "EmptyValue", id="empty"),
        pytest.param("https://b.example/a.jpg", "Format", id="https"),
        pytest.param("ftp://b.example/a.jpg", "Format", id="ftp"),
        pytest.param("file:///etc/passwd", "Format", id="file"),
        pytest.param("javascript:alert(1)", "Format", id="javascript"),
        pytest.param("/a.jpg", "Format", id="no scheme"),
        pytest.param("http://", "Format", id="no host"),
        pytest.param("http://b.example/a.jpg?x=1", "Format", id="query"),
        pytest.param("http://b.example/a.jpg?", "Format", id="empty query"),
        pytest.param("http://b.example/a.jpg#x", "Format", id="fragment"),
        pytest.param("http://u:p@b.example/a.jpg", "Format", id="user information"),
        pytest.param("http://b.example/a b.jpg", "Format", id="space"),
        pytest.param(" http://b.example/a.jpg", "Format", id="space before"),
        pytest.param("http://b.example/封面.jpg", "Format", id="letters not escaped"),
        pytest.param("http://例子.example/a.jpg", "Format", id="IDN"),
        pytest.param("http://b.example/a\r\nX: y", "Format", id="line break"),
        pytest.param("http://b.example/a\x00.jpg", "Format", id="NUL"),
        pytest.param("http://b.example/a\x7f.jpg", "Format", id="DEL"),
        pytest.param("http://b.example/a|b.jpg", "Format", id="a bar"),
        pytest.param("http://b.example/%zz.jpg", "Format", id="half an escape"),
        pytest.param("http://b.example:99999/a.jpg", "Format", id="no port"),
        pytest.param("http://[::1/a.jpg", "Format", id="half a bracket"),
    ],
)
def test_other_urls_are_refused_and_change_nothing(shelf: Shelf, url: str, kind: str) -> None:
    media_id = shelf.piece().media_id
    told = {"MediaId": media_id, "CoverURL": url, "Format": "JSON"}

    for signature in ("acs3", "v1"):
        answer = shelf.mps("UpdateMediaCover", told, signature=signature)
        assert code_of(answer) == (400, f"InvalidParameter.{kind}")
        assert answer.json()["Message"].startswith("CoverURL: ")
    assert shelf.medium(media_id)["CoverURL"] == ""


def test_a_cover_url_that_is_not_utf_8_is_refused(shelf: Shelf) -> None:
    told = {"MediaId": shelf.piece().media_id, "CoverURL": b"http://b.example/\xff.jpg"}
    assert code_of(shelf.mps("UpdateMediaCover", told)) == (400, "InvalidParameter.Format")


@pytest.mark.parametrize(
    "media_id",
    [
        pytest.param("x" * 32, id="no hex"),
        pytest.param("0" * 31, id="too short"),
        pytest.param("0" * 33, id="too long"),
        pytest.param(f"{NOBODY[:-1]}\n", id="a line break"),
        pytest.param("6cc3aa66d1cb4bb2adf14e726c0a****", id="stars"),
        pytest.param("\u0660" * 32, id="digits of another script"),
        pytest.param("../" * 10 + "ab", id="dots"),
    ],
)
def test_an_id_that_is_no_id_is_told_from_one_that_is_unknown(shelf: Shelf, media_id: str) -> None:
    expected = (400, "InvalidParameter.UUIDFormatInvalid")

    assert code_of(shelf.set_cover(media_id, URL)) == expected
    assert code_of(shelf.mps("QueryMediaList", {"MediaIds": media_id})) == expected
    assert code_of(shelf.set_cover(NOBODY, URL)) == (404, "InvalidParameter.ResourceNotFound")


@pytest.mark.parametrize(
    ("action", "told", "code"),
    [
        ("UpdateMediaCover", {}, "MissingMediaId"),
        ("UpdateMediaCover", {"MediaId": ""}, "MissingMediaId"),
        ("UpdateMediaCover", {"mediaid": NOBODY}, "MissingMediaId"),
        ("QueryMediaList", {}, "MissingMediaIds"),
        ("QueryMediaList", {"MediaIds": ""}, "MissingMediaIds"),
        ("QueryMediaList", {"MediaIds": f"{NOBODY},"}, "InvalidParameter.UUIDFormatInvalid"),
        ("QueryMediaList", {"MediaIds": f"{NOBODY} "}, "InvalidParameter.UUIDFormatInvalid"),
        (
            "QueryMediaList",
            {"MediaIds": ",".join(f"{number:032x}" for number in range(11))},
            "InvalidParameter.OutOfRange",
        ),
        (
            "QueryMediaList",
            {"MediaIds": NOBODY, "IncludeSnapshotList": "yes"},
            "InvalidParameter.Format",
        ),
        (
            "QueryMediaList",
            {"MediaIds": NOBODY, "IncludePlayList": "1"},
            "InvalidParameter.Format",
        ),
    ],
)
def test_missing_and_wrong_parameters_are_named(
    shelf: Shelf, action: str, told: dict[str, str], code: str
) -> None:
    for in_form in (False, True):
        assert code_of(shelf.mps(action, told, in_form=in_form)) == (400, code)


def test_media_are_listed_in_the_order_of_their_ids_and_missing_ones_named(shelf: Shelf) -> None:
    first, second = shelf.piece(), shelf.piece("other", data=b"another")
    ids = [second.media_id, NOBODY, first.media_id, second.media_id]

    told = told_by(shelf.mps("QueryMediaList", {"MediaIds": ",".join(ids)}))

    listed = [medium["MediaId"] for medium in told["MediaList"]["Media"]]
    assert listed == [second.media_id, first.media_id]
    assert told["NonExistMediaIds"] == {"MediaId": [NOBODY]}
    alone = told_by(shelf.mps("QueryMediaList", {"MediaIds": first.media_id}))
    assert "NonExistMediaIds" not in alone


def test_a_medium_is_told_with_texts_for_numbers(shelf: Shelf) -> None:
    piece = shelf.piece()

    told = shelf.medium(piece.media_id)

    assert told["Title"] == "clip.mp4"
    assert (told["Width"], told["Height"], told["Duration"]) == ("8", "8", "10.000000")
    assert told["Format"] == "mp4"
    assert told["CreationTime"].endswith("Z")
    assert len(told["CreationTime"]) == len("2016-09-14T08:30:33Z")
    assert told["SnapshotList"] == {"Snapshot": []}
    assert "MediaInfo" not in told


def test_snapshots_and_streams_are_told_when_asked_for(shelf: Shelf) -> None:
    piece = shelf.piece()

    told = shelf.medium(piece.media_id, IncludeSnapshotList="True", IncludeMediaInfo="true")

    (snapshot,) = told["SnapshotList"]["Snapshot"]
    assert snapshot["File"] == {"URL": piece.url, "State": "Normal"}
    assert told["MediaInfo"]["Streams"]["VideoStreamList"]["VideoStream"][0]["CodecName"] == "h264"


def test_another_accounts_media_are_as_unknown(shelf: Shelf) -> None:
    mine, theirs = shelf.piece(), shelf.piece("other", data=b"another")
    narrow = Shelf(shelf.settings, shelf.client, name="narrow", media=(mine.media_id,))
    stranger = Shelf(shelf.settings, shelf.client, name="stranger", tenant="other")

    for blind in (narrow, stranger):
        answer, nobody = blind.set_cover(theirs.media_id, URL), blind.set_cover(NOBODY, URL)
        assert code_of(answer) == code_of(nobody) == (404, "InvalidParameter.ResourceNotFound")
        assert answer.json()["Message"] == nobody.json()["Message"]
        told = told_by(blind.mps("QueryMediaList", {"MediaIds": theirs.media_id}))
        assert told["NonExistMediaIds"] == {"MediaId": [theirs.media_id]}
    assert narrow.medium(mine.media_id)["MediaId"] == mine.media_id
    assert shelf.medium(theirs.media_id)["CoverURL"] == ""
