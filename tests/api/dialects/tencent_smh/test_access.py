"""Who may read what, and the order in which a call is refused."""

import socket
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog

from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.cook import Cook
from tests.api.dialects.tencent_smh.shop import Shop

UNKNOWN = "acctk" + "x" * 43


@pytest.fixture
def tokens(shop: Shop, photo: Path) -> dict[str, str]:
    """Three libraries, and tokens that open one or none of them, by what they are."""
    shop.library("one")
    shop.library("files", kind="file")
    shop.library("albums", multi_album=True)
    shop.library("many", multi_tenant=True)
    shop.space("a", "many")
    shop.space("open", "many", public_read=True)
    shop.library("public", public_read=True)
    return {
        "none": "",
        "unknown": UNKNOWN,
        "one": shop.token("one"),
        "files": shop.token("files"),
        "albums": shop.token("albums"),
        "many": shop.token("many"),
        "only-a": shop.token("many", space_ids=("a",)),
        "public": shop.token("public"),
    }


ORDER = [
    # Each row has every later fault too, as far as a call can have it; all have a bad size.
    pytest.param("nowhere/x/cover", "none", 404, "LibraryNotFound", id="library-first"),
    pytest.param("nowhere/x/cover", "unknown", 404, "LibraryNotFound", id="library-before-token"),
    pytest.param("files/x/cover", "none", 400, "EmptyAccessToken", id="no-token-unknown-space"),
    pytest.param("files/x/cover", "unknown", 403, "InvalidAccessToken", id="wrong-token"),
    pytest.param("files/x/cover", "one", 403, "InvalidAccessToken", id="other-library's-token"),
    pytest.param("files/x/cover", "files", 404, "SpaceNotFound", id="space-before-kind"),
    pytest.param("many/b/cover", "only-a", 404, "SpaceNotFound", id="space-before-mismatch"),
    pytest.param("many/open/cover", "only-a", 403, "AccessTokenNotMatchSpace", id="mismatch"),
    pytest.param("files/-/cover/x", "files", 400, "CoverNotSupportedInFileLibrary", id="kind"),
    pytest.param(
        "albums/-/cover", "albums", 400, "CoverNotSupportedInRootDirectory", id="album-rule"
    ),
    pytest.param("albums/-/cover/none", "albums", 404, "DirectoryNotFound", id="album"),
    pytest.param("one/-/cover/any", "one", 404, "DirectoryNotFound", id="album-of-none"),
    pytest.param("one/-/cover", "one", 404, "FileNotFound", id="medium"),
    # Tenancy: each kind of library has spaces of one kind only.
    pytest.param("one/a/cover", "one", 404, "SpaceNotFound", id="named-space-of-one-tenant"),
    pytest.param("many/-/cover", "many", 404, "SpaceNotFound", id="dash-of-many-tenants"),
    # Public reading.
    pytest.param("public/-/cover", "none", 404, "FileNotFound", id="public-library"),
    pytest.param("public/x/cover", "none", 400, "EmptyAccessToken", id="unknown-is-not-public"),
    pytest.param("public/-/cover", "unknown", 403, "InvalidAccessToken", id="public-wrong-token"),
    pytest.param("public/-/cover", "one", 403, "InvalidAccessToken", id="public-other-token"),
    pytest.param("many/open/cover", "none", 404, "FileNotFound", id="public-space"),
    pytest.param("many/a/cover", "none", 400, "EmptyAccessToken", id="private-space"),
]


@pytest.mark.parametrize(("path", "token", "status", "code"), ORDER)
def test_calls_are_refused_in_the_vendors_order(
    api: httpx2.Client, tokens: dict[str, str], path: str, token: str, status: int, code: str
) -> None:
    given = {"access_token": tokens[token]} if tokens[token] else {}
    given["size"] = "0"

    assert code_of(api.get(f"/album/{path}", params=given)) == (status, code)
    bodiless = api.head(f"/album/{path}", params=given)
    assert (bodiless.status_code, bodiless.content) == (status, b"")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/album/{}/cover?size=0"),
        ("GET", "/directory/{}?limit=0"),
        ("GET", "/directory/{}?order_by=zzz"),
        ("GET", "/file/{}/a?purpose=zzz"),
        ("HEAD", "/file/{}/a?purpose=zzz"),
        ("GET", "/file/{}/a?info&period=1"),
        ("GET", "/file/{}/a?preview&scale=1"),
        ("GET", "/file/{}/a?history_id=1&history_id=2"),
        ("GET", "/directory-history/{}/history-list/a?order_by=zzz"),
        ("PUT", "/file/{}/a?conflict_resolution_strategy=zzz"),
        ("POST", "/file/{}/a?multipart&filesize=zzz"),
        ("POST", "/file/{}/a?confirm"),
        ("PUT", "/directory/{}/a?conflict_resolution_strategy=zzz"),
        ("POST", "/space/{}/extension"),
    ],
)
def test_who_asks_is_checked_before_parameters_and_bodies(
    api: httpx2.Client, tokens: dict[str, str], method: str, path: str
) -> None:
    """The bodies are no JSON: whoever may not write would hear of that if they were read."""

    def answer(place: str, token: str = "") -> httpx2.Response:
        given = path.format(place) + ("&" if "?" in path else "?") + f"access_token={tokens[token]}"
        return api.request(method, given, content=None if method in {"GET", "HEAD"} else b"{")

    told = [
        answer(place, token)
        for place, token in (
            ("nolib/-", "none"),
            ("files/-", "none"),
            ("files/-", "one"),
            ("files/x", "files"),
            ("many/open", "only-a"),
        )
    ]

    assert [each.status_code for each in told] == [404, 400, 403, 404, 403]
    if method != "HEAD":
        assert [each.json()["code"] for each in told] == [
            *("LibraryNotFound", "EmptyAccessToken", "InvalidAccessToken", "SpaceNotFound"),
            "AccessTokenNotMatchSpace",
        ]
    if method in {"PUT", "POST"}:
        assert code_of(answer("files/-", "files")) == (403, "NoPermission")


