"""What calls and answers have in common: an id, headers for other sites, names, one form."""

import re
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.api.conftest import Served, settings_for
from tests.api.dialects.tencent_smh.answers import code_of
from tests.api.dialects.tencent_smh.conftest import with_libraries
from tests.api.dialects.tencent_smh.shop import Shop
from tests.redis_server import RedisServer
from worker.settings import ApiSettings, Settings

Blob = Callable[[bytes], Path]


def test_every_answer_has_an_id_of_its_own_in_the_case_that_clients_look_for(
    served: Served,
) -> None:
    """A client of the vendor keeps headers letter by letter [K-java]."""
    port = urlsplit(served.url).port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(
            b"GET /api/v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        )
        told = b"".join(iter(lambda: connection.recv(65536), b""))

    assert len(re.findall(rb"\r\nX-Request-Id: [0-9A-Za-z-]+\r\n", told)) == 1
    ids = {httpx2.get(f"{served.url}/api/v1/x").headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", ""),
        ("GET", "/album/L/-/nothing"),
        ("POST", "/album/L/-/cover"),
        ("DELETE", "/directory-history/L/-/history-list/x"),
        ("PATCH", "/file/L/-/x"),
        ("GET", "/batch/L/-?copy"),
        ("PUT", "/file"),
    ],
)
def test_an_unknown_call_is_a_route_that_is_not_found(
    api: httpx2.Client, method: str, path: str
) -> None:
    """Never 405 or 501: a client of the vendor retries those for seconds [K-js]."""
    assert code_of(api.request(method, path)) == (404, "RouteNotFound")


def test_an_unknown_call_by_head_has_no_body(api: httpx2.Client) -> None:
    answer = api.head("/nothing")

    assert (answer.status_code, answer.content) == (404, b"")
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/album/L/-/cover", "/nothing", "/file/L/-/%zz", "/token"])
@pytest.mark.parametrize(
    "asked",
    ["client-version", "client-version, content-type, x-smh-meta-a,x-smh-meta-b", "authorization"],
)
def test_a_preflight_needs_no_token_and_allows_what_is_asked(
    api: httpx2.Client, path: str, asked: str
) -> None:
    headers = {
        "Origin": "https://page.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": asked,
    }

    answer = api.options(path, headers=headers)

    if "%" in path:
        assert code_of(answer) == (400, "ParamInvalid")
        return
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == asked
    methods = set(answer.headers["access-control-allow-methods"].split(", "))
    assert methods >= {"GET", "HEAD", "PUT", "POST", "DELETE"}
    assert "access-control-allow-credentials" not in answer.headers


def test_an_odd_preflight_allows_no_headers(api: httpx2.Client) -> None:
    answer = api.options("/x", headers={"Access-Control-Request-Headers": 'a"; b'})

    assert answer.status_code == 204
    assert "access-control-allow-headers" not in answer.headers


def test_pages_of_other_sites_may_read_all_that_is_told(
    api: httpx2.Client, shop: Shop, blob: Blob
) -> None:
    place = shop.library(kind="file")
    shop.put(place, "a.txt", blob(b"x"), meta={"colour": "blue"})
    headers = {"Origin": "https://page.example", "Sec-Fetch-Site": "cross-site"}

    answer = api.get("/file/smh1/-/a.txt", headers=headers, params={"access_token": shop.token()})

    assert answer.status_code == 302
    assert answer.headers["access-control-allow-origin"] == "*"
    exposed = set(answer.headers["access-control-expose-headers"].split(", "))
    told = {name for name in answer.headers if name.startswith("x-smh-")}
    assert "x-smh-meta-colour" in told
    assert exposed >= {"X-Request-Id", "Location", "ETag", "Retry-After", *told}
    refused = api.get("/file/smh1/-/a.txt", headers=headers)
    assert refused.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "query", ["%ff=1", "user_id=%ff", "&".join(f"a{number}" for number in range(101))]
)
def test_a_query_that_cannot_be_read_is_refused(api: httpx2.Client, shop: Shop, query: str) -> None:
    shop.library()
    assert code_of(api.get(f"/directory/smh1/-?{query}")) == (400, "ParamInvalid")


def test_without_redis_a_call_may_be_tried_again(
    own_redis: Callable[[], RedisServer], tmp_path: Path, serve: Callable[[Settings], Served]
) -> None:
    redis = own_redis()
    served = serve(with_libraries(settings_for(redis.url(), tmp_path)))
    url = f"{served.url}/api/v1/directory/smh1/-"
    assert code_of(httpx2.get(url)) == (404, "LibraryNotFound")

    redis.stop()
    answer = httpx2.get(url)

    assert code_of(answer) == (503, "ServerOverloaded")
    assert int(answer.headers["retry-after"]) >= 1
    redis.start()
    assert code_of(httpx2.get(url)) == (404, "LibraryNotFound")


def test_a_silent_redis_is_told_in_time(
    own_redis: Callable[[], RedisServer], tmp_path: Path, serve: Callable[[Settings], Served]
) -> None:
    redis = own_redis()
    served = serve(with_libraries(settings_for(redis.url(), tmp_path)))
    url = f"{served.url}/api/v1/directory/smh1/-"
    assert httpx2.get(url).status_code == 404

    redis.pause()
    answer = httpx2.get(url, timeout=5)
    redis.resume()

    assert code_of(answer) == (503, "ServerOverloaded")
    assert answer.elapsed.total_seconds() < 3


def test_the_rest_of_the_api_keeps_its_own_errors(served: Served) -> None:
    answer = httpx2.get(f"{served.url}/nothing")

    assert answer.headers["content-type"] == "application/problem+json"
    assert "x-request-id" not in answer.headers


def test_a_base_url_that_ends_in_a_slash_leads_to_the_same_calls(
    served: Served, shop: Shop, blob: Callable[[bytes], Path]
) -> None:
    shop.put(shop.library(kind="file", public_read=True), "a b.bin", blob(b"bytes"))

    answers = [
        httpx2.get(f"{served.url}{prefix}/api/v1/{call}")
        for prefix in ("", "/")
        for call in ("file/smh1/-/a%20b.bin?info", "directory/smh1/-//", "nothing")
    ]

    told = [(answer.status_code, "x-request-id" in answer.headers) for answer in answers]
    assert told == [(200, True), (200, True), (404, True)] * 2
    assert answers[5].json()["code"] == "RouteNotFound"


@pytest.mark.parametrize(
    ("fetch", "status"),
    [
        ("cross-site cors", 400),
        ("cross-site no-cors", 200),
        ("cross-site navigate", 200),
        ("same-origin cors", 200),
        ("same-site cors", 200),
    ],
)
def test_a_script_of_another_site_reads_with_a_token_only(
    served: Served,
    shop: Shop,
    settings: Settings,
    serve: Callable[[Settings], Served],
    fetch: str,
    status: int,
) -> None:
    shop.library("L", public_read=True)
    site, mode = fetch.split()
    marks = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
    path = "/api/v1/directory/L/-"

    assert httpx2.get(f"{served.url}{path}", headers=marks).status_code == status
    given = {"access_token": shop.token("L")}
    assert httpx2.get(f"{served.url}{path}", headers=marks, params=given).status_code == 200
    api = ApiSettings(**{**settings.api.model_dump(), "open": True})
    opened = serve(settings.model_copy(update={"api": api}))
    assert httpx2.get(f"{opened.url}{path}", headers=marks).status_code == 200


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
