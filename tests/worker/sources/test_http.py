import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.http_server import (
    Behaviour,
    Handler,
    MediaServer,
    dripping,
    endless,
    in_turn,
    ranges,
    redirect,
    saying,
    silent,
    status,
    whole,
)
from worker.errors import SourceError
from worker.ports import Reader
from worker.sources.http import HttpSource

KIB = 1024
BODY = Random(1).randbytes(3 * 1024 * KIB + 17)


def source(
    *,
    max_bytes: int = 8 * 1024 * KIB,
    stall_timeout_s: float = 1,
    total_timeout_s: float = 5,
    allow_private_addresses: bool = True,
) -> HttpSource:
    return HttpSource(
        connect_timeout_s=1,
        stall_timeout_s=stall_timeout_s,
        total_timeout_s=total_timeout_s,
        max_bytes=max_bytes,
        allow_private_addresses=allow_private_addresses,
    )


class Opener:
    """Opens URLs, and closes them all when the test is over."""

    def __init__(self, closing: ExitStack) -> None:
        self._closing = closing

    def __call__(self, url: str, opens: HttpSource | None = None) -> Reader:
        reader = (opens or source()).open(url)
        self._closing.callback(reader.close)
        return reader


@pytest.fixture
def opened() -> Iterator[Opener]:
    with ExitStack() as closing:
        yield Opener(closing)


def read_all(reader: Reader, length: int = 32 * KIB) -> bytes:
    data = b""
    while piece := reader.read(len(data), length):
        data += piece
    return data


def failure(server: MediaServer, behaviour: Behaviour, opens: HttpSource | None = None) -> str:
    url = server.serve("/clip.mp4", behaviour)
    with pytest.raises(SourceError) as caught, closing((opens or source()).open(url)) as reader:
        read_all(reader)
    return caught.value.code


def test_reading_forward_fetches_growing_ranges_on_one_connection(
    media_server: MediaServer,
    opened: Opener,
) -> None:
    reader = opened(media_server.serve("/clip.mp4", ranges(BODY)))

    assert read_all(reader) == BODY
    assert [seen.range for seen in media_server.seen[:3]] == [
        "bytes=0-65535",
        "bytes=65536-196607",
        "bytes=196608-458751",
    ]
    assert len({seen.connection for seen in media_server.seen}) == 1
    assert reader.requests == len(media_server.seen) == 7
    assert reader.bytes_read == reader.size_bytes == len(BODY)


def test_bytes_that_were_fetched_cost_nothing_again(
    media_server: MediaServer, opened: Opener
) -> None:
    reader = opened(media_server.serve("/clip.mp4", ranges(BODY)))

    for _ in range(3):
        assert reader.read(10, 60 * KIB) == BODY[10 : 10 + 60 * KIB]

    assert reader.requests == 1
    assert reader.bytes_read == 64 * KIB


def test_a_jump_starts_small_again(media_server: MediaServer, opened: Opener) -> None:
    reader = opened(media_server.serve("/clip.mp4", ranges(BODY)))

    assert reader.read(2_000_000, 100) == BODY[2_000_000:2_000_100]

    assert media_server.seen[-1].range == "bytes=2000000-2065535"


def test_a_range_is_asked_of_the_same_version(media_server: MediaServer, opened: Opener) -> None:
    reader = opened(media_server.serve("/clip.mp4", ranges(BODY)))
    reader.read(100_000, 1)

    assert media_server.seen[-1].headers["if-range"] == '"one"'
    assert media_server.seen[-1].headers["accept-encoding"] == "identity"


def test_a_server_without_ranges_is_read_forward_and_kept(
    media_server: MediaServer, opened: Opener
) -> None:
    reader = opened(media_server.serve("/clip.mp4", whole(BODY)))

    assert reader.read(100_000, 5) == BODY[100_000:100_005]
    assert reader.bytes_read < 300_000
    assert reader.read(0, 5) == BODY[:5]
    assert read_all(reader) == BODY
    assert reader.requests == 1


def test_a_large_medium_is_fine_as_long_as_little_of_it_is_read(
    media_server: MediaServer,
    opened: Opener,
) -> None:
    reader = opened(media_server.serve("/clip.mp4", ranges(BODY)), source(max_bytes=256 * KIB))

    assert reader.read(3_000_000, 10) == BODY[3_000_000:3_000_010]
    assert reader.size_bytes == len(BODY)


@pytest.mark.parametrize("behaviour", [ranges(BODY), whole(BODY), endless()], ids=str)
def test_reading_ends_at_the_cap(
    media_server: MediaServer, opened: Opener, behaviour: Behaviour
) -> None:
    cap = 300 * KIB
    reader = opened(media_server.serve("/clip.mp4", behaviour), source(max_bytes=cap))

    with pytest.raises(SourceError) as caught:
        read_all(reader)

    assert caught.value.code == "source.too_large"
    assert reader.bytes_read <= cap + 64 * KIB


