import zlib

import pytest

from worker.rules.png import with_end

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, data: bytes = b"") -> bytes:
    checked = name + data
    return len(data).to_bytes(4, "big") + checked + zlib.crc32(checked).to_bytes(4, "big")


START = SIGNATURE + chunk(b"IHDR", bytes(13))
PIXELS = chunk(b"IDAT", b"pixels")
END = chunk(b"IEND")


@pytest.mark.parametrize("missing", range(5))
def test_a_file_cut_after_its_pixel_data_gets_its_end(missing: int) -> None:
    cut = START + PIXELS[: len(PIXELS) - missing]

    assert with_end(cut) == START + PIXELS + END


def test_a_file_cut_in_its_end_gets_it_whole() -> None:
    assert with_end(START + PIXELS + END[:5]) == START + PIXELS + END


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"GIF89a", id="no-png"),
        pytest.param(SIGNATURE, id="signature-only"),
        pytest.param(START, id="no-pixels-yet"),
        pytest.param(START + PIXELS[:-5], id="cut-in-pixels"),
        pytest.param(START + PIXELS + END, id="whole"),
        pytest.param(START + PIXELS + END + b"more", id="whole-with-more-behind"),
        pytest.param(START + PIXELS + chunk(b"tEXt", b"a")[:-2], id="cut-in-text"),
    ],
)
def test_other_files_come_back_as_they_are(data: bytes) -> None:
    assert with_end(data) == data
