"""Where a Matroska file says that it ends, read from its head."""

from typing import Final

_EBML: Final = bytes.fromhex("1A45DFA3")
_SEGMENT: Final = bytes.fromhex("18538067")


def end_byte(head: bytes) -> int | None:
    """Behind which byte the Segment ends (RFC 9559, 5.1; sizes as in RFC 8794, 4).

    None where the head is none of Matroska, or where the size is not known, as of live streams.
    """
    if not head.startswith(_EBML):
        return None
    at = _behind(head, len(_EBML))
    if at is None or head[at : at + len(_SEGMENT)] != _SEGMENT:
        return None
    return _behind(head, at + len(_SEGMENT))


def _behind(head: bytes, at: int) -> int | None:
    """Behind which byte an element ends whose size begins at `at`."""
    first = head[at] if at < len(head) else 0
    width = 9 - first.bit_length()
    if width > 8 or at + width > len(head):
        return None
    unknown = (1 << 7 * width) - 1
    size = int.from_bytes(head[at : at + width], "big") & unknown
    return None if size == unknown else at + width + size
