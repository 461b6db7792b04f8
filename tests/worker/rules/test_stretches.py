import time
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from worker.rules.stretches import Stretches

RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=15)


@given(RANGES)
def test_every_byte_counts_once(ranges: list[tuple[int, int]]) -> None:
    stretches, counted = Stretches(), set[int]()

    for begin, length in ranges:
        new = set(range(begin, begin + length)) - counted
        assert stretches.without(begin, begin + length) == len(new)
        stretches.add(begin, begin + length)
        counted |= new

        assert stretches.total_bytes == len(counted)


def test_many_scattered_reads_stay_quick() -> None:
    places = [at * 100 for at in range(20_000)]
    Random(1).shuffle(places)
    stretches = Stretches()
    began_s = time.process_time()

    for at in places:
        stretches.add(at, at + 50)

    assert stretches.total_bytes == 50 * len(places)
    assert time.process_time() - began_s < 1
