"""What a web page can make a person's browser ask of an API without keys."""

from collections.abc import Callable

import httpx2
import pytest
from structlog.testing import capture_logs

from api.browsers import is_named, names_of
from tests.api.conftest import Served
from worker.settings import ApiSettings, Settings

LOOPBACK = ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1", "127.9.9.9:1", "[::1]:80"]
FOREIGN = [
    "",
    "example.com",
    "example.com:8000",
    "localhost.example.com",
    "127.0.0.1.example.com",
    "192.168.0.1",
    "0.0.0.0",
    "[::]",
    "[::1",
    "user@localhost",
    "example.com/@localhost",
    "localhost:x",
    "localhost:99999",
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_this_machine_is_known_by_its_names(host: str) -> None:
    assert is_named([host], frozenset())


@pytest.mark.parametrize("host", FOREIGN)
def test_any_other_name_is_foreign(host: str) -> None:
    assert not is_named([host], frozenset())


@pytest.mark.parametrize("path", ["/v1/jobs", "/readyz", "/openapi.json", "/nothing"])
def test_a_foreign_name_for_this_machine_is_refused(client: httpx2.Client, path: str) -> None:
    answer = client.get(path, headers={"Host": "rebound.example.com"})

    assert (answer.status_code, answer.json()["code"]) == (403, "auth.forbidden")
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.get("/healthz", headers={"Host": "localhost:1"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="cross-site"),
        pytest.param({"Origin": "https://example.com"}, id="foreign-origin"),
        pytest.param({"Origin": "http://127.0.0.1:1"}, id="another-port"),
        pytest.param({"Origin": "null"}, id="no-origin-at-all"),
    ],
)
def test_the_page_of_another_site_cannot_write(
    client: httpx2.Client, headers: dict[str, str]
) -> None:
    plain = {"Content-Type": "text/plain", **headers}

    for answer in (
        client.post("/v1/uploads", content=b"bytes", headers=plain),
        client.delete("/v1/jobs/job_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D", headers=headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.forbidden")


def test_other_sites_may_show_and_link_to_what_is_here(client: httpx2.Client) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://example.com"}

    assert client.get("/docs", headers=headers).status_code == 200


def test_our_own_page_may_write(client: httpx2.Client, served: Served) -> None:
    headers = {"Origin": served.url, "Sec-Fetch-Site": "same-origin"}

    assert client.post("/v1/uploads", content=b"bytes", headers=headers).status_code == 201


def test_an_open_api_answers_under_any_name_and_still_not_to_other_sites(
    settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    api = settings.api.model_copy(update={"open": True})
    url = f"{serve(settings.model_copy(update={'api': api})).url}/v1/uploads"
    proxied = {"Host": "covers.example.com", "Origin": "https://example.com"}
    foreign = {"Sec-Fetch-Site": "cross-site"}

    assert httpx2.post(url, content=b"bytes", headers=proxied).status_code == 201
    assert httpx2.post(url, content=b"bytes", headers=foreign).status_code == 403


def test_an_open_api_that_is_told_its_names_answers_under_no_others(
    settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    told = {"open": True, "hosts": ["Covers.example.com"]}
    api = settings.api.model_copy(update=told)
    url = serve(settings.model_copy(update={"api": api})).url
    rebound = {"Host": "rebound.example.com", "Origin": "http://rebound.example.com"}
    named = {"Host": "covers.EXAMPLE.com:8000"}

    for method, path in (("GET", "/v1/jobs"), ("GET", "/openapi.json"), ("POST", "/v1/uploads")):
        answer = httpx2.request(method, f"{url}{path}", headers=rebound)
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.forbidden")
    assert httpx2.get(f"{url}/v1/jobs", headers=named).status_code == 200
    assert httpx2.get(f"{url}/v1/jobs").status_code == 200  # as 127.0.0.1
    foreign = {**named, "Origin": "http://rebound.example.com"}
    assert httpx2.post(f"{url}/v1/uploads", content=b"x", headers=foreign).status_code == 403


@pytest.mark.parametrize(
    ("hosts", "named"),
    [
        pytest.param(["covers.example.com"], True, id="the-name"),
        pytest.param(["COVERS.example.com:443"], True, id="any-port-and-case"),
        pytest.param(["[2001:DB8::1]:80"], True, id="an-address"),
        pytest.param(["[::1]:80"], True, id="loopback-always"),
        pytest.param(["a.covers.example.com"], False, id="a-name-below"),
        pytest.param(["covers.example.com", "covers.example.com"], False, id="twice"),
        pytest.param(["me@covers.example.com"], False, id="with-a-user"),
        pytest.param([], False, id="none"),
    ],
)
def test_the_names_of_an_open_api_are_compared_whole(hosts: list[str], named: bool) -> None:
    names = names_of(ApiSettings(open=True, hosts=["covers.example.com", "[2001:db8::1]"]))

    assert is_named(hosts, names) is named


def test_names_count_on_an_open_api_only() -> None:
    hosts = ["covers.example.com"]

    assert is_named(hosts, names_of(ApiSettings(open=True)))
    assert not is_named(hosts, names_of(ApiSettings(hosts=hosts)))


@pytest.mark.parametrize(("open_to", "warned"), [([], True), (["covers.example.com"], False)])
def test_the_log_warns_once_of_an_open_api_that_takes_any_name(
    settings: Settings,
    serve: Callable[[Settings], Served],
    open_to: list[str],
    warned: bool,
) -> None:
    api = settings.api.model_copy(update={"open": True, "hosts": open_to})
    with capture_logs() as lines:
        url = serve(settings.model_copy(update={"api": api})).url
        for _ in range(2):
            httpx2.get(f"{url}/healthz")

    told = [line for line in lines if line.get("setting") == "api.hosts"]
    assert [line["log_level"] for line in told] == ["warning"] * warned


@pytest.mark.parametrize("path", ["/objects/covers/none.jpg", "/library-objects/a/b/c/d"])
def test_pages_may_ask_for_what_links_open_and_read_the_answer(
    client: httpx2.Client, path: str
) -> None:
    """A page's call that was redirected here has headers of its own and no origin."""
    asks = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "client-version",
    }

    allowed = client.options(path, headers={"Origin": "null", **asks})
    answer = client.get(path, headers={"Origin": "null", "Client-Version": "1"})

    assert (allowed.status_code, allowed.content) == (204, b"")
    assert allowed.headers["access-control-allow-headers"] == "client-version"
    assert allowed.headers["access-control-allow-methods"] == "GET, HEAD"
    for each in (allowed, answer):
        assert each.headers.get_list("access-control-allow-origin") == ["*"]
        assert "access-control-allow-credentials" not in each.headers


def test_pages_may_not_ask_for_anything_else(client: httpx2.Client) -> None:
    asks = {"Origin": "https://page.example", "Access-Control-Request-Method": "GET"}

    for path in ("/v1/jobs", "/healthz"):
        assert "access-control-allow-origin" not in client.options(path, headers=asks).headers
