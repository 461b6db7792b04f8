import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.sniff import Sniffed, sniff


def box(brand: bytes, *compatible: bytes) -> bytes:
    body = b"ftyp" + brand + bytes(4) + b"".join(compatible)
    return (len(body) + 4).to_bytes(4, "big") + body + b"\x00\x00\x00\x08mdat"


def packets(first: int, step: int, count: int) -> bytes:
    data = bytearray(first + step * count)
    data[first::step] = b"G" * len(data[first::step])
    return bytes(data)


@pytest.mark.parametrize(
    ("head", "family", "format"),
    [
        pytest.param(b"\xff\xd8\xff\xe0\x00\x10JFIF", "still", "jpeg", id="jpeg"),
        pytest.param(b"\x89PNG\r\n\x1a\n", "still", "png", id="png"),
        pytest.param(b"GIF89a", "still", "gif", id="gif"),
        pytest.param(b"RIFF\x00\x00\x00\x00WEBPVP8L", "still", "webp", id="webp"),
        pytest.param(b"II*\x00", "still", "tiff", id="tiff-little-endian"),
        pytest.param(b"MM\x00*", "still", "tiff", id="tiff-big-endian"),
        pytest.param(b"BM" + bytes(12) + b"\x28\x00\x00\x00", "still", "bmp", id="bmp"),
        pytest.param(box(b"avif"), "still", "avif", id="avif"),
        pytest.param(box(b"mif1", b"miaf", b"avif"), "still", "avif", id="avif-by-brand"),
        pytest.param(box(b"heic"), "still", "heic", id="heic"),
        pytest.param(box(b"mif1", b"heic"), "still", "heic", id="heic-by-brand"),
        pytest.param(box(b"mif1", b"mif1"), "still", "heic", id="heif-of-another-codec"),
        pytest.param(box(b"isom", b"mp41"), "video", "mov", id="mp4"),
        pytest.param(box(b"qt  "), "video", "mov", id="quicktime"),
        pytest.param(b"\x00\x00\x00\x08wide", "video", "mov", id="old-quicktime"),
        pytest.param(b"\x1aE\xdf\xa3", "video", "matroska", id="matroska"),
        pytest.param(b"RIFF\x00\x00\x00\x00AVI LIST", "video", "avi", id="avi"),
        pytest.param(b"FLV\x01\x05", "video", "flv", id="flv"),
        pytest.param(b"OggS", "video", "ogg", id="ogg"),
        pytest.param(packets(0, 188, 9), "video", "mpegts", id="transport-stream"),
        pytest.param(packets(4, 192, 9), "video", "mpegts", id="transport-stream-of-a-disc"),
        pytest.param(b"ID3\x04", "audio", "mp3", id="mp3-with-a-tag"),
        pytest.param(b"\xff\xfb\x90\x64", "audio", "mp3", id="mp3"),
        pytest.param(b"\xff\xf1\x50\x80", "audio", "aac", id="aac"),
        pytest.param(b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio", "wav", id="wav"),
        pytest.param(b"fLaC", "audio", "flac", id="flac"),
    ],
)
def test_the_first_bytes_say_what_a_medium_is(head: bytes, family: str, format: str) -> None:
    assert sniff(head) == Sniffed(family, format)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"Great weather today", id="text-that-starts-with-a-sync-byte"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="svg"),
        pytest.param(b"<!DOCTYPE html><html>", id="html"),
        pytest.param(b"%PDF-1.7", id="pdf"),
        pytest.param(b"#EXTM3U\n#EXT-X-VERSION:3\n", id="playlist"),
        pytest.param(b"ffconcat version 1.0\n", id="concat-list"),
        pytest.param(b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n", id="sdp"),
        pytest.param(b"\x00\x00\x00\x0cjP  \r\n\x87\n", id="jpeg-2000"),
        pytest.param(b"RIFF\x00\x00\x00\x00ACON", id="animated-cursor"),
        pytest.param(b"BMW is a car maker", id="text-like-bmp"),
        pytest.param(b"\xff\xff\xff\xff\xff\xff", id="all-ones"),
        pytest.param(b"PK\x03\x04", id="zip"),
    ],
)
def test_other_things_are_no_media(head: bytes) -> None:
    assert sniff(head) is None


@given(st.binary(max_size=600))
def test_any_bytes_get_an_answer(head: bytes) -> None:
    assert sniff(head) is None or sniff(head) == sniff(head)
