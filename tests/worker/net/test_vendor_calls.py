import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpcore2
import pytest

from tests.fakes.control import Control
from tests.http_server import Handler, MediaServer, whole
from tests.worker.net.network import Certificate
from worker.errors import ProviderError
from worker.net.deadline import nothing_sent_after
from worker.net.guard import dial_address
from worker.net.vendor_calls import VendorHttp, Where, origin_of, parts_of
from worker.rules.vendor_answers import Reply
from worker.signing.wire import RawRequest

GET = RawRequest("GET", "/a%2Fb/%E5%B0%81~", "x=%20%2B&y=", ())
# What is sent as a write is for the caller to say: the server of media knows only GET.
WRITE = RawRequest("GET", "/write", "", (("X-Name", "\xc3\xbc"),))


@contextmanager
def calling(timeout_s: float = 5, **where: Any) -> Iterator[VendorHttp]:
    known: dict[str, Any] = {"hosts": None, "https_only": False, "allow_private_addresses": True}
    http = VendorHttp("Vendor (main)", Where(**{**known, **where}), timeout_s=timeout_s)
    try:
        yield http
    finally:
        http.close()


def failure(http: VendorHttp, origin: str, request: RawRequest = WRITE) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        http.send(origin, request, writes=True)
    return caught.value


def origin(server: MediaServer) -> str:
    return f"{server.scheme}://127.0.0.1:{server.port}"


def test_a_request_travels_as_it_was_signed(media_server: MediaServer) -> None:
    media_server.serve("/a%2Fb/%E5%B0%81~", whole(b"body"))
    with calling() as http:
        reply = http.send(origin(media_server), GET, writes=False)

    assert (reply.status, reply.body) == (200, b"body")
    assert media_server.seen[0].path == "/a%2Fb/%E5%B0%81~?x=%20%2B&y="


def test_text_of_headers_travels_as_its_bytes(media_server: MediaServer) -> None:
    media_server.serve("/write", whole(b""))
    with calling() as http:
        http.send(origin(media_server), WRITE, writes=True)

    assert media_server.seen[0].headers["x-name"] == "\xc3\xbc"


def test_connections_are_kept_and_shared_by_threads(huawei_vod: Control) -> None:
    dialled: list[int] = []

    def dial(address: str, port: int, timeout_s: float) -> httpcore2.NetworkStream:
        dialled.append(port)
        return dial_address(address, port, timeout_s)

    with calling(dial=dial) as http, ThreadPoolExecutor(4) as threads:

        def once(_: int) -> Reply:
            return http.send(huawei_vod.url, GET._replace(query=""), writes=False)

        replies = list(threads.map(once, range(40)))

    assert {reply.status for reply in replies} == {401}
    assert len(dialled) <= 4


def test_as_many_calls_as_a_worker_may_have_slots_are_under_way_together(
    huawei_vod: Control,
) -> None:
    huawei_vod.hold("unknown", times=64)

    with calling() as http, ThreadPoolExecutor(64) as threads:
        sent = [threads.submit(http.send, huawei_vod.url, GET, writes=False) for _ in range(64)]
        deadline_s = time.monotonic() + 4
        while len(huawei_vod.do("held")) < 64 and time.monotonic() < deadline_s:
            time.sleep(0.01)
        assert huawei_vod.release() == 64
        assert {each.result().status for each in sent} == {401}


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ({"allow_private_addresses": False, "hosts": None}, "may not be called"),
        ({"hosts": ("api.vendor.example",)}, "URL that may not be called (http://127.0.0.1"),
        ({"https_only": True}, "URL that may not be called (http://127.0.0.1"),
    ],
    ids=["private-address", "another-host", "plain-http"],
)
def test_only_the_vendors_own_hosts_are_called(
    media_server: MediaServer, where: dict[str, Any], words: str
) -> None:
    with calling(**where) as http:
        error = failure(http, origin(media_server))

    assert words in error.message
    assert (error.code, error.unsure) == ("provider.unavailable", False)
    assert media_server.seen == []


def test_a_name_that_leads_inside_is_refused(media_server: MediaServer) -> None:
    with calling(allow_private_addresses=False, resolve=lambda host, port: ["127.0.0.1"]) as http:
        error = failure(http, "http://api.vendor.test")

    assert (error.message, error.unsure) == (
        "Vendor (main) is at an address that may not be called.",
        False,
    )


def test_a_certificate_that_is_not_valid_ends_the_call_before_it_is_sent(
    media_server: MediaServer, certificate: Certificate
) -> None:
    media_server.encrypt(certificate.server)
    with calling() as http:
        error = failure(http, origin(media_server))

    assert "certificate" in error.message
    assert not error.unsure


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"])
def test_an_answer_that_drips_ends_with_the_calls_time(
    media_server: MediaServer, head: bytes
) -> None:
    def drip(handler: Handler) -> None:
        handler.wfile.write(head)
        for _ in range(60):
            handler.wfile.write(b"." if head else b"H")
            time.sleep(0.05)

    media_server.serve("/write", drip)
    with calling(timeout_s=0.4) as http:
        began_s = time.monotonic()
        error = failure(http, origin(media_server))

    assert time.monotonic() - began_s < 2
    assert (error.code, error.unsure) == ("provider.unavailable", True)
    assert "in time" in error.message


def test_the_next_call_has_all_its_time_again(media_server: MediaServer) -> None:
    def slow(handler: Handler) -> None:
        time.sleep(0.3)
        handler.answer(200, b"")

    media_server.serve("/write", slow)
    with calling(timeout_s=0.5) as http:
        for _ in range(3):
            assert http.send(origin(media_server), WRITE, writes=True).status == 200
            time.sleep(0.2)


def test_after_the_end_of_a_write_nothing_of_it_is_sent(media_server: MediaServer) -> None:
    media_server.serve("/write", whole(b""))
    with calling() as http, nothing_sent_after(time.monotonic()):
        error = failure(http, origin(media_server))

    assert (error.code, error.unsure) == ("provider.unavailable", False)
    assert media_server.seen == []


def test_a_call_ends_with_the_write_that_it_is_part_of(media_server: MediaServer) -> None:
    media_server.serve("/write", lambda handler: time.sleep(2))
    began_s = time.monotonic()
    with calling() as http, nothing_sent_after(began_s + 0.4):
        error = failure(http, origin(media_server))

    assert time.monotonic() - began_s < 1.5
    assert error.unsure


def test_an_answer_that_is_cut_short_leaves_a_write_unsure(media_server: MediaServer) -> None:
    def cut(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"{")
        handler.close_connection = True

    media_server.serve("/write", cut)
    with calling() as http:
        assert failure(http, origin(media_server)).unsure


def test_of_a_long_answer_only_the_beginning_is_read(media_server: MediaServer) -> None:
    media_server.serve("/write", whole(b"x" * 100_000))
    with calling() as http:
        reply = http.send(origin(media_server), WRITE, writes=True, max_bytes=1000)

    assert reply.body == b"x" * 1000


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Vod.Example.com/", "https://vod.example.com"),
        ("https://vod.example.com:443", "https://vod.example.com"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_an_origin_is_what_travels_as_host(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_a_signed_link_is_parted_as_it_is() -> None:
    url = "https://user:pw@obs.example/a%2Fb/~x?Signature=a%2Bb%3D&x="
    assert parts_of(url) == ("https://obs.example", "/a%2Fb/~x", "Signature=a%2Bb%3D&x=")
    assert parts_of("https://obs.example") == ("https://obs.example", "/", "")
    with pytest.raises(ProviderError, match="malformed"):
        parts_of("http://[::bad/")
