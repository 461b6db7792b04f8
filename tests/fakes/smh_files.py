"""What the fake of Tencent SMH keeps: files as its pages describe them, and their checksum."""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

_POLYNOMIAL = 0xC96C5795D7870F42
_TABLE: list[int] = []
for _byte in range(256):
    _value = _byte
    for _ in range(8):
        _value = (_value >> 1) ^ (_POLYNOMIAL if _value & 1 else 0)
    _TABLE.append(_value)


@lru_cache(maxsize=64)
def crc64(data: bytes) -> str:
    """CRC-64 as the vendor tells it (ECMA-182, reflected, both ends inverted), in decimal."""
    value = 0xFFFF_FFFF_FFFF_FFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    return str(value ^ 0xFFFF_FFFF_FFFF_FFFF)


@dataclass
class SmhFile:
    """One entry of a directory; `body` is its newest content, `versions` has the older ones."""

    name: str
    body: bytes = b""
    type: str = "image"
    created: str | None = "2020-10-14T10:17:57.953Z"
    fields: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, bytes] = field(default_factory=dict)

    def content(self, history_id: str | None) -> bytes | None:
        return self.body if history_id is None else self.versions.get(history_id)

    def facts(self, body: bytes, *, numbers: bool) -> dict[str, Any]:
        """The fields that listing and `?info` have in common."""
        size: int | str = len(body) if numbers else str(len(body))
        told = {
            "type": self.type,
            "modificationTime": "2020-10-15T00:00:00.000Z",
            "contentType": "application/octet-stream",
            "size": size,
            "eTag": etag(body),
            "crc64": crc64(body) if len(body) else "0",
            "fileType": "image",
        }
        if self.created is not None:
            told["creationTime"] = self.created
        return {**told, **self.fields}


def etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'
