import json
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.readers import BytesReader
from worker.errors import SourceError
from worker.sandbox.channel import Channel
from worker.sandbox.messages import MAX_SPANS, SAID, SPANS, SoonTold
from worker.sandbox.readers import KEPT_BYTES, DescriptorReader, HeadReader, ParentReader


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    path = tmp_path / "medium"
    path.write_bytes(bytes(range(100)))
    descriptor = os.open(path, os.O_RDWR)
    yield descriptor
    os.close(descriptor)


def test_a_local_file_is_read_by_range_and_counted(file: int) -> None:
    reader = DescriptorReader(file, None, max_bytes=1000)

    assert reader.size_bytes == 100
    assert reader.read(10, 5) == bytes(range(10, 15))
    assert reader.read(98, 50) == bytes([98, 99])
    assert reader.read(200, 5) == b""
    assert reader.bytes_read == 7


def test_no_more_than_the_cap_is_read(file: int) -> None:
    reader = DescriptorReader(file, 100, max_bytes=60)
    reader.read(0, 60)
    assert reader.read(20, 40) == bytes(range(20, 60))

    with pytest.raises(SourceError) as caught:
        reader.read(60, 1)

    assert caught.value.code == "source.too_large"


RANGES = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 30)), max_size=12)


@given(RANGES)
def test_every_byte_counts_once(ranges: list[tuple[int, int]]) -> None:
    with TemporaryFile() as file:
        file.write(bytes(100))
        file.flush()
        reader = DescriptorReader(file.fileno(), 100, max_bytes=100)

        for offset, length in ranges:
            reader.read(offset, length)

    read = {at for offset, length in ranges for at in range(offset, min(offset + length, 100))}
    assert reader.bytes_read == len(read)


def test_a_file_that_shrinks_has_changed(file: int) -> None:
    reader = DescriptorReader(file, 100, max_bytes=1000)
    os.ftruncate(file, 50)

    with pytest.raises(SourceError) as caught:
        reader.read(40, 20)

    assert caught.value.code == "source.changed"


DATA = bytes(i % 251 for i in range(KEPT_BYTES + 5000))


@given(st.lists(st.tuples(st.integers(0, len(DATA) + 9), st.integers(0, len(DATA))), max_size=5))
def test_a_kept_head_changes_no_byte(ranges: list[tuple[int, int]]) -> None:
    for data in (DATA, DATA[:1000]):
        reader = HeadReader(BytesReader(data))

        assert [reader.read(at, n) for at, n in ranges] == [data[at : at + n] for at, n in ranges]


def test_a_head_is_read_once() -> None:
    inner = BytesReader(DATA)
    reader = HeadReader(inner)

    for _ in range(3):
        reader.read(0, 4096)
        reader.read(100, 60_000)

    assert (inner.requests, reader.requests, reader.bytes_read) == (1, 1, KEPT_BYTES)


@pytest.mark.parametrize("count", [0, 3, 5000, MAX_SPANS], ids=str)
def test_the_parent_is_told_what_will_be_read_soon(count: int) -> None:
    spans = [(number * 10**9, 10**6 + number) for number in range(count)]
    ours, theirs = socket.socketpair()
    with ours, theirs, ThreadPoolExecutor() as pool:
        told = pool.submit(HeadReader(ParentReader(Channel(ours), None)).soon, spans)
        message = Channel(theirs).receive()
        told.result()

    assert isinstance(SAID.validate_json(message.header, strict=True), SoonTold)
    assert list(SPANS.validate_json(message.payload, strict=True)) == spans


def test_the_parent_is_told_no_more_than_it_takes() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ThreadPoolExecutor() as pool:
        spans = [(number, 1) for number in range(MAX_SPANS + 5)]
        told = pool.submit(ParentReader(Channel(ours), None).soon, spans)
        message = Channel(theirs).receive()
        told.result()

    assert len(json.loads(message.payload)) == MAX_SPANS
