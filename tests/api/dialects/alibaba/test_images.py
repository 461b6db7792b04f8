"""GetImageInfo and GetImageInfos: the fields, formats and limits of their pages, over HTTP."""

import re
import time
from urllib.parse import parse_qs

import httpx2
import pytest

from tests.api.attempts import Attempts
from tests.api.dialects.alibaba.shelf import NOBODY, Shelf, code_of, told_by
from worker.rules.catalogue import image_id

STRINGS = (
    *("ImageId", "Title", "Description", "Tags", "CateName", "AppId", "StorageLocation", "URL"),
    *("CreationTime", "Status", "ImageType"),
)
NO_SUCH = (404, "NoSuchResource")


def life_of(link: str) -> int:
    """How many seconds a link still lives; none is told of one that lives for ever."""
    (expires,) = parse_qs(httpx2.URL(link).query.decode())["expires"]
    return round(int(expires) - time.time())


def test_an_image_has_all_fields_of_the_page_in_their_formats(shelf: Shelf) -> None:
    piece = shelf.piece()

    told = shelf.image(piece.image_id)

    assert set(told) == {*STRINGS, "CateId", "Mezzanine"}
    assert all(isinstance(told[name], str) for name in STRINGS)
    assert isinstance(told["CateId"], int)
    assert told["ImageId"] == piece.image_id
    assert told["Status"] == "Normal"
    assert told["ImageType"] == "CoverSnapshot"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["CreationTime"])
    assert told["URL"] == piece.url
    assert told["StorageLocation"] == "firstframe"
    assert told["Mezzanine"] == {
        "FileURL": piece.url,
        "OriginalFileName": piece.key.rpartition("/")[2],
        "Width": 64,
        "Height": 64,
        "FileSize": str(len(b"a cover")),
    }


def test_tags_category_and_description_are_the_mediums(shelf: Shelf) -> None:
    piece = shelf.piece()
    told_by(
        shelf.vod(
            "UpdateVideoInfo",
            {
                "VideoId": piece.media_id,
                "Tags": "tag1,tag2,tag3",
                "CateId": "254766071",
                "Description": "test description",
            },
        )
    )

    told = shelf.image(piece.image_id)

    assert told["Tags"] == "tag1,tag2,tag3"
    assert told["CateId"] == 254766071
    assert told["Description"] == "test description"


def test_an_image_is_uploading_while_its_job_runs_and_then_normal(shelf: Shelf) -> None:
    job = shelf.job()
    image = image_id(job, "covers/64")

    before = shelf.image(image)
    shelf.finish(job, data=b"a cover", visibility="public")

    assert before["Status"] == "Uploading"
    assert before["URL"] == ""
    assert before["Mezzanine"] == {
        "FileURL": "",
        "OriginalFileName": "",
        "Width": 0,
        "Height": 0,
        "FileSize": "0",
    }
    assert shelf.image(image)["Status"] == "Normal"


def test_an_image_whose_job_failed_is_an_upload_that_failed(shelf: Shelf) -> None:
    job = shelf.job()
    Attempts(shelf.settings).fail(job)

    assert shelf.image(image_id(job, "covers/64"))["Status"] == "UploadFail"


@pytest.mark.parametrize("told", [{}, {"OutputType": "oss"}, {"OutputType": "cdn"}])
def test_the_url_of_a_public_image_never_ends(shelf: Shelf, told: dict[str, str]) -> None:
    piece = shelf.piece()
    assert shelf.image(piece.image_id, AuthTimeout="1", **told)["URL"] == piece.url


@pytest.mark.parametrize(
    ("told", "life_s", "file_life_s"),
    [
        pytest.param({}, 3600, 3600, id="neither is told"),
        pytest.param({"OutputType": "oss"}, 3600, 3600, id="oss by default"),
        pytest.param({"OutputType": "oss", "AuthTimeout": ""}, 3600, 3600, id="oss left empty"),
        pytest.param({"OutputType": "oss", "AuthTimeout": "60"}, 60, 60, id="oss"),
        pytest.param({"OutputType": "cdn", "AuthTimeout": "60"}, 60, 3600, id="cdn"),
        pytest.param({"AuthTimeout": "60"}, 60, 3600, id="cdn is the default"),
        pytest.param(
            {"OutputType": "oss", "AuthTimeout": "2592000"}, 604_800, 604_800, id="oss at most"
        ),
        pytest.param({"AuthTimeout": "99999999999"}, 604_800, 3600, id="cdn without end"),
    ],
)
def test_the_link_of_a_private_image_lives_as_long_as_asked(
    shelf: Shelf, told: dict[str, str], life_s: int, file_life_s: int
) -> None:
    piece = shelf.piece(visibility="private")

    image = shelf.image(piece.image_id, **told)

    assert abs(life_of(image["URL"]) - life_s) <= 5
    assert abs(life_of(image["Mezzanine"]["FileURL"]) - file_life_s) <= 5
    opened = shelf.client.get(httpx2.URL(image["URL"]).raw_path.decode())
    assert opened.content == b"a cover"


