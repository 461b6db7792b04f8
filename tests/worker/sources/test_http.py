import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.http_server import (
    Behaviour,
    Handler,
    MediaServer,
    endless,
    in_turn,
    ranges,
    saying,
    status,
    whole,
)
from tests.worker.sources.reading import BODY, KIB, Opener, failure, read_all, source
from worker.errors import SourceError


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


def _shorter_ranges(handler: Handler) -> None:
    """A server that sends at most 10 000 bytes of what was asked, as it may."""
    first = int(handler.headers["Range"][6:].partition("-")[0])
    last = min(first + 9_999, len(BODY) - 1)
    place = f"bytes {first}-{last}/{len(BODY)}"
    handler.answer(206, BODY[first : last + 1], Content_Range=place)


def test_a_server_may_send_less_than_was_asked(media_server: MediaServer, opened: Opener) -> None:
    reader = opened(media_server.serve("/clip.mp4", _shorter_ranges))

    assert reader.read(5_000, 50_000) == BODY[5_000:55_000]


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
