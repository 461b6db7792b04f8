"""UpdateVideoInfo and GetVideoInfo over HTTP."""

import pytest

from tests.api.dialects.alibaba.shelf import NOBODY, Shelf, code_of, told_by

URL = "https://media.example/cover.jpg?x-oss-process=image/resize"


def test_a_video_is_told_as_it_is(shelf: Shelf) -> None:
    piece = shelf.piece()

    told = shelf.video(piece.media_id)

    assert told["VideoId"] == piece.media_id
    assert (told["Title"], told["Description"], told["Tags"]) == ("clip.mp4", "", "")
    assert (told["Duration"], told["Size"], told["Status"]) == (10.0, 0, "Normal")
    assert told["CoverURL"] == ""
    assert told["Snapshots"] == {"Snapshot": [piece.url]}
    assert told["CreationTime"] <= told["ModificationTime"]


def test_what_is_given_changes_and_nothing_else(shelf: Shelf) -> None:
    video = shelf.piece().media_id
    told_by(shelf.vod("UpdateVideoInfo", {"VideoId": video, "Title": "一部影片", "Tags": "a,b"}))
    told_by(shelf.vod("UpdateVideoInfo", {"VideoId": video, "CoverURL": URL}))
    told_by(shelf.vod("UpdateVideoInfo", {"VideoId": video, "Description": "", "CateId": "7"}))

    told = shelf.video(video)

    assert (told["Title"], told["Tags"], told["CoverURL"]) == ("一部影片", "a,b", URL)
    assert (told["Description"], told["CateId"]) == ("", 7)
    assert shelf.medium(video)["Tags"] == {"Tag": ["a", "b"]}
    cover = shelf.client.get(f"/v1/media/{video}").json()["cover"]
    assert (cover["url"], cover["set_by"]) == (URL, "alibaba_vod")


def test_what_is_given_empty_is_emptied(shelf: Shelf) -> None:
    video = shelf.piece().media_id
    told_by(shelf.vod("UpdateVideoInfo", {"VideoId": video, "Title": "x", "Tags": "a"}))
    told_by(shelf.vod("UpdateVideoInfo", {"VideoId": video, "Title": "", "Tags": ""}))

    told = shelf.video(video)

    assert (told["Title"], told["Tags"]) == ("", "")


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"Title": "封" * 43}, id="a title of 129 bytes"),
        pytest.param({"Description": "x" * 1025}, id="a description of 1,025"),
        pytest.param({"Tags": ",".join("abcdefghijklmnopq")}, id="17 tags"),
        pytest.param({"Tags": "x" * 33}, id="a tag of 33"),
        pytest.param({"CateId": "one"}, id="a category in words"),
        pytest.param({"CateId": "9" * 19}, id="a category without end"),
        pytest.param({"CoverURL": ""}, id="an empty cover"),
        pytest.param({"CoverURL": "ftp://b.example/a.jpg"}, id="a cover by FTP"),
        pytest.param({"CoverURL": "http://b.example/封面.jpg"}, id="letters not escaped"),
        pytest.param({"CoverURL": "http://b.example/" + "a" * 8192}, id="a cover without end"),
        pytest.param({"ReferenceId": "mine"}, id="a reference"),
        pytest.param({"UserData": "{}"}, id="user data"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_changes_nothing(
    shelf: Shelf, wrong: dict[str, str]
) -> None:
    video = shelf.piece().media_id
    before = shelf.video(video)

    answer = shelf.vod("UpdateVideoInfo", {"VideoId": video, "Title": "new", **wrong})

    assert code_of(answer) == (400, "InvalidParameter")
    assert answer.json()["Message"].partition(":")[0] in wrong
    assert shelf.video(video) == before


@pytest.mark.parametrize("action", ["UpdateVideoInfo", "GetVideoInfo"])
def test_a_video_that_is_not_there_or_not_named_is_refused(shelf: Shelf, action: str) -> None:
    theirs = shelf.piece().media_id
    stranger = Shelf(shelf.settings, shelf.client, name="stranger", media=(NOBODY,))

    assert code_of(shelf.vod(action, {})) == (400, "MissingVideoId")
    assert code_of(shelf.vod(action, {"VideoId": ""})) == (400, "MissingVideoId")
    for video in (NOBODY, "x", f"{NOBODY}\n", "a:b"):
        assert code_of(shelf.vod(action, {"VideoId": video})) == (404, "InvalidVideo.NotFound")
    assert code_of(stranger.vod(action, {"VideoId": theirs})) == (404, "InvalidVideo.NotFound")