def test_a_link_ends_when_its_time_is_over(shelf: Shelf) -> None:
    piece = shelf.piece(visibility="private")
    link = httpx2.URL(shelf.image(piece.image_id, AuthTimeout="1")["URL"]).raw_path.decode()

    time.sleep(2.1)

    assert shelf.client.get(link).status_code == 403


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"AuthTimeout": "0"}, id="none"),
        pytest.param({"AuthTimeout": "-1"}, id="less than none"),
        pytest.param({"AuthTimeout": "1.5"}, id="a fraction"),
        pytest.param({"AuthTimeout": "3600s"}, id="a unit"),
        pytest.param({"AuthTimeout": "\u0661"}, id="a digit of another script"),
        pytest.param({"AuthTimeout": "9" * 400}, id="endless digits"),
        pytest.param({"AuthTimeout": "2592001", "OutputType": "oss"}, id="over the limit of oss"),
        pytest.param({"AuthTimeout": "0", "OutputType": "oss"}, id="none of oss"),
        pytest.param({"OutputType": "CDN"}, id="capitals"),
        pytest.param({"OutputType": "http"}, id="another output"),
    ],
)
def test_other_lives_and_outputs_are_refused(shelf: Shelf, told: dict[str, str]) -> None:
    given = {"ImageId": NOBODY, "ImageIds": NOBODY, **told}
    for action in ("GetImageInfo", "GetImageInfos"):
        assert code_of(shelf.vod(action, given)) == (400, "InvalidParameter")


@pytest.mark.parametrize(
    "image", [NOBODY, "x", "../" * 8, "a:b", f"{NOBODY}\n", "封面", "0" * 5000]
)
def test_an_unknown_image_is_no_such_resource(shelf: Shelf, image: str) -> None:
    answer = shelf.vod("GetImageInfo", {"ImageId": image})

    assert code_of(answer) == NO_SUCH
    assert answer.json()["Message"] == "The specified resource does not exist."


@pytest.mark.parametrize(
    ("action", "told", "code"),
    [
        ("GetImageInfo", {}, "MissingImageId"),
        ("GetImageInfo", {"ImageId": ""}, "MissingImageId"),
        ("GetImageInfos", {}, "MissingImageIds"),
        ("GetImageInfos", {"ImageIds": ""}, "MissingImageIds"),
        (
            "GetImageInfos",
            {"ImageIds": ",".join(f"{number:032x}" for number in range(21))},
            "InvalidParameter",
        ),
    ],
)
def test_missing_and_too_many_ids_are_refused(
    shelf: Shelf, action: str, told: dict[str, str], code: str
) -> None:
    assert code_of(shelf.vod(action, told)) == (400, code)


def test_twenty_images_are_told_at_once_in_the_order_asked(shelf: Shelf) -> None:
    first, second = shelf.piece(), shelf.piece("other", data=b"another")
    strangers = [f"{number:032x}" for number in range(17)]
    ids = [second.image_id, *strangers, first.image_id, "no id"]

    told = told_by(shelf.vod("GetImageInfos", {"ImageIds": ",".join(ids)}))

    assert [image["ImageId"] for image in told["ImageInfo"]] == [second.image_id, first.image_id]
    assert told["NonExistImageIds"] == [*strangers, "no id"]
    assert told["ImageInfo"][1] == shelf.image(first.image_id)


def test_another_accounts_images_do_not_exist(shelf: Shelf) -> None:
    mine, theirs = shelf.piece(), shelf.piece("other", data=b"another")
    narrow = Shelf(shelf.settings, shelf.client, name="narrow", media=(mine.media_id,))
    stranger = Shelf(shelf.settings, shelf.client, name="stranger", tenant="other")

    for blind in (narrow, stranger):
        answer = blind.vod("GetImageInfo", {"ImageId": theirs.image_id})
        nobody = blind.vod("GetImageInfo", {"ImageId": NOBODY})
        assert code_of(answer) == code_of(nobody) == NO_SUCH
        assert answer.json()["Message"] == nobody.json()["Message"]
        told = told_by(blind.vod("GetImageInfos", {"ImageIds": theirs.image_id}))
        assert (told["ImageInfo"], told["NonExistImageIds"]) == ([], [theirs.image_id])
    assert narrow.image(mine.image_id)["Status"] == "Normal"


def test_who_sees_one_medium_sees_what_is_to_come_of_it(shelf: Shelf) -> None:
    mine = shelf.piece()
    narrow = Shelf(shelf.settings, shelf.client, name="narrow", media=(mine.media_id,))

    own, theirs = (image_id(shelf.job(name), "covers/64") for name in ("clip", "other"))

    assert narrow.image(own)["Status"] == "Uploading"
    assert code_of(narrow.vod("GetImageInfo", {"ImageId": theirs})) == NO_SUCH
