import os
import time
from collections.abc import Iterator

import pytest

from worker.errors import SourceError
from worker.sources.stdin import StdinSource


class Pipe:
    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()

    def source(
        self, *, max_bytes: int = 1000, stall_timeout_s: float = 2, total_timeout_s: float = 5
    ) -> StdinSource:
        return StdinSource(
            max_bytes=max_bytes,
            stall_timeout_s=stall_timeout_s,
            total_timeout_s=total_timeout_s,
            descriptor=self.reading,
        )

    def end(self) -> None:
        os.close(self.writing)
        self.writing = -1


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    for descriptor in (pipe.reading, pipe.writing):
        if descriptor >= 0:
            os.close(descriptor)


def test_only_as_much_is_read_as_is_needed(pipe: Pipe) -> None:
    os.write(pipe.writing, b"first")
    reader = pipe.source().open()

    assert reader.read(0, 5) == b"first"
    assert reader.size_bytes is None

    os.write(pipe.writing, b"second")
    pipe.end()
    assert reader.read(3, 100) == b"stsecond"
    assert reader.size_bytes == 11


def test_a_writer_that_stalls_is_left(pipe: Pipe) -> None:
    started_s = time.monotonic()

    with pytest.raises(SourceError) as caught:
        pipe.source(stall_timeout_s=0.1).open()

    assert caught.value.code == "source.timeout"
    assert time.monotonic() - started_s < 1


def test_time_between_reads_is_not_counted(pipe: Pipe) -> None:
    os.write(pipe.writing, b"first")
    reader = pipe.source(total_timeout_s=0.1).open()
    time.sleep(0.2)
    os.write(pipe.writing, b"second")

    assert reader.read(5, 6) == b"second"


@pytest.mark.parametrize(("length", "fits"), [(1000, True), (1001, False)])
def test_a_medium_of_exactly_the_cap_fits(pipe: Pipe, length: int, fits: bool) -> None:
    os.write(pipe.writing, bytes(length))
    pipe.end()
    reader = pipe.source().open()

    if fits:
        assert len(reader.read(0, 5000)) == 1000
        return
    with pytest.raises(SourceError) as caught:
        reader.read(0, 5000)
    assert caught.value.code == "source.too_large"
    assert reader.bytes_read == 1001


def test_a_closed_standard_input_is_unreadable(pipe: Pipe) -> None:
    source = pipe.source()
    os.close(pipe.reading)
    pipe.reading = -1

    with pytest.raises(SourceError) as caught:
        source.open()

    assert caught.value.code == "source.unreadable"


def test_a_terminal_is_no_medium() -> None:
    leader, terminal = os.openpty()

    with pytest.raises(SourceError) as caught:
        StdinSource(max_bytes=10, stall_timeout_s=1, total_timeout_s=1, descriptor=terminal).open()

    os.close(leader)
    os.close(terminal)
    assert caught.value.code == "source.unreadable"