def test_a_space_needs_its_token_before_a_body(api: httpx2.Client, tokens: dict[str, str]) -> None:
    for path, token, told in (
        ("nolib", "none", (404, "LibraryNotFound")),
        ("many", "none", (400, "EmptyAccessToken")),
        ("many", "one", (403, "InvalidAccessToken")),
        ("one", "one", (400, "NotMultiSpaceLibrary")),
        ("many", "many", (403, "NoPermission")),
    ):
        answer = api.post(f"/space/{path}?access_token={tokens[token]}", content=b"{")
        assert code_of(answer) == told


def test_a_body_that_nobody_may_send_is_not_waited_for(served: Served, shop: Shop) -> None:
    shop.library("L")
    url = httpx2.URL(served.url)

    with socket.create_connection((url.host, url.port or 80), timeout=5) as connection:
        connection.sendall(
            b"PUT /api/v1/file/L/-/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"
        )
        with connection.makefile("rb") as answer:
            assert answer.readline().split()[1] == b"400"


def test_a_refused_call_is_no_use_of_its_token(api: httpx2.Client, shop: Shop) -> None:
    shop.library("L", multi_tenant=True)
    shop.space("a", "L")
    shop.space("b", "L")
    token = shop.token("L", space_ids=("a",), period_s=2)

    for place, code in (("b", "AccessTokenNotMatchSpace"), ("a:b", "SpaceNotFound")):
        time.sleep(0.8)
        answer = api.get(f"/directory/L/{place}", params={"access_token": token})
        assert answer.json()["code"] == code
    time.sleep(0.6)

    expired = api.get("/directory/L/a", params={"access_token": token})
    assert code_of(expired) == (403, "InvalidAccessToken")


def test_a_token_does_not_open_the_next_space_of_the_same_id(
    api: httpx2.Client, shop: Shop
) -> None:
    shop.library("L", multi_tenant=True)
    shop.space("a", "L")
    token = {"access_token": shop.token("L", space_ids=("a",))}
    admin = {"access_token": shop.token("L", "admin")}
    assert api.get("/directory/L/a", params=token).status_code == 200
    assert api.delete("/space/L/a", params=admin).status_code == 200
    shop.space("a", "L")

    answer = api.get("/directory/L/a", params=token)

    assert code_of(answer) == (403, "AccessTokenNotMatchSpace")
    assert api.get("/directory/L/a", params=admin).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/album/L/-/cover/summer", 302, id="cover"),
        pytest.param("/album/L/-/cover/summer?size=9", 302, id="square-cover"),
        pytest.param("/directory/L/-", 200, id="listing"),
        pytest.param("/directory/L/-/summer?info", 200, id="facts-of-an-album"),
        pytest.param("/file/L/-/summer/a.jpg", 302, id="file"),
        pytest.param("/file/L/-/summer/a.jpg?info", 200, id="facts-of-a-file"),
        pytest.param("/file/L/-/summer/a.jpg?preview&size=9", 302, id="preview"),
        pytest.param("/directory-history/L/-/history-list/summer/a.jpg", 200, id="versions"),
    ],
)
def test_every_read_needs_a_token_unless_reading_is_public(
    api: httpx2.Client, shop: Shop, cook: Cook, photo: Path, path: str, status: int
) -> None:
    place = shop.library("L", multi_album=True)
    shop.put(place, "a.jpg", photo, parent_id=shop.directory(place, "summer"))
    cook.start()

    refused = api.get(path)
    opened = api.get(path, headers={"Authorization": f"Bearer {shop.token('L')}"})
    shop.state.libraries.set_public_read("L", True)
    public = api.get(path)
    shop.state.libraries.set_public_read("L", False)
    again = api.get(path)

    assert code_of(refused) == code_of(again) == (400, "EmptyAccessToken")
    assert (opened.status_code, public.status_code) == (status, status)


