"""Requests that no client library would send, byte by byte: refused in form, never a failure."""

import random
import socket
import time
from urllib.parse import urlsplit

import pytest

from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.shop import Shop
from tests.integration.smh.wire import Answer, ask, request_of

ROUNDS = 25
EACH = 16
# Told by the server that reads HTTP, before any application sees a request.
NO_HTTP = b"Invalid HTTP request received."
CALLS = [
    *(b"GET /album/L/-/cover", b"GET /album/L/-/cover/%b", b"GET /file/L/-/%b"),
    *(b"GET /file/L/-/%b?info", b"GET /file/L/-/%b?upload", b"GET /file/L/-/%b?preview&size=9"),
    *(b"HEAD /file/L/-/%b", b"PUT /file/L/-/%b", b"POST /file/L/-/%b?confirm"),
    *(b"POST /file/L/-/%b?multipart", b"POST /file/L/-/%b?renew", b"DELETE /file/L/-/%b"),
    *(b"DELETE /file/L/-/%b?upload", b"GET /directory/L/-/%b", b"GET /directory/%b"),
    *(b"GET /directory/L/%b", b"GET /directory/L/-?marker=%b", b"GET /directory/L/-?%b"),
    *(b"PUT /directory/L/-/%b", b"DELETE /directory/L/-/%b", b"HEAD /directory/L/-/%b"),
    *(b"GET /directory-history/L/-/history-list/%b", b"GET /token?library_id=%b"),
    *(b"POST /token?%b", b"POST /token/L/%b", b"DELETE /token/%b/x", b"DELETE /token/%b"),
    *(b"POST /space/%b", b"GET /space/%b/list", b"POST /space/L/%b/extension"),
    *(b"GET /space/L/%b/size", b"GET /space/%b/-/file-count"),
    *(b"DELETE /space/L/%b", b"OPTIONS /%b", b"PATCH /file/L/-/%b", b"FOO /%b", b"get /file/%b"),
]
PIECES = [
    *(b"%00", b"%", b"%zz", b"%ff", b"%C0%AE", b"..", b"%2e%2e", b".", b"/", b"%2F", b"//", b"\\"),
    *(b"%5c", b"a", b"docs", b"%0d%0a", b"%7f", b"%E2%80%AE", b"%F0%9F%8E%89", b"%ED%A0%80", b"+"),
    *(b";", b"&", b"=", b"?", b"#", b"[", b"]", b"{", b"'", b'"', b"<", b"|", b"^", b"`", b"*"),
    *(b"~", b":", b"@", b"x" * 300, b"%25", b"%2525", b"\xc3\xa9", b"\xff"),
]
HEADERS = [
    *(b"Content-Type: application/json", b"Content-Encoding: gzip", b"If-None-Match: *"),
    *(b"Authorization: Bearer \xff\xfe", b"Authorization: \xff", b"If-None-Match: \xff,"),
    *(b"Range: bytes=0-", b"Origin: null", b"Access-Control-Request-Headers: \xff"),
    *(b"x-smh-meta-a: %ff\xff", b"x-smh-meta-: b", b"Cookie: a=b", b"X-Forwarded-Proto: ftp"),
    *(b"X-Forwarded-For: \xff", b"Sec-Fetch-Site: cross-site", b"Host: second"),
    *(b"Accept: x/y", b"Accept-Encoding: br", b"User-Agent: \xe9", b"Authorization: Bearer a"),
]
BODIES = [
    *(b"", b"{}", b"[]", b"null", b'{"from":"\\ud800"}', b'{"from":"a\\u0000b"}', b'{"from":1}'),
    *(b"[" * 2000, b"nul", b'{"crc64":1e999}', b"\xff", b'{"from":"../x"}', b'{"crc64":NaN}'),
    *(b'{"isPublicRead":"yes"}', b"1" * 5000, b"{" * 4000, b'{"from":{"from":[]}}', b"\x00"),
]
HOSTS = [b"x", b"127.0.0.1", b"[", b"[::1]:x", b"x:99999", b"a@b", b"a b", b"\xff", b""]


@pytest.fixture
def token(shop: Shop) -> bytes:
    """An administrator's, of a file library with a directory."""
    place = shop.library("L", kind="file", public_read=True)
    shop.directory(place, "docs")
    return shop.token("L", "admin").encode()


def _made_up(chance: random.Random, token: bytes) -> tuple[bytes, bytes]:
    """A request and its method."""
    method, _, target = chance.choice(CALLS).partition(b" ")
    target = b"/api/v1" + target.replace(b"%b", b"".join(chance.choices(PIECES, k=3)))
    if chance.random() < 0.6:
        target += (b"&" if b"?" in target else b"?") + b"access_token=" + token
    body = b"" if method == b"GET" and chance.random() < 0.8 else chance.choice(BODIES)
    headers = chance.sample(HEADERS, chance.choice([0, 0, 1, 2]))
    if body:
        headers.append(b"Content-Length: %d" % len(body))
    host = b"x" if chance.random() < 0.7 else chance.choice(HOSTS)
    return request_of(target, *headers, method=method, body=body, host=host), method


def _is_in_form(answer: Answer, method: bytes) -> None:
    assert answer.status < 500
    if answer.body == NO_HTTP:
        assert answer.status == 400
        return
    assert answer.headers["x-request-id"]
    if method == b"HEAD":
        assert answer.body == b""
    elif answer.status >= 400:
        answer.code()


