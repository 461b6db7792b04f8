import threading
import time
from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.http_server import Behaviour, Handler, MediaServer, ranges
from tests.readers import BytesReader
from worker.errors import SourceError
from worker.ports import Reader
from worker.sandbox.ahead import MAX_AHEAD_BYTES, PIECE_BYTES, AheadReader
from worker.sources.http import HttpSource

KIB = 1024
MIB = 1024 * KIB
BODY = Random(5).randbytes(20 * MIB)
SMALL = BODY[: 300 * KIB]


class Watched(BytesReader):
    """A reader with requests that tells what was read of it, and whether two threads ever did."""

    def __init__(self, data: bytes = BODY, *, delay_s: float = 0) -> None:
        super().__init__(data, delay_s=delay_s)
        self.requests = 1
        self.reads: list[tuple[int, int]] = []
        self.failing: SourceError | None = None
        self.was_shared = False
        self._turn = threading.Lock()

    def read(self, offset: int, length: int) -> bytes:
        self.was_shared |= not self._turn.acquire(blocking=False)
        try:
            self.reads.append((offset, length))
            if self.failing is not None:
                raise self.failing
            return super().read(offset, length)
        finally:
            self._turn.release()


def settled(reader: Watched) -> list[tuple[int, int]]:
    """What was read once nothing more is."""
    seen = -1
    while seen != len(reader.reads):
        seen = len(reader.reads)
        time.sleep(0.05)
    return list(reader.reads)


@pytest.fixture
def inner() -> Watched:
    return Watched()


@pytest.fixture
def reader(inner: Watched) -> Iterator[AheadReader]:
    with closing(AheadReader(inner)) as made:
        yield made


def test_what_is_told_is_fetched_once_and_in_its_order(inner: Watched, reader: AheadReader) -> None:
    spans = [(5 * MIB, 100), (0, 200), (9 * MIB, 300)]

    reader.soon(spans)

    assert settled(inner) == spans
    assert [reader.read(*span) for span in spans] == [BODY[at : at + n] for at, n in spans]
    assert inner.reads == spans


def test_neighbours_are_fetched_together_and_long_ones_in_pieces(
    inner: Watched, reader: AheadReader
) -> None:
    reader.soon([(0, 100 * KIB), (100 * KIB, 50 * KIB), (180 * KIB, 10), (5 * MIB, 2 * MIB + 1)])

    assert settled(inner) == [
        (0, 180 * KIB + 10),
        (5 * MIB, PIECE_BYTES),
        (6 * MIB, PIECE_BYTES),
        (7 * MIB, 1),
    ]


def test_no_more_than_a_bound_is_fetched_ahead(inner: Watched, reader: AheadReader) -> None:
    reader.soon([(0, len(BODY))])
    assert sum(length for _, length in settled(inner)) == MAX_AHEAD_BYTES

    assert reader.read(3 * MIB, 10) == BODY[3 * MIB :][:10]

    assert sum(length for _, length in settled(inner)) == MAX_AHEAD_BYTES + 3 * MIB


def test_a_read_that_nobody_foretold_waits_for_one_piece_at_most() -> None:
    inner = Watched(delay_s=0.1)
    with closing(AheadReader(inner)) as reader:
        reader.soon([(at * MIB, 10) for at in range(5)])
        began_s = time.monotonic()

        assert reader.read(19 * MIB, 10) == BODY[19 * MIB :][:10]

        assert time.monotonic() - began_s < 0.35
        assert not inner.was_shared


def test_what_was_told_is_passed_when_something_behind_it_is_read(
    inner: Watched, reader: AheadReader
) -> None:
    reader.soon([(at * 2 * MIB, PIECE_BYTES) for at in range(10)])
    settled(inner)

    assert reader.read(18 * MIB, 5) == BODY[18 * MIB :][:5]

    assert settled(inner)[8:] == [(18 * MIB, PIECE_BYTES)]
    assert reader.read(0, 5) == BODY[:5]
    assert inner.reads[-1] == (0, 5)


def test_telling_again_fetches_nothing_twice(inner: Watched, reader: AheadReader) -> None:
    reader.soon([(0, 100), (MIB, 100), (2 * MIB, 100)])
    settled(inner)

    reader.soon([(MIB, 100), (2 * MIB, 100), (3 * MIB, 100)])

    assert settled(inner) == [(0, 100), (MIB, 100), (2 * MIB, 100), (3 * MIB, 100)]


def test_an_error_is_raised_by_the_read_that_needs_the_bytes(
    inner: Watched, reader: AheadReader
) -> None:
    inner.failing = SourceError("source.timeout")
    reader.soon([(MIB, 100), (2 * MIB, 100)])
    assert settled(inner) == [(MIB, 100)]
    inner.failing = None

    assert reader.read(0, 10) == BODY[:10]
    with pytest.raises(SourceError) as caught:
        reader.read(MIB, 10)

    assert caught.value.code == "source.timeout"


def test_files_and_pipes_are_not_fetched_ahead(inner: Watched, reader: AheadReader) -> None:
    inner.requests = 0

    reader.soon([(0, 100)])

    assert settled(inner) == []


def test_nothing_is_fetched_after_the_end() -> None:
    inner = Watched(delay_s=0.05)
    reader = AheadReader(inner)
    reader.soon([(at * MIB, 10) for at in range(8)])

    reader.close()

    fetched = len(inner.reads)
    time.sleep(0.15)
    assert len(inner.reads) == fetched <= 2
    reader.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


SPANS = st.lists(st.tuples(st.integers(0, len(SMALL) + 9), st.integers(1, 200 * KIB)), max_size=6)


@settings(deadline=None)
@given(told=st.lists(SPANS, min_size=1, max_size=3), reads=SPANS)
def test_no_telling_changes_a_byte(
    told: list[list[tuple[int, int]]], reads: list[tuple[int, int]]
) -> None:
    inner = Watched(SMALL)
    with closing(AheadReader(inner)) as reader:
        for spans in told:
            reader.soon(spans)
            for at, length in reads:
                assert reader.read(at, length) == SMALL[at : at + length]
    assert not inner.was_shared


def slow(behaviour: Behaviour, delay_s: float) -> Behaviour:
    def answer(handler: Handler) -> None:
        time.sleep(delay_s)
        behaviour(handler)

    return answer


@pytest.fixture
def distant(media_server: MediaServer) -> Iterator[Reader]:
    """A medium at the other end of a line on which each request takes 20 ms."""
    url = media_server.serve("/clip.mp4", slow(ranges(BODY), 0.02))
    source = HttpSource(
        connect_timeout_s=2,
        stall_timeout_s=5,
        total_timeout_s=60,
        max_bytes=2 * len(BODY),
        allow_private_addresses=True,
    )
    with closing(source.open(url)) as reader:
        yield reader


def test_fetching_and_working_take_no_longer_than_the_longer_of_them(distant: Reader) -> None:
    spans = [(at * 500 * KIB, 300 * KIB) for at in range(1, 31)]
    work_s = 0.03
    with closing(AheadReader(distant)) as reader:
        reader.soon(spans)
        began_s = time.monotonic()

        for at, length in spans:
            assert reader.read(at, length) == BODY[at : at + length]
            time.sleep(work_s)

        took_s = time.monotonic() - began_s
    assert took_s < len(spans) * (work_s + 0.012)
