"""`/album/…/cover`: which medium, which picture, and what is told while there is none."""

import io
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from PIL import Image

from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.conftest import with_libraries
from tests.api.dialects.tencent_smh.cook import Cook
from tests.api.dialects.tencent_smh.shop import STARTED_MS, Shop
from tests.media import Clip, is_red
from worker.contracts.requests import CoverRequest
from worker.settings import Settings

Behind = Callable[[httpx2.Response], httpx2.Response]
Blob = Callable[[bytes], Path]
MakeClip = Callable[[Clip], Path]


def _cover(api: httpx2.Client, shop: Shop, path: str = "", **queries: str | int) -> httpx2.Response:
    given = {"access_token": shop.token(), **queries}
    return api.get(f"/album/smh1/-/cover{path}", params=given)


def _picture(answer: httpx2.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


def test_the_cover_of_a_space_is_a_square_of_its_first_medium(
    api: httpx2.Client, shop: Shop, cook: Cook, photo: Path, behind: Behind
) -> None:
    shop.put(shop.library(), "first.jpg", photo)
    cook.start()

    answer = _cover(api, shop, size=96)

    assert (answer.status_code, answer.content) == (302, b"")
    assert answer.headers["cache-control"] == "private, no-store"
    assert "private/default/" in answer.headers["location"]
    assert "signature=" in answer.headers["location"]
    picture = behind(answer)
    assert picture.headers["content-type"] == "image/jpeg"
    assert _picture(picture).size == (96, 96)


def test_the_job_is_private_and_live_and_names_the_version(
    api: httpx2.Client, shop: Shop, cook: Cook, photo: Path
) -> None:
    entry = shop.put(shop.library(), "first.jpg", photo)
    cook.start()
    _cover(api, shop, size=96)

    (job,) = cook.jobs()

    wanted = job.request
    assert isinstance(wanted, CoverRequest)
    assert (wanted.lane, wanted.visibility, wanted.sizes) == ("live", "private", [96])
    assert wanted.source.entry is not None
    assert entry.version is not None
    assert wanted.source.entry.version_id == entry.version.id


def test_the_cover_of_an_image_without_size_is_the_image_itself(
    api: httpx2.Client, shop: Shop, photo: Path, behind: Behind
) -> None:
    shop.put(shop.library(), "first.jpg", photo)

    answer = _cover(api, shop)

    assert (answer.status_code, answer.content) == (302, b"")
    assert behind(answer).content == photo.read_bytes()


def test_the_cover_of_a_video_without_size_is_its_whole_first_frame(
    api: httpx2.Client, shop: Shop, cook: Cook, make_clip: MakeClip, behind: Behind
) -> None:
    shop.put(shop.library(), "clip.mp4", make_clip(Clip(red_then_blue=True)))
    cook.start()

    whole = _picture(behind(_cover(api, shop)))

    assert whole.size == (640, 360)
    assert is_red(whole)
    assert is_red(_picture(behind(_cover(api, shop, size=64))))


def test_a_head_is_answered_like_a_get_without_its_body(
    api: httpx2.Client, shop: Shop, photo: Path
) -> None:
    shop.put(shop.library(), "first.jpg", photo)

    answer = api.head("/album/smh1/-/cover", params={"access_token": shop.token()})

    assert (answer.status_code, answer.content) == (302, b"")
    assert answer.headers["location"].startswith("http://")


@pytest.mark.parametrize("album", ["summer", "Größe + 100%", "日本 旅行", "a\\b", "…"])
def test_the_cover_of_an_album_is_of_its_first_medium(
    api: httpx2.Client, shop: Shop, photo: Path, blob: Blob, behind: Behind, album: str
) -> None:
    place = shop.library(multi_album=True)
    wanted = shop.directory(place, album)
    shop.put(place, "b.jpg", photo, parent_id=wanted)
    shop.put(place, "a.jpg", blob(b"later"), parent_id=wanted)
    other = shop.directory(place, f"{album}2")
    shop.put(place, "a.jpg", blob(b"other"), parent_id=other, at_ms=STARTED_MS)

    answer = _cover(api, shop, f"/{quote(album, safe='')}")

    assert behind(answer).content == photo.read_bytes()


@pytest.mark.parametrize(
    ("direction", "expected"), [("oldest", b"oldest-a"), ("newest", b"newest-a")]
)
def test_the_first_is_by_upload_time_then_by_name(
    shop: Shop,
    settings: Settings,
    serve: Callable[[Settings], Served],
    blob: Blob,
    direction: str,
    expected: bytes,
) -> None:
    place = shop.library()
    for name, at_ms in (("z.jpg", 5), ("b.jpg", 1), ("a.jpg", 1), ("y.jpg", 9), ("x.jpg", 9)):
        told = {"b.jpg": b"oldest-b", "a.jpg": b"oldest-a", "y.jpg": b"newest-b"}
        shop.put(place, name, blob(told.get(name, b"newest-a")), at_ms=STARTED_MS + at_ms)
    served = serve(with_libraries(settings, first=direction))

    answer = httpx2.get(
        f"{served.url}/api/v1/album/smh1/-/cover", params={"access_token": shop.token()}
    )

    link = httpx2.URL(answer.headers["location"])
    assert httpx2.get(f"{served.url}{link.raw_path.decode()}").content == expected


def test_a_replaced_first_medium_has_a_new_cover_and_stays_first(
    api: httpx2.Client, shop: Shop, cook: Cook, photo: Path, clip: Path, blob: Blob
) -> None:
    place = shop.library()
    entry = shop.put(place, "first.jpg", photo)
    shop.put(place, "second.jpg", blob(b"never looked at"))
    cook.start()
    before = _cover(api, shop, size=64).headers["location"].partition("?")[0]
    assert _cover(api, shop, size=64).headers["location"].partition("?")[0] == before

    picture = io.BytesIO()
    Image.new("RGB", (80, 80), "red").save(picture, "JPEG")
    shop.replace(entry, blob(picture.getvalue()))
    after = _cover(api, shop, size=64).headers["location"].partition("?")[0]

    assert after != before


@pytest.mark.parametrize(
    "size",
    [
        "",
        "0",
        "-1",
        "+1",
        "1.5",
        "10000",
        "1e3",
        " 1",
        "0x10",
        "\u0661",
        "NaN",
        "1&size=1",
        "99999999999",
    ],
)
def test_a_size_that_is_no_number_from_1_to_9999_is_refused(
    api: httpx2.Client, shop: Shop, photo: Path, size: str
) -> None:
    shop.put(shop.library(), "first.jpg", photo)

    answer = api.get(f"/album/smh1/-/cover?access_token={shop.token()}&size={size}")

    assert code_of(answer) == (400, "ParamInvalid")


@pytest.mark.parametrize("size", [4097, 9999])
def test_a_size_beyond_our_pictures_is_refused_with_the_limit(
    api: httpx2.Client, shop: Shop, photo: Path, size: int
) -> None:
    shop.put(shop.library(), "first.jpg", photo)

    answer = _cover(api, shop, size=size)

    assert code_of(answer) == (400, "ParamInvalid")
    assert "4096" in answer.json()["message"]


def test_a_size_of_one_pixel_and_a_leading_zero_are_sizes(
    api: httpx2.Client, shop: Shop, cook: Cook, photo: Path, behind: Behind
) -> None:
    shop.put(shop.library(), "first.jpg", photo)
    cook.start()

    assert _picture(behind(_cover(api, shop, size="1"))).size == (1, 1)
    assert _picture(behind(_cover(api, shop, size="0064"))).size == (64, 64)


def test_a_small_picture_is_scaled_up(
    api: httpx2.Client, shop: Shop, cook: Cook, photo: Path, behind: Behind
) -> None:
    shop.put(shop.library(), "first.jpg", photo)
    cook.start()

    assert _picture(behind(_cover(api, shop, size=1024))).size == (1024, 1024)


def test_an_album_is_one_level_deep(api: httpx2.Client, shop: Shop, photo: Path) -> None:
    place = shop.library(multi_album=True)
    shop.put(place, "a.jpg", photo, parent_id=shop.directory(place, "summer"))

    for path in ("/summer/a.jpg", "/summer%2Fa.jpg", "/summer/deeper"):
        assert code_of(_cover(api, shop, path)) == (404, "DirectoryNotFound")
    assert _cover(api, shop, "/summer/").status_code == 302


def test_an_empty_album_has_no_cover(api: httpx2.Client, shop: Shop) -> None:
    shop.directory(shop.library(multi_album=True), "empty")

    assert code_of(_cover(api, shop, "/empty")) == (404, "FileNotFound")


def test_unknown_queries_are_passed_over(api: httpx2.Client, shop: Shop, photo: Path) -> None:
    shop.put(shop.library(), "first.jpg", photo)

    assert _cover(api, shop, local_sync_id=1, space_tag="x", internal_domain=0).status_code == 302


def test_the_first_video_that_cannot_be_decoded_fails_and_never_gives_way_to_the_second(
    api: httpx2.Client, shop: Shop, cook: Cook, photo: Path, blob: Blob
) -> None:
    place = shop.library()
    shop.put(place, "first.mp4", blob(b"no video at all, but some bytes" * 40))
    shop.put(place, "second.jpg", photo)
    cook.start()

    answer = _cover(api, shop, size=64)

    assert code_of(answer) == (500, "InternalServerError")
    assert "media.not_media" in answer.json()["message"]


@pytest.mark.parametrize("path", ["/album/smh1/-/cover", "/file/smh1/-/first.jpg"])
@pytest.mark.parametrize("body", [b"", b'{"size": 9}', b"\xff" * 100], ids=["none", "json", "any"])
def test_the_call_has_no_body_and_none_is_read(
    api: httpx2.Client, shop: Shop, photo: Path, behind: Behind, path: str, body: bytes
) -> None:
    shop.put(shop.library(), "first.jpg", photo)

    answer = api.request("GET", path, params={"access_token": shop.token()}, content=body)

    assert behind(answer).content == photo.read_bytes()
