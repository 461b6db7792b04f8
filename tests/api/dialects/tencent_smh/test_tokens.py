"""Access tokens: made with the library's secret only, renewed, deleted, and never logged."""

from typing import Any

import httpx2
import pytest
import structlog

from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.shop import SECRET, Shop

GOOD = {"library_id": "smh1", "library_secret": SECRET}


def test_a_token_is_made_by_get_and_by_post_and_opens_the_library(
    api: httpx2.Client, shop: Shop
) -> None:
    shop.library(kind="file")
    answers = [
        api.get("/token", params=GOOD),
        api.post("/token", params=GOOD),
        api.post("/token", json={**GOOD, "attachInfo": "x", "shareDirectoryIdList": [1]}),
        api.post(
            "/token", params=GOOD, headers={"content-type": "application/x-www-form-urlencoded"}
        ),
    ]

    for answer in answers:
        told = answer.json()
        assert (answer.status_code, told["expiresIn"]) == (200, 86_400)
        assert set(told) == {"accessToken", "expiresIn"}
        listing = api.get("/directory/smh1/-", params={"access_token": told["accessToken"]})
        assert listing.status_code == 200
        refused = api.put("/file/smh1/-/a", params={"access_token": told["accessToken"]})
        assert code_of(refused) == (403, "NoPermission")


@pytest.mark.parametrize(
    ("queries", "code"),
    [
        pytest.param({}, (400, "EmptyLibraryIdOrSecret"), id="neither"),
        pytest.param({"library_id": "smh1"}, (400, "EmptyLibrarySecret"), id="no-secret"),
        pytest.param({"library_secret": SECRET}, (400, "EmptyLibraryId"), id="no-id"),
        pytest.param({**GOOD, "library_id": "no"}, (404, "WrongLibraryIdOrSecret"), id="wrong-id"),
        pytest.param(
            {**GOOD, "library_secret": "no"}, (404, "WrongLibraryIdOrSecret"), id="wrong-secret"
        ),
        pytest.param({**GOOD, "space_id": "other"}, (404, "SpaceNotFound"), id="unknown-space"),
        pytest.param({**GOOD, "grant": "x" * 65}, (400, "ParamInvalid"), id="long-grant"),
        pytest.param({**GOOD, "user_id": "x" * 300}, (400, "ParamInvalid"), id="long-user"),
        pytest.param({**GOOD, "library_id": ["a", "b"]}, (400, "ParamInvalid"), id="two-ids"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_refusal(
    api: httpx2.Client, shop: Shop, method: str, queries: dict[str, Any], code: tuple[int, str]
) -> None:
    shop.library()

    assert code_of(api.request(method, "/token", params=queries)) == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"[]", "BadRequest", id="a-list"),
        pytest.param(b"{", "BadRequest", id="no-json"),
        pytest.param(b"\xff", "BadRequest", id="no-text"),
        pytest.param(b"[" * 4000, "BadRequest", id="deep"),
        pytest.param(b"{" + b" " * 5000 + b"}", "BadRequest", id="too-large"),
        pytest.param(b'{"user_id": 7}', "ParamInvalid", id="a-number"),
        pytest.param(rb'{"user_id": "\ud800"}', "ParamInvalid", id="half-a-surrogate"),
    ],
)
def test_a_bad_body_is_refused(api: httpx2.Client, shop: Shop, body: bytes, code: str) -> None:
    shop.library()

    assert code_of(api.post("/token", params=GOOD, content=body)) == (400, code)


@pytest.mark.parametrize(
    ("period", "lasts_s"),
    [
        ("3600", 3600),
        ("600", 600),
        ("299", 300),
        ("1", 300),
        ("0", 86_400),
        ("-5", 86_400),
        ("abc", 86_400),
        ("", 86_400),
        ("1.5", 86_400),
        ("315360000", 315_360_000),
        ("999999999999999", 315_360_000),
    ],
)
def test_a_period_is_what_the_vendor_makes_of_it(
    api: httpx2.Client, shop: Shop, period: str, lasts_s: int
) -> None:
    shop.library()

    told = api.get("/token", params={**GOOD, "period": period}).json()

    assert told["expiresIn"] == lasts_s


