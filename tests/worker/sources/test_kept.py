import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import StorageError
from worker.sources.kept import Kept

DATA = Random(8).randbytes(3 * 1024 * 1024 + 5)


@given(
    bound=st.sampled_from([None, 0, 1, 70_000, len(DATA), len(DATA) + 1]),
    reads=st.lists(
        st.tuples(st.integers(0, len(DATA) + 5), st.integers(0, len(DATA))), min_size=1, max_size=6
    ),
)
def test_what_came_is_read_wherever_it_is_kept(
    bound: int | None, reads: list[tuple[int, int]]
) -> None:
    with closing(Kept(bound)) as kept:
        for at in range(0, len(DATA), 500_000):
            kept.add(DATA[at : at + 500_000])

        assert [kept.read(at, n) for at, n in reads] == [DATA[at : at + n] for at, n in reads]
        assert b"".join(kept.pieces()) == DATA
        assert kept.size_bytes == len(DATA)


def test_reading_and_adding_take_turns() -> None:
    with closing(Kept(4)) as kept:
        kept.add(b"012345")
        assert kept.read(2, 4) == b"2345"
        kept.add(b"678")
        assert kept.read(3, 100) == b"345678"


def open_files() -> set[str]:
    links = Path("/proc/self/fd").iterdir()
    return {str(link.readlink()) for link in links if link.is_symlink()}


def test_the_file_has_no_name_and_is_there_only_when_needed() -> None:
    before = open_files()
    kept = Kept(4)
    kept.add(b"0123")
    assert open_files() == before

    kept.add(b"4")

    (file,) = open_files() - before
    assert file.endswith("(deleted)")
    kept.close()
    assert open_files() == before


@contextmanager
def no_file_larger_than(size_bytes: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_takes_no_more_is_an_error_of_storage() -> None:
    with closing(Kept(4)) as kept, no_file_larger_than(1000), pytest.raises(StorageError) as caught:
        kept.add(bytes(5000))

    assert caught.value.code.startswith("storage.")
