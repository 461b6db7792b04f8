"""PNG files that lack only their end: no pixel is missing, so they are no cut pictures."""

import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\x00\x00\x00\x00IEND\xaeB\x60\x82"
_LENGTH_AND_NAME = 8
_CHECKSUM = 4


def with_end(data: bytes) -> bytes:
    """`data`, given its end chunk where it breaks off after the data of its last pixel chunk.

    Other files come back as they are; so do those cut within a chunk's data. Whether the pixels
    are all there the decoder finds out.
    """
    if not data.startswith(_SIGNATURE):
        return data
    start, name = len(_SIGNATURE), b""
    while start + _LENGTH_AND_NAME <= len(data):
        name = data[start + 4 : start + _LENGTH_AND_NAME]
        end = start + _LENGTH_AND_NAME + int.from_bytes(data[start : start + 4], "big")
        if name == b"IEND" or end > len(data):
            return data
        if end + _CHECKSUM > len(data):
            checksum = zlib.crc32(data[start + 4 : end]).to_bytes(_CHECKSUM, "big")
            return data[:end] + checksum + _END if name == b"IDAT" else data
        start = end + _CHECKSUM
    return data[:start] + _END if name == b"IDAT" else data
