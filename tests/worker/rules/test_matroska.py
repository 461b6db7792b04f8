"""Where a Matroska file says that it ends."""

import pytest

from worker.rules.matroska import end_byte

EBML = bytes.fromhex("1A45DFA3") + b"\x83abc"
SEGMENT = bytes.fromhex("18538067")


@pytest.mark.parametrize(
    ("head", "end"),
    [
        pytest.param(EBML + SEGMENT + b"\x85", 13 + 5, id="one-byte"),
        pytest.param(EBML + SEGMENT + b"\x40\x05", 14 + 5, id="two-bytes"),
        pytest.param(EBML + SEGMENT + b"\x01" + (1 << 40).to_bytes(7), 20 + (1 << 40), id="eight"),
        pytest.param(EBML + SEGMENT + b"\x01" + b"\xff" * 7, None, id="unknown"),
        pytest.param(EBML + SEGMENT + b"\xff", None, id="unknown-in-one-byte"),
        pytest.param(EBML + SEGMENT + b"\x01\x00", None, id="cut-in-the-size"),
        pytest.param(EBML + SEGMENT, None, id="no-size"),
        pytest.param(EBML + SEGMENT + b"\x00" * 9, None, id="no-such-size"),
        pytest.param(EBML + b"\xec\x81\x00", None, id="another-element"),
        pytest.param(b"\x00\x00\x00\x18ftypisom", None, id="another-format"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_the_end_is_behind_the_segment(head: bytes, end: int | None) -> None:
    assert end_byte(head) == end