def test_a_body_of_exactly_the_cap_is_read(media_server: MediaServer, opened: Opener) -> None:
    for behaviour in (ranges(BODY), whole(BODY)):
        reader = opened(media_server.serve("/clip.mp4", behaviour), source(max_bytes=len(BODY)))

        assert read_all(reader) == BODY


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


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        pytest.param(ranges(b""), "source.empty", id="empty, 416"),
        pytest.param(whole(b""), "source.empty", id="empty, 200"),
        pytest.param(
            saying(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"),
            "source.truncated",
            id="short body",
        ),
        pytest.param(
            saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort"),
            "source.truncated",
            id="short chunks",
        ),
        pytest.param(
            saying(
                b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/10\r\n"
                b"Content-Length: 5\r\n\r\nshort"
            ),
            "source.truncated",
            id="shorter than its range",
        ),
        pytest.param(
            saying(
                b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/10\r\n"
                b"Content-Length: 5\r\n\r\nlonger"
            ),
            "source.rejected",
            id="longer than its range",
        ),
        pytest.param(
            saying(
                b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n"
                b"Content-Type: multipart/byteranges; boundary=x\r\n\r\nx"
            ),
            "source.rejected",
            id="multipart",
        ),
        pytest.param(
            saying(
                b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/10\r\n"
                b"Content-Length: 5\r\n\r\nother"
            ),
            "source.rejected",
            id="another range",
        ),
        pytest.param(
            saying(
                b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-99999/100000\r\n"
                b"Content-Length: 100000\r\n\r\n" + bytes(100_000)
            ),
            "source.rejected",
            id="more than asked",
        ),
        pytest.param(
            whole(b"\x1f\x8b", Content_Encoding="gzip"), "source.rejected", id="compressed"
        ),
        pytest.param(saying(b"220 smtp ready\r\n"), "source.unreachable", id="not HTTP"),
        pytest.param(saying(b""), "source.unreachable", id="nothing"),
        pytest.param(
            saying(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 2_000_000), "source.unreachable", id="headers"
        ),
    ],
)
def test_a_lying_server_is_found_out(
    media_server: MediaServer, behaviour: Behaviour, expected: str
) -> None:
    assert failure(media_server, behaviour) == expected


@pytest.mark.parametrize(
    "later",
    [
        pytest.param(ranges(BODY, etag='"two"'), id="other version"),
        pytest.param(ranges(BODY[:-1], etag='"one"'), id="other length"),
        pytest.param(ranges(BODY, etag=None), id="no tag any more"),
        pytest.param(whole(BODY), id="no ranges any more"),
        pytest.param(status(416), id="range gone"),
    ],
)
def test_a_medium_that_changes_while_it_is_read_is_told(
    media_server: MediaServer, later: Behaviour
) -> None:
    assert failure(media_server, in_turn(ranges(BODY), later)) == "source.changed"


def test_another_length_is_told_by_the_first_range_that_has_it(
    media_server: MediaServer, opened: Opener
) -> None:
    versions = in_turn(ranges(BODY), ranges(BODY + b"more"))
    reader = opened(media_server.serve("/clip.mp4", versions))

    with pytest.raises(SourceError) as caught:
        reader.read(100_000, 10)

    assert caught.value.code == "source.changed"


def test_a_weak_tag_that_changes_is_told_too(media_server: MediaServer) -> None:
    versions = in_turn(ranges(BODY, etag='W/"one"'), ranges(BODY, etag='W/"two"'))

    assert failure(media_server, versions) == "source.changed"


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


def _shorter_ranges(handler: Handler) -> None:
    """A server that sends at most 10 000 bytes of what was asked, as it may."""
    first = int(handler.headers["Range"][6:].partition("-")[0])
    last = min(first + 9_999, len(BODY) - 1)
    place = f"bytes {first}-{last}/{len(BODY)}"
    handler.answer(206, BODY[first : last + 1], Content_Range=place)


def test_a_server_may_send_less_than_was_asked(media_server: MediaServer, opened: Opener) -> None:
    reader = opened(media_server.serve("/clip.mp4", _shorter_ranges))

    assert reader.read(5_000, 50_000) == BODY[5_000:55_000]


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


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    reads=st.lists(
        st.tuples(st.integers(0, len(BODY) + 1000), st.integers(1, 400 * KIB)), max_size=12
    ),
    ranged=st.booleans(),
)
def test_reading_a_url_is_like_reading_a_file(
    media_server: MediaServer, opened: Opener, reads: list[tuple[int, int]], ranged: bool
) -> None:
    url = media_server.serve("/clip.mp4", ranges(BODY) if ranged else whole(BODY))
    reader = opened(url)

    for offset, length in reads:
        assert reader.read(offset, length) == BODY[offset : offset + length]

    reader.close()
    assert reader.bytes_read <= len(BODY)
