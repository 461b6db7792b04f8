"""Who may read what, and the order in which a call is refused."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog

from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.shop import Shop
from worker.settings import ApiSettings, Settings

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
    # Each row has every later fault too, as far as a call can have it.
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

    assert code_of(api.get(f"/album/{path}", params=given)) == (status, code)
    bodiless = api.head(f"/album/{path}", params=given)
    assert (bodiless.status_code, bodiless.content) == (status, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/directory/L/-",
        "/directory/L/-/x?info",
        "/file/L/-/x",
        "/file/L/-/x?info",
        "/file/L/-/x?preview&size=9",
        "/directory-history/L/-/history-list/x",
    ],
)
@pytest.mark.parametrize("public", [True, False])
def test_every_read_needs_a_token_unless_reading_is_public(
    api: httpx2.Client, shop: Shop, path: str, public: bool
) -> None:
    shop.library("L", public_read=public)

    answer = api.get(path)

    if public:
        assert answer.status_code in {200, 404}
    else:
        assert code_of(answer) == (400, "EmptyAccessToken")


def test_public_reading_is_looked_at_in_each_call(api: httpx2.Client, shop: Shop) -> None:
    shop.library("L")
    assert api.get("/directory/L/-").status_code == 400
    shop.state.libraries.set_public_read("L", True)
    assert api.get("/directory/L/-").status_code == 200
    shop.state.libraries.set_public_read("L", False)
    assert api.get("/directory/L/-").status_code == 400


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


@pytest.mark.parametrize("user_id", ["bob", "ann' OR 1=1", "%00", "x" * 2000])
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


def test_a_foreign_host_is_answered_with_a_token_only(
    served: Served, shop: Shop, settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    """A page whose name leads to 127.0.0.1 has no token; an open API may be told its names."""
    shop.library("L", public_read=True)
    token, rebound = shop.token("L"), {"Host": "rebound.example"}
    path = "/api/v1/directory/L/-"

    refused = httpx2.get(f"{served.url}{path}", headers=rebound)
    assert code_of(refused) == (400, "EmptyAccessToken")
    given = httpx2.get(f"{served.url}{path}", headers=rebound, params={"access_token": token})
    assert given.status_code == 200
    assert httpx2.get(f"{served.url}/v1/jobs", headers=rebound).status_code == 403

    for hosts, status in ((["rebound.example"], 200), ([], 200), (["covers.example"], 400)):
        api = ApiSettings(**{**settings.api.model_dump(), "open": True, "hosts": hosts})
        opened = serve(settings.model_copy(update={"api": api}))
        assert httpx2.get(f"{opened.url}{path}", headers=rebound).status_code == status


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
