"""CRC-64/XZ in the vendor's form."""

import pytest

from worker.rules.crc64 import Crc64, same_crc64


@pytest.mark.parametrize(
    "pieces",
    [[b"123456789"], [b"1234", b"56789"], [b"", b"123456789", b""]],
    ids=["at once", "in two", "with nothing around"],
)
def test_the_check_value_of_the_catalogue_is_met(pieces: list[bytes]) -> None:
    # reveng's catalogue of CRC algorithms: check of CRC-64/XZ.
    checksum = Crc64()
    for piece in pieces:
        checksum.update(piece)
    assert str(checksum) == str(0x995DC9BBDF1939FA)


def test_no_bytes_give_zero() -> None:
    assert str(Crc64()) == "0"


def test_two_checksums_do_not_mix() -> None:
    first, second = Crc64(), Crc64()
    first.update(b"123456789")
    second.update(b"else")
    assert str(first) != str(second)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("11051210869376104954", "11051210869376104954", True, id="as-it-is"),
        pytest.param("11051210869376104954", "-7395533204333446662", True, id="as-signed"),
        pytest.param("11051210869376104954", "011051210869376104954", True, id="with-a-zero"),
        pytest.param("11051210869376104954", "11051210869376104955", False, id="another"),
        pytest.param("0", "-1", False, id="none"),
    ],
)
def test_two_decimal_forms_of_the_same_bits_are_the_same(one: str, other: str, same: bool) -> None:
    assert same_crc64(one, other) is same