def test_a_token_may_be_for_some_spaces_only(api: httpx2.Client, shop: Shop) -> None:
    shop.library(kind="file", multi_tenant=True)
    for space_id in ("a", "b", "c"):
        shop.space(space_id)
    told = api.get("/token", params={**GOOD, "space_id": "a, b,", "grant": "upload_file"}).json()
    queries = {"access_token": told["accessToken"]}

    assert api.get("/directory/smh1/b", params=queries).status_code == 200
    assert code_of(api.get("/directory/smh1/c", params=queries)) == (
        403,
        "AccessTokenNotMatchSpace",
    )
    assert code_of(api.get("/token", params={**GOOD, "space_id": "-"})) == (404, "SpaceNotFound")


def test_a_token_is_renewed_and_deleted_by_who_holds_it(api: httpx2.Client, shop: Shop) -> None:
    shop.library(kind="file")
    shop.library("smh2")
    told = api.get("/token", params={**GOOD, "period": "600"}).json()
    url = f"/token/smh1/{told['accessToken']}"

    renewed = api.post(url, headers={"content-type": "application/x-www-form-urlencoded"})
    other = api.post(url.replace("smh1", "smh2"))
    deleted = [api.delete(url), api.delete(url)]

    assert (renewed.status_code, renewed.json()) == (200, told)
    assert code_of(other) == (403, "InvalidAccessToken")
    assert [(answer.status_code, answer.json()) for answer in deleted] == [(200, {})] * 2
    assert code_of(api.post(url)) == (403, "InvalidAccessToken")
    queries = {"access_token": told["accessToken"]}
    assert code_of(api.get("/directory/smh1/-", params=queries)) == (403, "InvalidAccessToken")


def test_a_backend_deletes_the_tokens_of_a_user_and_no_others(
    api: httpx2.Client, shop: Shop
) -> None:
    shop.library(kind="file")

    def token(**holders: str) -> str:
        return str(api.get("/token", params={**GOOD, **holders}).json()["accessToken"])

    anns = [token(user_id="ann"), token(user_id="ann", session_id="s1", client_id="c1")]
    bobs = token(user_id="bob", session_id="s2")

    told = {"library_secret": SECRET, "user_id": "ann"}
    deleted = [api.delete("/token/smh1", params=told) for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in deleted] == [(200, {})] * 2
    for each in anns:
        assert code_of(api.post(f"/token/smh1/{each}")) == (403, "InvalidAccessToken")
    assert api.post(f"/token/smh1/{bobs}").status_code == 200
    api.delete("/token/smh1", params={"library_secret": SECRET, "session_id": "s2"})
    assert code_of(api.post(f"/token/smh1/{bobs}")) == (403, "InvalidAccessToken")


@pytest.mark.parametrize(
    ("queries", "code"),
    [
        pytest.param({"user_id": "ann"}, (400, "EmptyLibrarySecret"), id="no-secret"),
        pytest.param(
            {"user_id": "ann", "library_secret": "no"},
            (404, "WrongLibraryIdOrSecret"),
            id="wrong-secret",
        ),
        pytest.param({"library_secret": SECRET}, (400, "ParamInvalid"), id="nobody"),
        pytest.param(
            {"library_secret": SECRET, "user_id": ""}, (400, "ParamInvalid"), id="empty-user"
        ),
    ],
)
def test_tokens_are_not_deleted_without_the_secret_or_without_saying_whose(
    api: httpx2.Client, shop: Shop, queries: dict[str, str], code: tuple[int, str]
) -> None:
    shop.library(kind="file")
    token = api.get("/token", params={**GOOD, "user_id": "ann"}).json()["accessToken"]

    assert code_of(api.delete("/token/smh1", params=queries)) == code

    assert api.post(f"/token/smh1/{token}").status_code == 200


def test_neither_token_nor_secret_is_logged(api: httpx2.Client, shop: Shop) -> None:
    shop.library()
    with structlog.testing.capture_logs() as lines:
        token = api.get("/token", params=GOOD).json()["accessToken"]
        api.post(f"/token/smh1/{token}")
        api.get("/directory/smh1/-", params={"access_token": token})
        api.delete(f"/token/smh1/{token}")

    assert len(lines) >= 4
    assert token not in str(lines)
    assert SECRET not in str(lines)
