import time

import httpx2
import pytest

from tests.http_server import (
    Behaviour,
    MediaServer,
    dripping,
    in_turn,
    ranges,
    redirect,
    saying,
    silent,
    status,
)
from tests.worker.sources.reading import BODY, KIB, Opener, failure, source
from worker.errors import SourceError
from worker.net.stopwatch import Stopwatch
from worker.sources.http import HttpSource
from worker.sources.http_link import Link


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (204, "source.empty"),
        (300, "source.rejected"),
        (304, "source.rejected"),
        (400, "source.rejected"),
        (401, "source.forbidden"),
        (402, "source.rejected"),
        (403, "source.forbidden"),
        (404, "source.not_found"),
        (408, "source.throttled"),
        (410, "source.not_found"),
        (416, "source.rejected"),
        (425, "source.throttled"),
        (429, "source.throttled"),
        (451, "source.rejected"),
        (500, "source.server_error"),
        (502, "source.server_error"),
        (503, "source.server_error"),
        (504, "source.server_error"),
    ],
)
def test_a_status_means_its_code(media_server: MediaServer, code: int, expected: str) -> None:
    answer = saying(f"HTTP/1.1 {code} Odd\r\nContent-Length: 0\r\n\r\n".encode())

    assert failure(media_server, answer) == expected


@pytest.mark.parametrize("code", [429, 503])
def test_a_server_says_how_long_to_wait(media_server: MediaServer, code: int) -> None:
    url = media_server.serve("/clip.mp4", status(code, Retry_After=7))

    with pytest.raises(SourceError) as caught:
        source().open(url)

    assert caught.value.delay_s == 7


def test_a_link_that_ends_while_it_is_read_is_told(media_server: MediaServer) -> None:
    assert failure(media_server, in_turn(ranges(BODY), status(403))) == "source.forbidden"


def test_a_kept_connection_that_died_is_replaced(media_server: MediaServer, opened: Opener) -> None:
    dying = in_turn(ranges(BODY), saying(b""), ranges(BODY))
    reader = opened(media_server.serve("/clip.mp4", dying))

    assert reader.read(100_000, 10) == BODY[100_000:100_010]


def test_a_server_that_goes_away_while_it_is_read_is_unreachable(
    media_server: MediaServer,
) -> None:
    assert failure(media_server, in_turn(ranges(BODY), saying(b""))) == "source.unreachable"


def test_a_compressed_refusal_is_a_refusal(media_server: MediaServer) -> None:
    assert failure(media_server, status(404, Content_Encoding="gzip")) == "source.not_found"


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(silent(), id="silence"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\n", b"X-Drip: 1\r\n"), id="headers drip"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"."), id="body drips"),
        pytest.param(
            dripping(
                b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-999/1000\r\n"
                b"Content-Length: 1000\r\n\r\n",
                b".",
            ),
            id="range drips",
        ),
    ],
)
def test_the_total_time_ends_a_slow_fetch(media_server: MediaServer, behaviour: Behaviour) -> None:
    started_s = time.monotonic()

    assert failure(media_server, behaviour, source(total_timeout_s=0.5)) == "source.timeout"
    assert time.monotonic() - started_s < 1.5


def test_a_stall_ends_a_fetch_before_its_total_time(media_server: MediaServer) -> None:
    started_s = time.monotonic()

    assert failure(media_server, silent(), source(stall_timeout_s=0.2)) == "source.timeout"
    assert time.monotonic() - started_s < 1.5


def test_time_between_reads_does_not_count(media_server: MediaServer, opened: Opener) -> None:
    reader = opened(media_server.serve("/clip.mp4", ranges(BODY)), source(total_timeout_s=0.4))
    time.sleep(0.6)

    assert reader.read(100_000, 10) == BODY[100_000:100_010]