@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_whatever_comes_is_answered_in_the_dialects_form(
    served: Served, token: bytes, round_number: int
) -> None:
    chance = random.Random(round_number)
    reached = 0
    for _ in range(EACH):
        request, method = _made_up(chance, token)
        answer = ask(served.url, request)
        _is_in_form(answer, method)
        reached += answer.body != NO_HTTP

    assert reached >= EACH // 4


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        pytest.param(
            request_of(b"/api/v1/file/L/-/" + b"x" * 60_000), 400, "ParamInvalid", id="long-path"
        ),
        pytest.param(
            request_of(b"/api/v1/directory/L/-?access_token=%b&limit=" + b"9" * 60_000),
            400,
            "ParamInvalid",
            id="long-number",
        ),
        pytest.param(
            request_of(b"/api/v1/directory/L/-?access_token=" + b"x" * 60_000),
            403,
            "InvalidAccessToken",
            id="long-token",
        ),
        pytest.param(
            request_of(b"/api/v1/directory/L/-?access_token=a%00b"),
            403,
            "InvalidAccessToken",
            id="token-with-nul",
        ),
        pytest.param(
            request_of(b"/api/v1/directory/L/-", b"Authorization: Bearer \xff\xc3\xa9"),
            403,
            "InvalidAccessToken",
            id="bearer-of-no-text",
        ),
        pytest.param(
            request_of(b"/api/v1/directory/L/-?" + b"&".join([b"a=1"] * 101)),
            400,
            "ParamInvalid",
            id="too-many-queries",
        ),
        pytest.param(
            request_of(b"/api/v1/file/L/-/%FF?info"), 400, "ParamInvalid", id="bytes-of-no-text"
        ),
        pytest.param(
            request_of(b"/api/v1/directory/L/-", b"Host: second"),
            400,
            "EmptyAccessToken",
            id="two-hosts",
        ),
        pytest.param(request_of(b"/api/v1//directory/L/-"), 404, "RouteNotFound", id="doubled"),
        pytest.param(request_of(b"/api/v1/DIRECTORY/L/-"), 404, "RouteNotFound", id="capitals"),
        pytest.param(
            request_of(b"/api%2Fv1/directory/none/-"), 404, "LibraryNotFound", id="escaped-prefix"
        ),
        pytest.param(
            request_of(b"/api/v1/file/L/-/x", method=b"TRACE"), 404, "RouteNotFound", id="trace"
        ),
        pytest.param(
            request_of(
                b"/api/v1/file/L/-/x?access_token=%b",
                b"Content-Length: 9999999999",
                method=b"PUT",
            ),
            400,
            "BadRequest",
            id="announced-too-much",
        ),
        pytest.param(
            request_of(
                b"/api/v1/file/L/-/x?access_token=%b",
                b"Transfer-Encoding: chunked",
                method=b"PUT",
                body=b"1388\r\n" + b"[" * 5000 + b"\r\n0\r\n\r\n",
            ),
            400,
            "BadRequest",
            id="chunked-too-much",
        ),
    ],
)
def test_odd_requests_have_their_codes(
    served: Served, token: bytes, request_bytes: bytes, status: int, code: str
) -> None:
    answer = ask(served.url, request_bytes.replace(b"%b", token))

    assert (answer.status, answer.code()) == (status, code)


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(request_of(b"/api/v1/token", b"Content-Length: -1"), id="negative-length"),
        pytest.param(request_of(b"/api/v1/token", b"Content-Length: 1e3"), id="float-length"),
        pytest.param(
            request_of(b"/api/v1/token", b"Content-Length: 1", b"Content-Length: 2", body=b"ab"),
            id="two-lengths",
        ),
        pytest.param(
            request_of(b"/api/v1/token", b"Transfer-Encoding: chunked", body=b"zz\r\n"),
            id="no-chunk",
        ),
        pytest.param(request_of(b"/api/v1/token\x00"), id="raw-nul"),
        pytest.param(request_of(b"/api/v1/token\x7f"), id="raw-control"),
        pytest.param(request_of(b"/api/v1/a b"), id="raw-space"),
        pytest.param(request_of(b"/api/v1/token", b"A\x00: b"), id="nul-in-a-name"),
        pytest.param(request_of(b"/api/v1/token", b"A: \x00"), id="nul-in-a-value"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="tls"),
        pytest.param(b"GET\r\n\r\n", id="no-target"),
        pytest.param(b"GET /api/v1/token HTTP/9.9\r\nHost: x\r\n\r\n", id="no-version"),
    ],
)
def test_what_is_no_http_is_refused_at_once(
    served: Served, shop: Shop, request_bytes: bytes
) -> None:
    began_s = time.monotonic()

    assert ask(served.url, request_bytes).status == 400
    assert time.monotonic() - began_s < 2


@pytest.mark.parametrize("prefix", [b"http://other", b"http://other:1", b"/"])
def test_other_ways_to_write_a_target_reach_nothing_else(
    served: Served, token: bytes, prefix: bytes
) -> None:
    """Absolute targets and doubled slashes are not the dialect's, or mean what they mean there."""
    answer = ask(served.url, request_of(prefix + b"/api/v1/directory/none/-", host=b"127.0.0.1"))

    assert answer.status == 404
    assert b"LibraryNotFound" in answer.body or b"request.not_found" in answer.body


def test_a_body_on_a_get_is_passed_over(served: Served, token: bytes) -> None:
    listing = b"/api/v1/directory/L/-?access_token=" + token
    answer = ask(served.url, request_of(listing, b"Content-Length: 7", body=b'{"a":1}'))

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")


def test_a_request_that_is_broken_off_harms_nobody(served: Served, token: bytes) -> None:
    target = urlsplit(served.url)
    for cut in (b"GET /api/v1/dir", b"PUT /api/v1/file/L/-/x HTTP/1.1\r\nHost: x\r\nContent-Len"):
        with socket.create_connection(("127.0.0.1", target.port), timeout=5) as connection:
            connection.sendall(cut)
    listing = b"/api/v1/directory/L/-?access_token=" + token

    assert ask(served.url, request_of(listing)).status == 200
