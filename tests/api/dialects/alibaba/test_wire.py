"""Which requests are calls, and what is refused whoever calls."""

import socket
from collections.abc import Callable

import httpx2
import pytest

from tests.api.conftest import Served
from tests.api.dialects.alibaba.shelf import (
    BOTH,
    MPS,
    NOBODY,
    VOD,
    Shelf,
    Signature,
    ask,
    beside,
    code_of,
    told_by,
)
from worker.settings import Settings

JSON = {"Format": "JSON"}


@BOTH
@pytest.mark.parametrize(
    ("twice", "in_form"), [("MediaIds", False), ("MediaIds", True), ("Nothing", False)]
)
def test_a_parameter_that_comes_twice_is_named(
    shelf: Shelf, signature: Signature, twice: str, in_form: bool
) -> None:
    raw = ask(shelf, signature=signature, in_form=in_form)
    more = f"&{twice}=1&{twice}=2"
    if in_form:
        raw = raw._replace(body=raw.body + more.encode())
    else:
        raw = raw._replace(query=raw.query + more)

    answer = shelf.send(raw)

    assert code_of(answer) == (400, "InvalidParameter.Format")
    assert answer.json()["Message"] == f"{twice}: it is given more than once."


def test_a_parameter_in_the_query_and_in_the_form_comes_twice(shelf: Shelf) -> None:
    raw = ask(shelf, in_form=True)
    answer = shelf.send(raw._replace(query=f"MediaIds={NOBODY}"))
    assert code_of(answer) == (400, "InvalidParameter.Format")


@BOTH
@pytest.mark.parametrize(
    ("action", "version", "expected"),
    [
        ("DeleteMedia", MPS, (404, "InvalidAction.NotFound")),
        ("GetImageInfo", MPS, (404, "InvalidAction.NotFound")),
        ("UpdateMediaCover", VOD, (404, "InvalidAction.NotFound")),
        ("updatemediacover", MPS, (404, "InvalidAction.NotFound")),
        ("UpdateMediaCover", "2014-06-19", (400, "InvalidVersion")),
        ("", MPS, (400, "MissingAction")),
        ("UpdateMediaCover", "", (400, "MissingVersion")),
    ],
)
def test_other_actions_and_versions_are_refused(
    shelf: Shelf, signature: Signature, action: str, version: str, expected: tuple[int, str]
) -> None:
    told = {"MediaId": NOBODY, **JSON}
    raw = shelf.signed(action, told, version=version, signature=signature)
    assert code_of(shelf.send(raw)) == expected


@BOTH
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(shelf: Shelf, signature: Signature, method: str) -> None:
    raw = ask(shelf, signature=signature, method=method)
    assert code_of(shelf.send(raw)) == (400, "UnsupportedHTTPMethod")


@pytest.mark.parametrize("path", ["/v2/nothing", "/index.html"])
def test_other_paths_of_the_vendors_scheme_are_not_found(shelf: Shelf, path: str) -> None:
    raw = ask(shelf)
    answer = shelf.client.request("POST", path, headers=list(raw.headers))
    assert code_of(answer) == (404, "InvalidApi.NotFound")


@BOTH
def test_a_body_that_is_no_form_is_refused(shelf: Shelf, signature: Signature) -> None:
    raw = ask(shelf, signature=signature)
    answer = shelf.send(beside(raw._replace(body=b"{}"), content_type="application/json"))
    assert code_of(answer) == (400, "InvalidParameter.Format")


@BOTH
def test_an_empty_body_of_any_type_is_taken(shelf: Shelf, signature: Signature) -> None:
    raw = ask(shelf, signature=signature)
    told_by(shelf.send(beside(raw, content_type="application/octet-stream")))


def test_a_body_over_12_mb_is_refused_before_it_is_sent(shelf: Shelf) -> None:
    head = (
        f"POST /?Action=x HTTP/1.1\r\nHost: {shelf.host}\r\nContent-Length: 12582913\r\n"
        "Connection: close\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", shelf.client.base_url.port or 0), 10) as opened:
        opened.sendall(head.encode())
        answer = opened.makefile("rb").read().decode()

    assert answer.startswith("HTTP/1.1 413 ")
    assert "<Code>RequestEntityTooLarge</Code>" in answer


def test_a_body_that_grows_over_the_limit_is_refused(shelf: Shelf) -> None:
    raw = ask(shelf, in_form=True)
    answer = shelf.client.post(
        "/", headers=list(raw.headers), content=(b"x" * 1000 for _ in range(80))
    )
    assert code_of(answer) == (413, "RequestEntityTooLarge")


def test_more_parameters_than_any_call_has_are_refused(shelf: Shelf) -> None:
    raw = ask(shelf)
    more = "".join(f"&a{number}=1" for number in range(1000))
    answer = shelf.send(raw._replace(query=raw.query + more))
    assert code_of(answer) == (400, "InvalidParameter.Format")


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda client: client.get("/"), id="GET"),
        pytest.param(lambda client: client.get("/?x=1"), id="a query"),
        pytest.param(lambda client: client.post("/", json={"Action": "x"}), id="JSON"),
        pytest.param(lambda client: client.post("/", data={"x": "y"}), id="a form"),
        pytest.param(
            lambda client: client.post(
                "/",
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                content=(b"x" * 1000 for _ in range(100)),
            ),
            id="a long form in pieces",
        ),
        pytest.param(
            lambda client: client.get("/", headers={"Authorization": "Bearer x"}), id="a bearer"
        ),
    ],
)
def test_other_requests_pass_on_unharmed(
    shelf: Shelf, call: Callable[[httpx2.Client], httpx2.Response]
) -> None:
    answer = call(shelf.client)

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "request.not_found"


def test_a_form_for_others_arrives_whole(shelf: Shelf) -> None:
    told = {"source": {"url": "https://media.example/clip.mp4"}, "sizes": [64]}
    answer = shelf.client.post("/v1/covers?Action=x", json=told)
    assert answer.json()["code"] == "request.invalid"
    assert shelf.client.post("/v1/covers", json=told).status_code == 202


def test_every_request_has_an_id_of_its_own(shelf: Shelf) -> None:
    ids = {shelf.send(ask(shelf)).json()["RequestId"] for _ in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize(
    ("path", "begun", "status", "code"),
    [
        ("/", "Action=x&", 408, "RequestTimeout"),
        ("/?Action=x", "", 408, "RequestTimeout"),
        ("/", "a=b&", 404, "request.not_found"),
        ("/", "", 404, "request.not_found"),
    ],
)
def test_a_form_that_stops_coming_is_waited_for_no_longer_than_any(
    settings: Settings,
    serve: Callable[[Settings], Served],
    path: str,
    begun: str,
    status: int,
    code: str,
) -> None:
    api = settings.api.model_copy(update={"stall_timeout_s": 0.3})
    served = serve(settings.model_copy(update={"api": api}))
    url = httpx2.URL(served.url)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {url.netloc.decode()}\r\nContent-Length: 100\r\n"
        "Connection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{begun}"
    )
    with socket.create_connection(("127.0.0.1", url.port or 0), 10) as opened:
        opened.sendall(head.encode())
        answer = opened.makefile("rb").read().decode()

    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert code in answer
