from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.worker.rules.test_boxes import box, index, track
from worker.errors import SourceError
from worker.rules.boxes import READ_AHEAD_BYTES, Span
from worker.rules.spans import HEAD_BYTES, MAX_STEP_BYTES, Spans

MEDIUM = Random(2).randbytes(6 * 1024 * 1024)


def opened(*, max_bytes: int = len(MEDIUM)) -> Spans:
    spans = Spans(len(MEDIUM), max_bytes=max_bytes)
    spans.add(0, MEDIUM[:HEAD_BYTES])
    return spans


def fetch(spans: Spans, offset: int, length: int) -> list[Span]:
    fetched = []
    while (span := spans.next_fetch(offset, length)) is not None:
        spans.add(span.offset, MEDIUM[span.offset : span.end])
        fetched.append(span)
    return fetched


def test_what_is_known_is_not_fetched() -> None:
    spans = opened()

    assert spans.next_fetch(0, HEAD_BYTES) is None
    assert spans.known(10, 5) == MEDIUM[10:15]
    assert spans.known(HEAD_BYTES - 1, 2) is None


def test_a_read_fetches_only_what_lacks() -> None:
    spans, fetched = opened(), []

    def fetch_from_medium(offset: int, length: int) -> bytes:
        fetched.append(Span(offset, length))
        return MEDIUM[offset : offset + length][:50_000]

    assert spans.read(0, 300_000, fetch_from_medium) == MEDIUM[:300_000]
    assert spans.read(100, 200_000, fetch_from_medium) == MEDIUM[100:200_100]
    assert spans.read(len(MEDIUM) - 5, 100, fetch_from_medium) == MEDIUM[-5:]
    assert spans.read(len(MEDIUM), 100, fetch_from_medium) == b""
    assert [span.offset for span in fetched] == [*range(HEAD_BYTES, 300_000, 50_000), 6291451]


def test_steps_double_up_to_a_mebibyte() -> None:
    spans = opened()

    steps = [span.length for at in range(0, len(MEDIUM), 8192) for span in fetch(spans, at, 8192)]

    kib = 1024
    assert steps[:5] == [128 * kib, 256 * kib, 512 * kib, MAX_STEP_BYTES, MAX_STEP_BYTES]


def test_a_fetch_stops_where_bytes_are_known() -> None:
    spans = opened()
    fetch(spans, 200_000, 1)

    assert spans.next_fetch(199_990, 100) == Span(199_990, 10)


def test_a_read_over_the_cap_is_refused_before_it_is_fetched() -> None:
    spans = opened(max_bytes=HEAD_BYTES + 100)

    with pytest.raises(SourceError) as caught:
        spans.next_fetch(1_000_000, 101)

    assert caught.value.code == "source.too_large"
    assert spans.next_fetch(1_000_000, 100) == Span(1_000_000, 100)


@given(
    st.lists(
        st.tuples(st.integers(0, len(MEDIUM) + 5), st.integers(0, 2 * MAX_STEP_BYTES)), max_size=15
    )
)
def test_any_order_of_reads_gives_the_medium_and_fetches_no_byte_twice(
    reads: list[tuple[int, int]],
) -> None:
    spans = opened()
    fetched_bytes = HEAD_BYTES

    for offset, length in reads:
        fetched_bytes += sum(span.length for span in fetch(spans, offset, length))
        assert (spans.known(offset, length) or b"") == MEDIUM[offset : offset + length]

    assert fetched_bytes <= len(MEDIUM)


def test_a_jump_close_before_a_wished_span_is_fetched_with_it() -> None:
    moov = index(track(b"vide", offset=3_000_000, length=500_000))
    medium = box(b"ftyp", bytes(8)) + moov
    medium += box(b"mdat", bytes(4_000_000))
    spans = Spans(len(medium), max_bytes=len(medium))
    spans.add(0, medium[:HEAD_BYTES])

    assert spans.next_fetch(2_999_000, 10) == Span(2_999_000, 501_000 + READ_AHEAD_BYTES)
    assert spans.next_fetch(2_000_000, 10) == Span(2_000_000, HEAD_BYTES)


def test_the_whole_is_there_once_nothing_lacks() -> None:
    spans = Spans(10, max_bytes=10)
    spans.add(0, b"0123")
    spans.add(7, b"789")

    assert spans.whole() is None
    spans.add(4, b"456")
    assert b"".join(spans.whole() or []) == b"0123456789"


def kept_bytes(spans: Spans) -> int:
    """How much of the medium is known, by pages of 4 KiB."""
    return sum(len(spans.known(at, 4096) or b"") for at in reversed(range(0, len(MEDIUM), 4096)))


def from_medium(offset: int, length: int) -> bytes:
    return MEDIUM[offset : offset + length]


MIB = 1024 * 1024


@given(
    st.lists(
        st.tuples(st.integers(0, len(MEDIUM) + 5), st.integers(0, 2 * MAX_STEP_BYTES)), max_size=15
    )
)
@example([(0, MIB + HEAD_BYTES + 4096)])
def test_a_bound_on_what_is_kept_changes_no_byte(reads: list[tuple[int, int]]) -> None:
    spans = Spans(len(MEDIUM), max_bytes=100 * MIB, keep_bytes=MIB)

    for offset, length in reads:
        assert spans.read(offset, length, from_medium) == MEDIUM[offset : offset + length]

    assert kept_bytes(spans) <= MIB + HEAD_BYTES


def test_the_spans_that_were_read_longest_ago_are_let_go() -> None:
    spans = Spans(len(MEDIUM), max_bytes=100 * MIB, keep_bytes=HEAD_BYTES * 3)
    spans.add(0, MEDIUM[:HEAD_BYTES])
    for at in (1 * MIB, 2 * MIB):
        spans.read(at, 10, from_medium)
    spans.read(1 * MIB, 10, from_medium)

    spans.read(3 * MIB, 10, from_medium)

    known = [at for at in range(4) if spans.known(at * MIB, 10) is not None]
    assert known == [0, 1, 3]


def test_one_read_may_be_longer_than_what_is_kept() -> None:
    spans = Spans(len(MEDIUM), max_bytes=100 * MIB, keep_bytes=MIB)

    assert spans.read(0, len(MEDIUM), from_medium) == MEDIUM


def test_what_is_fetched_again_counts_against_the_cap_again() -> None:
    spans = Spans(len(MEDIUM), max_bytes=HEAD_BYTES * 3, keep_bytes=0)
    for at in (1 * MIB, 2 * MIB, 1 * MIB):
        spans.read(at, HEAD_BYTES, from_medium)

    with pytest.raises(SourceError) as caught:
        spans.read(2 * MIB, 1, from_medium)

    assert caught.value.code == "source.too_large"


def test_an_index_that_comes_in_parts_is_made_out_within_the_bound() -> None:
    """Its last part tells where the first sample is, although the medium began long before."""
    moov = index(track(b"vide", offset=100_000, length=400_000))
    medium = box(b"ftyp", bytes(8)) + box(b"mdat", bytes(3 * MIB)) + moov
    spans = Spans(len(medium), max_bytes=100 * MIB, keep_bytes=MIB)
    spans.add(0, medium[:HEAD_BYTES])
    end = len(medium) - len(moov)
    for at in range(0, end, HEAD_BYTES):
        spans.read(at, HEAD_BYTES, lambda offset, length: medium[offset : offset + length])
    spans.read(end, len(moov), lambda offset, length: medium[offset : offset + length])

    assert spans.next_fetch(100_000, 10) == Span(100_000, 400_000 + READ_AHEAD_BYTES)
