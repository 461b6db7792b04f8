"""CRC-64/XZ, the checksum that Tencent SMH tells of every file (there called CRC64-ECMA182)."""

from typing import Final

import anycrc

_MODEL: Final = anycrc.Model("CRC64-XZ")


class Crc64:
    """A checksum that grows with the bytes it is given; `str` gives the vendor's decimal form."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = _MODEL.calc(data, self._value)

    def __str__(self) -> str:
        return str(self._value)


def same_crc64(one: str, other: str) -> bool:
    """Whether two decimal forms are the same 64 bits; some clients write them as signed."""
    return (int(one) - int(other)) % 2**64 == 0
