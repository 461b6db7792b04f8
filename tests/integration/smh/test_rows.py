"""The vendor's table of errors and its odd cases, row by row: status, code and headers, exactly."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.cook import Cook
from tests.api.dialects.tencent_smh.shop import SECRET, Shop
from worker.contracts.libraries import Place

Blob = Callable[[bytes], Path]


@pytest.fixture
def rows(shop: Shop, photo: Path) -> dict[str, str]:
    """Libraries of all kinds, and a token for each way to be refused."""
    shop.library("open", kind="file", public_read=True)
    shop.library("single")
    shop.library("albums", multi_album=True)
    shop.library("many", multi_tenant=True)
    shop.put(shop.space("a", "many"), "a.jpg", photo)
    shop.space("b", "many", public_read=True)
    shop.directory(Place("albums", "-"), "empty")
    renewed, deleted = shop.token("single"), shop.token("single")
    assert shop.state.access_tokens.renew("single", renewed)
    assert shop.state.access_tokens.delete("single", deleted)
    tokens = {name: shop.token(name) for name in ("open", "single", "albums", "many")}
    only_a = shop.token("many", space_ids=("a",))
    return {**tokens, "only-a": only_a, "renewed": renewed, "deleted": deleted, "none": ""}


def _given(rows: dict[str, str], token: str) -> dict[str, str]:
    return {"access_token": rows[token]} if rows[token] else {}


def _is_plain(answer: httpx2.Response) -> None:
    """What every refusal has, and what none has."""
    headers = answer.headers
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert not {"location", "www-authenticate", "set-cookie", "etag"} & set(headers)
    assert not [name for name in headers if name.startswith("x-smh-")]


TABLE = [
    # §7, as the vendor documents it.
    ("GET", "/token?library_secret=s", "none", 400, "EmptyLibraryId"),
    ("GET", "/token?library_id=single", "none", 400, "EmptyLibrarySecret"),
    ("GET", "/token", "none", 400, "EmptyLibraryIdOrSecret"),
    ("GET", "/album/single/-/cover", "none", 400, "EmptyAccessToken"),
    ("GET", "/file/single/-/a.jpg?info", "none", 400, "EmptyAccessToken"),
    ("PUT", "/file/open/-/a.txt", "none", 400, "EmptyAccessToken"),
    ("DELETE", "/directory/open/-/a", "none", 400, "EmptyAccessToken"),
    ("POST", "/space/single", "single", 400, "NotMultiSpaceLibrary"),
    ("GET", "/space/single", "single", 400, "NotMultiSpaceLibrary"),
    ("GET", "/file/single/-/", "single", 400, "EmptyPath"),
    ("HEAD", "/file/single/-/", "single", 400, "EmptyPath"),
    ("GET", "/directory-history/single/-/history-list/", "single", 400, "EmptyPath"),
    ("GET", "/album/open/-/cover", "none", 400, "CoverNotSupportedInFileLibrary"),
    ("GET", "/album/open/-/cover/any", "none", 400, "CoverNotSupportedInFileLibrary"),
    ("GET", "/album/albums/-/cover", "albums", 400, "CoverNotSupportedInRootDirectory"),
    ("GET", "/album/albums/-/cover/", "albums", 400, "CoverNotSupportedInRootDirectory"),
    ("GET", "/album/single/-/cover", "albums", 403, "InvalidAccessToken"),
    ("GET", "/album/single/-/cover", "deleted", 403, "InvalidAccessToken"),
    ("GET", "/directory/open/-", "single", 403, "InvalidAccessToken"),
    ("GET", "/file/open/-/a.txt", "deleted", 403, "InvalidAccessToken"),
    ("HEAD", "/directory/open/-", "deleted", 403, "InvalidAccessToken"),
    ("GET", "/directory/many/b", "only-a", 403, "AccessTokenNotMatchSpace"),
    ("GET", "/file/many/b/a.jpg", "only-a", 403, "AccessTokenNotMatchSpace"),
    ("GET", "/space/many/b/extension", "only-a", 403, "AccessTokenNotMatchSpace"),
    ("PUT", "/directory/many/b/x", "only-a", 403, "AccessTokenNotMatchSpace"),
    ("PUT", "/file/single/-/a.jpg", "single", 403, "NoPermission"),
    ("POST", "/file/single/-/a.jpg?multipart", "single", 403, "NoPermission"),
    ("DELETE", "/file/many/a/a.jpg", "many", 403, "NoPermission"),
    ("PUT", "/directory/albums/-/new", "albums", 403, "NoPermission"),
    ("DELETE", "/directory/albums/-/empty", "albums", 403, "NoPermission"),
    ("POST", "/space/many", "many", 403, "NoPermission"),
    ("DELETE", "/space/many/a", "many", 403, "NoPermission"),
    ("POST", "/space/many/a/extension", "many", 403, "NoPermission"),
    ("GET", "/album/nowhere/-/cover", "single", 404, "LibraryNotFound"),
    ("GET", "/directory/nowhere/-", "none", 404, "LibraryNotFound"),
    ("PUT", "/file/nowhere/-/a", "none", 404, "LibraryNotFound"),
    ("GET", "/album/many/-/cover", "many", 404, "SpaceNotFound"),
    ("GET", "/album/single/a/cover", "single", 404, "SpaceNotFound"),
    ("GET", "/file/many/c/a.jpg", "many", 404, "SpaceNotFound"),
    ("GET", "/directory/albums/-/none", "albums", 404, "DirectoryNotFound"),
    ("HEAD", "/directory/albums/-/none", "albums", 404, "DirectoryNotFound"),
    ("GET", "/album/albums/-/cover/none", "albums", 404, "DirectoryNotFound"),
    ("GET", "/file/many/a/none.jpg", "many", 404, "FileNotFound"),
    ("HEAD", "/file/many/a/none.jpg", "many", 404, "FileNotFound"),
    ("GET", "/file/many/a/none.jpg?preview&size=9", "many", 404, "FileNotFound"),
    (
        "GET",
        f"/token?library_id=single&library_secret={SECRET}x",
        "none",
        404,
        "WrongLibraryIdOrSecret",
    ),
    ("GET", "/token?library_id=nowhere&library_secret=x", "none", 404, "WrongLibraryIdOrSecret"),
    # §7, of the SDKs' lists.
    ("GET", "/file/many/a/a.jpg?period=1", "many", 400, "ParamInvalid"),
    ("GET", "/directory/many/a?order_by=uploadTime", "many", 400, "OrderByNotAllowed"),
    ("GET", "/directory/many/a?order_by_type=up", "many", 400, "OrderByTypeNotAllowed"),
    ("GET", "/directory/many/a?marker=none", "many", 404, "MarkerNotFound"),
    ("GET", "/directory/many/a/none?info", "many", 404, "PathNotFound"),
    ("GET", "/nothing", "none", 404, "RouteNotFound"),
    # §10.
    ("GET", "/album/single/-/cover/any", "single", 404, "DirectoryNotFound"),
    ("GET", "/album/albums/-/cover/empty", "albums", 404, "FileNotFound"),
    ("GET", "/album/albums/-/cover/empty/deeper", "albums", 404, "DirectoryNotFound"),
    ("GET", "/album/single/-/cover", "renewed", 404, "FileNotFound"),
    ("GET", "/file/many/a/a.jpg?history_id=none", "many", 404, "FileNotFound"),
    ("HEAD", "/file/many/a/a.jpg?history_id=none", "many", 404, "FileNotFound"),
    ("GET", "/file/many/a/a.jpg?info&history_id=1", "many", 404, "FileNotFound"),
    ("GET", "/file/many/a/a.jpg?preview&size=9&history_id=1", "many", 404, "FileNotFound"),
]


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{row[0]} {row[1]} {row[2]}") for row in TABLE]
)
def test_each_row_has_its_status_its_code_and_no_other_headers(
    api: httpx2.Client, rows: dict[str, str], row: tuple[str, str, str, int, str]
) -> None:
    method, path, token, status, code = row
    mark = "&" if "?" in path else "?"
    given = f"{mark}access_token={rows[token]}" if rows[token] else ""

    answer = api.request(method, f"{path}{given}")

    if method == "HEAD":
        assert (answer.status_code, answer.content) == (status, b"")
        assert answer.headers["x-request-id"]
    else:
        assert code_of(answer) == (status, code)
    _is_plain(answer)


@pytest.mark.parametrize(
    "size",
    [
        pytest.param("", id="empty"),
        pytest.param("0", id="zero"),
        pytest.param("00", id="zeros"),
        pytest.param("-1", id="negative"),
        pytest.param("%2B256", id="signed"),
        pytest.param("+256", id="space-before"),
        pytest.param("256%20", id="space-after"),
        pytest.param("256%0A", id="newline-after"),
        pytest.param("256%00", id="nul-after"),
        pytest.param("1.5", id="fraction"),
        pytest.param("256.0", id="float"),
        pytest.param("1e3", id="exponent"),
        pytest.param("1_000", id="underscore"),
        pytest.param("0x10", id="hexadecimal"),
        pytest.param("10000", id="five-digits"),
        pytest.param("9" * 5000, id="very-long"),
        pytest.param("0" * 400 + "1", id="many-zeros"),
        pytest.param("%D9%A2%D9%A5%D9%A6", id="arabic-digits"),
        pytest.param("%EF%BC%92%EF%BC%95%EF%BC%96", id="wide-digits"),
        pytest.param("%C2%B2", id="superscript"),
        pytest.param("256&size=256", id="repeated"),
        pytest.param("256&size=", id="repeated-empty"),
        pytest.param("%FF", id="no-text"),
        pytest.param("256px", id="unit"),
        pytest.param("true", id="word"),
    ],
)
@pytest.mark.parametrize(
    "path", ["/album/many/a/cover?", "/file/many/a/a.jpg?preview&"], ids=["cover", "preview"]
)
def test_a_size_is_a_plain_number_wherever_it_is_given(
    api: httpx2.Client, rows: dict[str, str], path: str, size: str
) -> None:
    answer = api.get(f"{path}access_token={rows['many']}&size={size}")

    assert code_of(answer) == (400, "ParamInvalid")
    _is_plain(answer)


READS = [
    "/album/{}/cover",
    "/file/{}/a.jpg",
    "/file/{}/a.jpg?info",
    "/file/{}/a.jpg?preview",
    "/directory/{}",
    "/directory/{}/a.jpg?info",
    "/directory-history/{}/history-list/a.jpg",
]


@pytest.mark.parametrize("public", [False, True], ids=["private", "public"])
@pytest.mark.parametrize(
    ("token", "refused"),
    [
        pytest.param("access_token={of_other}", (403, "InvalidAccessToken"), id="other-library"),
        pytest.param(
            "access_token={of_space}", (403, "AccessTokenNotMatchSpace"), id="other-space"
        ),
        pytest.param("access_token={deleted}", (403, "InvalidAccessToken"), id="deleted"),
        pytest.param("access_token={expired}", (403, "InvalidAccessToken"), id="expired"),
        pytest.param("access_token=x", (403, "InvalidAccessToken"), id="no-token-at-all"),
        pytest.param("access_token={good}%00", (403, "InvalidAccessToken"), id="nul-after"),
        pytest.param("access_token=+{good}", (403, "InvalidAccessToken"), id="space-before"),
        pytest.param("access_token={good_upper}", (403, "InvalidAccessToken"), id="capitals"),
        pytest.param("access_token=" + "x" * 20_000, (403, "InvalidAccessToken"), id="huge"),
        pytest.param("access_token=%E6%97%A5", (403, "InvalidAccessToken"), id="not-ascii"),
        pytest.param("access_token=%FF", (400, "ParamInvalid"), id="no-text"),
        pytest.param("access_token={good}&access_token={good}", (400, "ParamInvalid"), id="twice"),
        pytest.param(
            "access_token={good}&access_token=", (400, "ParamInvalid"), id="twice-once-empty"
        ),
    ],
)
def test_a_bad_token_opens_nothing_even_where_none_is_needed(
    api: httpx2.Client, shop: Shop, photo: Path, public: bool, token: str, refused: tuple[int, str]
) -> None:
    shop.library("many", multi_tenant=True)
    shop.library("other")
    place = shop.space("a", "many", public_read=public)
    shop.space("b", "many")
    shop.put(place, "a.jpg", photo)
    tokens = {
        "good": shop.token("many"),
        "of_other": shop.token("other"),
        "of_space": shop.token("many", "admin", space_ids=("b",)),
        "deleted": shop.token("many"),
        "expired": shop.token("many", period_s=1),
    }
    tokens["good_upper"] = tokens["good"].upper()
    shop.state.access_tokens.delete("many", tokens["deleted"])
    if "{expired}" in token:
        time.sleep(1.1)

    for read in READS:
        path = read.format("many/a")
        mark = "&" if "?" in path else "?"
        answer = api.get(f"{path}{mark}{token.format(**tokens)}")
        assert code_of(answer) == refused, path
        _is_plain(answer)


@pytest.mark.parametrize("token", ["access_token=", "", "access_token"])
def test_an_empty_token_is_none(api: httpx2.Client, rows: dict[str, str], token: str) -> None:
    assert code_of(api.get(f"/directory/many/a?{token}")) == (400, "EmptyAccessToken")
    assert api.get(f"/directory/many/b?{token}").status_code == 200


def test_a_renewed_token_is_the_same_and_a_deleted_one_cannot_be_renewed(
    api: httpx2.Client, rows: dict[str, str]
) -> None:
    renewed = api.post(f"/token/single/{rows['renewed']}")
    assert (renewed.status_code, renewed.json()["accessToken"]) == (200, rows["renewed"])

    for library_id, token in (("single", "deleted"), ("many", "single"), ("nowhere", "single")):
        answer = api.post(f"/token/{library_id}/{rows[token]}")
        assert code_of(answer) == (403, "InvalidAccessToken")
        _is_plain(answer)


def test_the_first_video_that_cannot_be_decoded_is_named_and_tried_once(
    api: httpx2.Client, shop: Shop, cook: Cook, photo: Path, blob: Blob
) -> None:
    place = shop.library()
    shop.put(place, "first.mp4", blob(b"\0\0\0\x18ftypisom" + b"no video at all " * 400))
    shop.put(place, "second.jpg", photo)
    given = {"access_token": shop.token(), "size": "64"}
    cook.start()

    answers = [api.get("/album/smh1/-/cover", params=given) for _ in range(3)]

    for answer in answers:
        assert code_of(answer) == (500, "InternalServerError")
        assert "media." in answer.json()["message"]
        assert "first.mp4" in answer.json()["message"]
        _is_plain(answer)
    assert len(cook.jobs()) == 1


def test_the_location_of_what_is_public_is_signed_all_the_same(
    api: httpx2.Client, served: Served, shop: Shop, photo: Path
) -> None:
    shop.put(shop.library("open", public_read=True), "a.jpg", photo)

    link = httpx2.URL(api.get("/file/open/-/a.jpg").headers["location"])

    assert httpx2.get(f"{served.url}{link.raw_path.decode()}").content == photo.read_bytes()
    assert httpx2.get(f"{served.url}{link.path}").status_code == 403


def test_a_turned_picture_is_turned_before_it_is_cut(
    api: httpx2.Client, served: Served, shop: Shop, cook: Cook, blob: Blob
) -> None:
    """Stored red on the left, to be shown a quarter turn to the right: red on top."""
    picture, stored = io.BytesIO(), Image.new("RGB", (160, 80), "blue")
    stored.paste("red", (0, 0, 80, 80))
    exif = Image.Exif()
    exif[0x0112] = 6
    stored.save(picture, "JPEG", exif=exif, quality=95)
    shop.put(shop.library(), "a.jpg", blob(picture.getvalue()))
    cook.start()

    answer = api.get("/album/smh1/-/cover", params={"access_token": shop.token(), "size": 64})

    link = httpx2.URL(answer.headers["location"])
    cover = Image.open(io.BytesIO(httpx2.get(f"{served.url}{link.raw_path.decode()}").content))
    top, bottom = (cover.convert("RGB").getpixel((32, y)) for y in (4, 60))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200 > bottom[0]
    assert bottom[2] > 200 > top[2]


def test_a_version_of_another_entry_opens_nothing_in_any_call(
    api: httpx2.Client, shop: Shop, blob: Blob
) -> None:
    place = shop.library(kind="file")
    shop.put(place, "a.txt", blob(b"a"))
    other = shop.put(place, "b.txt", blob(b"b"))
    assert other.version is not None
    given = {"access_token": shop.token(), "history_id": other.version.id}

    for flags in ({}, {"info": ""}, {"preview": ""}):
        answer = api.get("/file/smh1/-/a.txt", params={**given, **flags})
        assert code_of(answer) == (404, "FileNotFound")
        _is_plain(answer)
    assert api.head("/file/smh1/-/a.txt", params=given).status_code == 404
    assert api.head("/file/smh1/-/b.txt", params=given).status_code == 200