def test_attributes_of_a_space_need_a_token_always(api: httpx2.Client, shop: Shop) -> None:
    shop.library("L", public_read=True)
    token = shop.token("L")

    assert code_of(api.get("/space/L/-/extension")) == (400, "EmptyAccessToken")
    told = api.get("/space/L/-/extension", params={"access_token": token}).json()
    assert (told["isPublicRead"], told["publicRead"], told["isMultiAlbum"]) == (True, True, False)


def test_a_token_may_come_as_a_bearer_and_the_query_wins(api: httpx2.Client, shop: Shop) -> None:
    shop.library("L")
    bearer = {"Authorization": f"Bearer {shop.token('L')}"}

    assert api.get("/directory/L/-", headers=bearer).status_code == 200
    assert api.get("/directory/L/-", headers={"Authorization": "Basic eDp5"}).status_code == 400
    both = api.get("/directory/L/-", headers=bearer, params={"access_token": UNKNOWN})
    assert code_of(both) == (403, "InvalidAccessToken")


def test_an_empty_token_is_none_and_two_are_one_too_many(api: httpx2.Client, shop: Shop) -> None:
    shop.library("L")
    token = shop.token("L")

    assert code_of(api.get("/directory/L/-?access_token=")) == (400, "EmptyAccessToken")
    repeated = api.get(f"/directory/L/-?access_token={token}&access_token={token}")
    assert code_of(repeated) == (400, "ParamInvalid")


def test_a_token_lasts_a_full_period_from_each_use(api: httpx2.Client, shop: Shop) -> None:
    shop.library("L")
    token = shop.token("L", period_s=2)

    for _ in range(2):
        time.sleep(1.2)
        assert api.get("/directory/L/-", params={"access_token": token}).status_code == 200
    time.sleep(2.2)
    expired = api.get("/directory/L/-", params={"access_token": token})
    assert code_of(expired) == (403, "InvalidAccessToken")


@pytest.mark.parametrize("user_id", ["bob", "ann' OR 1=1", "\0", "%00", "x" * 2000])
@pytest.mark.parametrize("grants", [(), ("admin",)], ids=["reader", "admin"])
def test_naming_a_user_never_widens_what_a_token_opens(
    api: httpx2.Client, shop: Shop, user_id: str, grants: tuple[str, ...]
) -> None:
    shop.library("L", multi_tenant=True)
    shop.space("a", "L")
    shop.space("b", "L")
    token = shop.token("L", *grants, space_ids=("a",))
    given = {"access_token": token, "user_id": user_id}

    assert api.get("/directory/L/a", params=given).status_code == 200
    assert code_of(api.get("/directory/L/b", params=given)) == (403, "AccessTokenNotMatchSpace")


@pytest.mark.parametrize("library_id", ["a:b", "smh1:-", "x" * 65, "*", "é"])
def test_what_can_be_no_library_is_not_found(
    api: httpx2.Client, shop: Shop, library_id: str
) -> None:
    shop.library("smh1")

    found = api.get(f"/directory/{library_id}/-", params={"access_token": shop.token()})

    assert code_of(found) == (404, "LibraryNotFound")


@pytest.mark.parametrize("space_id", ["-:root", "a:b", "*", "x" * 65])
def test_what_can_be_no_space_is_not_found(api: httpx2.Client, shop: Shop, space_id: str) -> None:
    shop.library("smh1")

    found = api.get(f"/directory/smh1/{space_id}", params={"access_token": shop.token()})

    assert code_of(found) == (404, "SpaceNotFound")


@pytest.mark.parametrize(
    ("facts", "told", "user"),
    [
        ({"grants": ("admin",)}, "bob", "bob"),
        ({"grants": ("admin",), "user_id": "ann"}, "bob", "ann"),
        ({"user_id": "ann"}, "bob", "ann"),
        ({"grants": ("upload_file",)}, "bob", None),
        ({}, "bob", None),
        ({"grants": ("admin",)}, "x" * 500, "x" * 100),
    ],
    ids=["admin", "admin-with-user", "user", "no-admin", "reader", "long"],
)
def test_the_log_tells_who_acts_as_whom_but_no_token(
    api: httpx2.Client, shop: Shop, facts: dict[str, Any], told: str, user: str | None
) -> None:
    shop.library("L")
    token = shop.token("L", **facts)

    with structlog.testing.capture_logs() as lines:
        answer = api.get("/directory/L/-", params={"access_token": token, "user_id": told})

    (line,) = [each for each in lines if each["event"] == "request"]
    assert (line.get("user"), line["request_id"]) == (user, answer.headers["x-request-id"])
    assert token not in str(lines)
