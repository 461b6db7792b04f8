import time
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from worker.rules.ranges import Ranges

READS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=15)


@given(READS)
def test_every_byte_counts_once(reads: list[tuple[int, int]]) -> None:
    ranges, counted = Ranges(), set[int]()

    for begin, length in reads:
        new = set(range(begin, begin + length)) - counted
        assert ranges.without(begin, begin + length) == len(new)
        ranges.add(begin, begin + length)
        counted |= new

        assert ranges.total_bytes == len(counted)


def test_many_scattered_reads_stay_quick() -> None:
    places = [at * 100 for at in range(20_000)]
    Random(1).shuffle(places)
    ranges = Ranges()
    began_s = time.process_time()

    for at in places:
        ranges.add(at, at + 50)

    assert ranges.total_bytes == 50 * len(places)
    assert time.process_time() - began_s < 1
