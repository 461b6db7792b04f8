"""What the vendor's client libraries do on the wire beyond the documented calls, and look for."""

import http.client
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.shop import Shop


def names_on_the_wire(served: Served, method: str, path: str) -> list[str]:
    """Names of the answer's headers, in the case they were sent in."""
    target = urlsplit(served.url)
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=10)
    try:
        connection.request(method, f"/api/v1{path}")
        answer = connection.getresponse()
        answer.read()
        return [name for name, _ in answer.getheaders()]
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        pytest.param("GET", "/directory/smh1/-", "X-Request-Id", id="an-answer"),
        pytest.param("GET", "/directory/smh1/-", "ETag", id="a-revision"),
        pytest.param("GET", "/no/such/call", "X-Request-Id", id="a-refusal"),
        pytest.param("HEAD", "/file/smh1/-/none.jpg", "X-Request-Id", id="a-head"),
        pytest.param("PUT", "/storage/none", "X-Request-Id", id="the-storage"),
    ],
)
def test_headers_come_in_the_case_that_is_looked_up(
    served: Served, shop: Shop, method: str, path: str, name: str
) -> None:
    """K-java keeps headers in a map that tells cases apart and asks it for `X-Request-Id`."""
    shop.library(public_read=True)

    assert name in names_on_the_wire(served, method, path)


def test_an_administrator_is_told_that_versions_are_kept(api: httpx2.Client, shop: Shop) -> None:
    """K-js asks before it works with versions, and reads numbers; 0 is no limit."""
    shop.library()
    admin, reader = shop.token("smh1", "admin"), shop.token("smh1")
    path = "/directory-history/smh1/library-history"

    told = api.get(path, params={"access_token": admin})

    assert (told.status_code, told.json()) == (
        200,
        {
            "enableFileHistory": True,
            "fileHistoryCount": 0,
            "fileHistoryExpireDay": 0,
            "mergeInterval": 0,
        },
    )
    assert code_of(api.get(path, params={"access_token": reader})) == (403, "NoPermission")
    assert code_of(api.get(path)) == (400, "EmptyAccessToken")
    nowhere = api.get("/directory-history/none/library-history", params={"access_token": admin})
    assert code_of(nowhere) == (404, "LibraryNotFound")


def test_spaces_are_counted_as_they_are_listed(api: httpx2.Client, shop: Shop) -> None:
    """K-js, whose own tests take no other answer than a number or a refusal for lack of rights."""
    shop.library(multi_tenant=True)
    for name in ("one", "two", "three"):
        shop.space(name)
    everywhere = {"access_token": shop.token("smh1", "admin")}
    only_two = {"access_token": shop.token("smh1", space_ids=("two",))}

    assert api.get("/space/smh1/count", params=everywhere).json() == {"total": 3}
    assert api.get("/space/smh1/count", params=only_two).json() == {"total": 1}


@pytest.mark.parametrize(
    ("flag", "body"),
    [
        pytest.param("virtual_file", {"contentType": "text/plain", "size": "512"}, id="virtual"),
        pytest.param("virtual_file", None, id="virtual-bare"),
        pytest.param("convert", {}, id="converted"),
    ],
)
def test_a_file_that_would_be_made_without_an_upload_is_not_answered_as_an_upload(
    api: httpx2.Client, shop: Shop, flag: str, body: dict[str, str] | None
) -> None:
    """K-js puts files of facts alone by a flag, and takes any 201 for such a file."""
    shop.library(kind="file")
    queries = {flag: "1", "access_token": shop.token("smh1", "admin")}

    answer = api.put("/file/smh1/-/a.vfile", params=queries, json=body)

    assert code_of(answer) == (400, "BadRequest")