def test_nobody_listening_is_unreachable(closed_port: int, opened: Opener) -> None:
    with pytest.raises(SourceError) as caught:
        opened(f"http://127.0.0.1:{closed_port}/clip.mp4")

    assert caught.value.code == "source.unreachable"
    assert caught.value.retryable


def test_loopback_is_blocked_unless_a_setting_opens_it(media_server: MediaServer) -> None:
    url = media_server.serve("/clip.mp4", ranges(BODY))
    guarded = HttpSource(
        connect_timeout_s=1,
        stall_timeout_s=1,
        total_timeout_s=5,
        max_bytes=KIB,
        allowed_ports=(80, 443, media_server.port),
    )

    with pytest.raises(SourceError) as caught:
        guarded.open(url)

    assert caught.value.code == "source.address_blocked"
    assert "127.0.0.1" not in caught.value.message
    assert media_server.seen == []


@pytest.mark.parametrize("url", ["", "clip.mp4", "ftp://a/b", "http://a b/", "http://u:p@a/"])
def test_a_url_of_another_form_is_not_allowed(url: str) -> None:
    with pytest.raises(SourceError) as caught:
        source().open(url)

    assert caught.value.code == "source.url_not_allowed"


def test_a_redirect_that_is_not_followed_is_told_by_its_host(media_server: MediaServer) -> None:
    url = media_server.serve("/clip.mp4", redirect("ftp://me:canary@other.example:2121/x?canary"))

    with pytest.raises(SourceError) as caught:
        source().open(url)

    assert caught.value.code == "source.url_not_allowed"
    assert "ftp://other.example:2121." in caught.value.message
    assert "canary" not in str(caught.value)


def test_redirects_count_as_requests_and_later_ranges_go_to_the_end(
    media_server: MediaServer,
    opened: Opener,
) -> None:
    end = media_server.serve("/end.mp4", ranges(BODY))
    reader = opened(media_server.serve("/clip.mp4", redirect(end)))

    reader.read(200_000, 1)

    assert [seen.path for seen in media_server.seen] == ["/clip.mp4", "/end.mp4", "/end.mp4"]
    assert reader.requests == 3


def test_a_loop_of_redirects_ends(media_server: MediaServer) -> None:
    assert failure(media_server, redirect("/clip.mp4")) == "source.redirects"


def test_neither_label_nor_error_nor_fingerprint_carries_a_signature(
    media_server: MediaServer,
    opened: Opener,
) -> None:
    url = media_server.serve("/clip.mp4", ranges(BODY))
    signed = f"{url}?v=2&X-Amz-Signature=canary-secret#part"

    reader = opened(signed)
    media_server.serve("/clip.mp4", status(403))
    with pytest.raises(SourceError) as caught:
        opened(signed)

    assert reader.label == url
    assert "canary-secret" not in f"{reader.fingerprint}{caught.value}{caught.value.__cause__}"


def test_a_fingerprint_names_url_version_and_length(
    media_server: MediaServer, opened: Opener
) -> None:
    url = media_server.serve("/clip.mp4", ranges(BODY))
    first = opened(f"{url}?v=2&X-Amz-Signature=1").fingerprint

    assert first == opened(f"{url}?X-Amz-Signature=2&v=2").fingerprint
    assert first != opened(f"{url}?v=3").fingerprint
    media_server.serve("/clip.mp4", ranges(BODY, etag='"two"'))
    assert first != opened(f"{url}?v=2").fingerprint


@pytest.mark.parametrize("etag", [None, 'W/"weak"', "unquoted"])
def test_without_a_strong_validator_there_is_no_fingerprint(
    media_server: MediaServer, opened: Opener, etag: str | None
) -> None:
    reader = opened(media_server.serve("/clip.mp4", ranges(BODY, etag=etag)))

    assert reader.fingerprint is None


def test_where_a_link_is_shown_its_signature_is_not() -> None:
    link = Link("https://h.example/a?q-signature=canary", httpx2.Client(), Stopwatch(1), 3)

    assert "canary" not in repr(link)
