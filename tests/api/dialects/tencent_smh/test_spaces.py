"""Spaces of libraries for many tenants: made, listed, changed and removed with what is in them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis

from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.shop import Shop
from worker.contracts.libraries import Place
from worker.settings import Settings
from worker.state.libraries import MAX_SPACES


@pytest.fixture
def admin(shop: Shop) -> dict[str, str]:
    """An administrator's queries for a library of many tenants."""
    shop.library(kind="file", multi_tenant=True)
    return {"access_token": shop.token("smh1", "admin")}


@pytest.mark.parametrize(
    ("body", "public"),
    [
        pytest.param(None, False, id="nothing"),
        pytest.param({"isPublicRead": True}, True, id="one-spelling"),
        pytest.param({"publicRead": True, "multiAlbum": False}, True, id="the-other"),
    ],
)
def test_a_space_is_made_and_used(
    api: httpx2.Client, admin: dict[str, str], body: dict[str, Any] | None, *, public: bool
) -> None:
    answer = api.post("/space/smh1", params=admin, json=body)

    space_id = answer.json()["spaceId"]
    assert answer.status_code == 201
    assert api.put(f"/directory/smh1/{space_id}/a", params=admin).status_code == 201
    assert api.get(f"/directory/smh1/{space_id}").status_code == (200 if public else 400)


def test_lists_are_a_bare_array_and_pages(
    api: httpx2.Client, admin: dict[str, str], shop: Shop
) -> None:
    for space_id in ("c", "a", "b"):
        shop.space(space_id)
    named = {"access_token": shop.token("smh1", space_ids=("b",))}

    listed = api.get("/space/smh1", params=admin).json()
    first = api.get("/space/smh1/list", params={**admin, "limit": "2"}).json()
    second = api.get("/space/smh1/list", params={**admin, "marker": first["marker"]}).json()

    assert [each["spaceId"] for each in listed] == ["a", "b", "c"]
    assert all(set(each) == {"spaceId", "userId", "creationTime"} for each in listed)
    assert ([each["spaceId"] for each in first["list"]], first["marker"]) == (["a", "b"], "b")
    assert ([each["spaceId"] for each in second["list"]], second["marker"]) == (["c"], "")
    mine = api.get("/space/smh1", params=named).json()
    assert [each["spaceId"] for each in mine] == ["b"]


def test_a_token_is_told_of_no_more_spaces_than_it_may_see(
    api: httpx2.Client, admin: dict[str, str], shop: Shop
) -> None:
    for space_id in ("c", "a", "b"):
        shop.space(space_id)
    named = {"access_token": shop.token("smh1", "admin", space_ids=("c", "b", "gone"))}
    reader = {"access_token": shop.token("smh1")}

    def told(token: dict[str, str]) -> tuple[list[str], str, int]:
        page = api.get("/space/smh1/list", params={**token, "limit": "1"}).json()
        total = api.get("/space/smh1/count", params=token).json()["total"]
        return [each["spaceId"] for each in page["list"]], page["marker"], total

    assert told(admin) == (["a"], "a", 3)
    assert told(named) == (["b"], "b", 2)
    assert told(reader) == ([], "", 0)


def test_a_token_that_is_bound_to_spaces_makes_none(
    api: httpx2.Client, admin: dict[str, str], shop: Shop
) -> None:
    shop.space("a")
    for grant in ("admin", "create_space"):
        bound = {"access_token": shop.token("smh1", grant, space_ids=("a",))}
        assert code_of(api.post("/space/smh1", params=bound)) == (403, "NoPermission")

    assert shop.state.libraries.count_spaces("smh1") == 1


def test_a_library_has_a_limited_number_of_spaces(
    api: httpx2.Client, admin: dict[str, str], settings: Settings
) -> None:
    with redis.Redis.from_url(settings.redis.url.get_secret_value()) as client:
        client.zadd("ff:spaces:smh1", {f"s{number}": 0 for number in range(MAX_SPACES)})

    answer = api.post("/space/smh1", params=admin)

    assert code_of(answer) == (400, "QuotaLimitReached")


def test_public_reading_is_switched_under_both_names(
    api: httpx2.Client, admin: dict[str, str], shop: Shop
) -> None:
    shop.space("a")
    for name, value in (("isPublicRead", True), ("publicRead", False)):
        answer = api.post("/space/smh1/a/extension", params=admin, json={name: value})
        assert (answer.status_code, answer.json()) == (200, {})
        told = api.get("/space/smh1/a/extension", params=admin).json()
        assert told["isPublicRead"] is told["publicRead"] is value
    untouched = api.post("/space/smh1/a/extension", params=admin, json={"allowPhoto": True})
    assert untouched.status_code == 200
    wrong = api.post("/space/smh1/a/extension", params=admin, json={"isPublicRead": "yes"})
    assert code_of(wrong) == (400, "ParamInvalid")


def test_a_space_goes_with_all_that_is_in_it(
    api: httpx2.Client, admin: dict[str, str], shop: Shop, blob: Callable[[bytes], Path]
) -> None:
    place = shop.space("a")
    entry = shop.put(place, "a.txt", blob(b"text"), parent_id=shop.directory(place, "d"))

    careful = api.delete("/space/smh1/a", params={**admin, "force": "0"})
    answer = api.delete("/space/smh1/a", params={**admin, "force": "1"})

    assert code_of(careful) == (409, "SpaceNotEmpty")
    assert (answer.status_code, answer.json()) == (200, {})
    assert shop.bytes.versions(place, entry.id) == []
    assert list(shop.bytes.entries(place)) == []
    assert code_of(api.delete("/space/smh1/a", params=admin)) == (404, "SpaceNotFound")
    assert shop.space("a") == Place("smh1", "a")
    assert shop.state.entries.children(place, "root", limit=10) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/space/smh1"),
        ("GET", "/space/smh1"),
        ("GET", "/space/smh1/list"),
        ("DELETE", "/space/smh1/-"),
    ],
)
def test_a_library_for_one_tenant_has_no_such_calls(
    api: httpx2.Client, shop: Shop, method: str, path: str
) -> None:
    shop.library()
    queries = {"access_token": shop.token("smh1", "admin")}

    assert code_of(api.request(method, path, params=queries)) == (400, "NotMultiSpaceLibrary")


@pytest.mark.parametrize(
    ("method", "path", "grant"),
    [
        ("POST", "/space/smh1", "create_space"),
        ("DELETE", "/space/smh1/a", "delete_space"),
        ("POST", "/space/smh1/a/extension", "space_admin"),
    ],
)
def test_each_call_has_its_grant(
    api: httpx2.Client, admin: dict[str, str], shop: Shop, method: str, path: str, grant: str
) -> None:
    shop.space("a")
    weak = shop.token("smh1", "upload_file")
    strong = shop.token("smh1", grant)

    assert code_of(api.request(method, path)) == (400, "EmptyAccessToken")
    wrong = api.request(method, path, params={"access_token": "wrong"})
    assert code_of(wrong) == (403, "InvalidAccessToken")
    refused = api.request(method, path, params={"access_token": weak})
    assert code_of(refused) == (403, "NoPermission")
    assert api.request(method, path, params={"access_token": strong}).status_code in {200, 201}
    unknown = api.request(method, path.replace("smh1", "no"), params={"access_token": strong})
    assert code_of(unknown) == (404, "LibraryNotFound")
