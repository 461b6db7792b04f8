"""One byte range of an object, as RFC 9110 §14 reads the header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.ranges import OutsideError, Range, wanted


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(None, None, id="no-header"),
        pytest.param("bytes=0-0", Range(0, 1), id="first-byte"),
        pytest.param("bytes=2-", Range(2, 10), id="open-end"),
        pytest.param("bytes=-3", Range(7, 10), id="last-three"),
        pytest.param("bytes=-99", Range(0, 10), id="more-than-there-is"),
        pytest.param("bytes=5-99", Range(5, 10), id="past-the-end"),
        pytest.param("bytes=0-9", Range(0, 10), id="all-of-it"),
        pytest.param("bytes=5-4", None, id="backwards"),
        pytest.param("bytes=0-1,3-4", None, id="several"),
        pytest.param("lines=0-1", None, id="another-unit"),
        pytest.param("bytes=a-b", None, id="no-numbers"),
    ],
)
def test_the_range_a_header_asks_of_ten_bytes(header: str | None, expected: Range | None) -> None:
    assert wanted(header, 10) == expected


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0)])
def test_a_range_without_a_byte_is_outside(header: str, size: int) -> None:
    with pytest.raises(OutsideError):
        wanted(header, size)


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(1, 1000))
def test_a_range_lies_within_the_object(first: int, length: int, size: int) -> None:
    try:
        part = wanted(f"bytes={first}-{first + length}", size)
    except OutsideError:
        assert first >= size
    else:
        assert part == Range(first, min(first + length + 1, size))
