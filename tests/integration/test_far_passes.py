"""Passes over films at URLs: how often a server is asked, and for how much."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import NamedTuple

import pytest

from tests.barred_video import Numbered, video
from tests.http_server import MediaServer, ranges
from worker.contracts.passes import Pick, Wanted
from worker.sandbox.decoder import SandboxedDecoder
from worker.sources.http import HttpSource

MIB = 1 << 20
# Six groups of pictures of two seconds and over half a MiB, with pictures shown out of order.
FILM = Numbered(
    frames=300,
    gop=50,
    size=(640, 360),
    options=(("bf", "3"), ("crf", "22")),
    muxing=(("movflags", "faststart"),),
)
LAST_GROUP_MS = 10_000
# Without an index of the whole nothing is told ahead.
FRAGMENTS = replace(FILM, muxing=(("movflags", "frag_keyframe+dash+global_sidx"),))


class Asked(NamedTuple):
    """What a pass took of a server, and when its frames are shown."""

    requests: int
    read_bytes: int
    shown_ms: list[int | None]


@pytest.fixture(scope="module")
def decoder() -> Iterator[SandboxedDecoder]:
    decoder = SandboxedDecoder(frame_timeout_s=20)
    yield decoder
    decoder.close()


def passed(
    decoder: SandboxedDecoder, server: MediaServer, wanted: list[Wanted], *, film: Numbered = FILM
) -> Asked:
    """One pass over the film, which the server has."""
    source = HttpSource(
        connect_timeout_s=2,
        stall_timeout_s=5,
        total_timeout_s=60,
        max_bytes=64 * MIB,
        allow_private_addresses=True,
    )
    url = server.serve("/film.mp4", ranges(video(film)))
    with closing(source.open(url)) as reader:
        medium = decoder.open(reader, needed_px=None)
        medium.timeline()
        before, read_bytes = len(server.seen), reader.bytes_read
        frames = list(medium.frames(wanted, on_pass=lambda _: None))
        medium.close()
        return Asked(
            len(server.seen) - before,
            reader.bytes_read - read_bytes,
            [None if frame is None else frame.pts_ms for frame in frames],
        )


@pytest.mark.parametrize("into_ms", [40, 1000, 1360])
def test_a_frame_is_one_request_however_far_from_its_key_frame(
    into_ms: int, decoder: SandboxedDecoder, media_server: MediaServer
) -> None:
    wanted = [Wanted(at_ms + into_ms) for at_ms in range(0, LAST_GROUP_MS, 4000)]

    asked = passed(decoder, media_server, wanted)

    assert asked.shown_ms == [one.offset_ms for one in wanted]
    assert asked.requests <= len(wanted) + 1
    assert asked.read_bytes < len(video(FILM)) / 2


def test_frames_close_to_each_other_share_their_requests(
    decoder: SandboxedDecoder, media_server: MediaServer
) -> None:
    asked = passed(decoder, media_server, [Wanted(at_ms) for at_ms in range(0, 12_000, 200)])

    assert asked.shown_ms == list(range(0, 12_000, 200))
    assert asked.requests <= 1 + len(video(FILM)) / MIB
    assert asked.read_bytes <= len(video(FILM))


@pytest.mark.parametrize("pick", ["exact", "nearest_key"])
def test_key_frames_are_a_request_each(
    pick: Pick, decoder: SandboxedDecoder, media_server: MediaServer
) -> None:
    wanted = [Wanted(at_ms, pick) for at_ms in range(0, 12_000, 2000)]

    asked = passed(decoder, media_server, wanted)

    assert asked.shown_ms == [one.offset_ms for one in wanted]
    assert asked.requests <= len(wanted) + 1


def test_fragments_give_the_same_frames(
    decoder: SandboxedDecoder, media_server: MediaServer
) -> None:
    wanted = [Wanted(1360), Wanted(5360), Wanted(5400, "nearest_key"), Wanted(9360)]

    asked = passed(decoder, media_server, wanted, film=FRAGMENTS)

    assert asked.shown_ms == [1360, 5360, 6000, 9360]
    assert asked.read_bytes <= len(video(FRAGMENTS))
