"""What a medium is, judged by its first bytes alone: never by its name or its stated type."""

from typing import Literal, NamedTuple

HEAD_BYTES = 4096
TS_PACKETS = ((0, 188), (4, 192), (0, 204))

Family = Literal["video", "still", "audio"]


class Sniffed(NamedTuple):
    """The family decides who decodes, the format names the signature."""

    family: Family
    format: str


_SIGNATURES: tuple[tuple[bytes, Sniffed], ...] = (
    (b"\xff\xd8\xff", Sniffed("still", "jpeg")),
    (b"\x89PNG\r\n\x1a\n", Sniffed("still", "png")),
    (b"GIF87a", Sniffed("still", "gif")),
    (b"GIF89a", Sniffed("still", "gif")),
    (b"II*\x00", Sniffed("still", "tiff")),
    (b"MM\x00*", Sniffed("still", "tiff")),
    (b"II+\x00", Sniffed("still", "tiff")),
    (b"MM\x00+", Sniffed("still", "tiff")),
    (b"\x1aE\xdf\xa3", Sniffed("video", "matroska")),
    (b"FLV\x01", Sniffed("video", "flv")),
    (b"OggS", Sniffed("video", "ogg")),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Sniffed("video", "asf")),
    (b"\x00\x00\x01\xba", Sniffed("video", "mpeg")),
    (b"ID3", Sniffed("audio", "mp3")),
    (b"fLaC", Sniffed("audio", "flac")),
    (b"#!AMR", Sniffed("audio", "amr")),
    (b"caff\x00\x01", Sniffed("audio", "caf")),
)
_RIFF = {
    b"WEBP": Sniffed("still", "webp"),
    b"AVI ": Sniffed("video", "avi"),
    b"WAVE": Sniffed("audio", "wav"),
}
_BRANDS = {
    b"avif": Sniffed("still", "avif"),
    b"avis": Sniffed("still", "avif"),
    b"heic": Sniffed("still", "heic"),
    b"heix": Sniffed("still", "heic"),
    b"heim": Sniffed("still", "heic"),
    b"heis": Sniffed("still", "heic"),
    b"hevc": Sniffed("still", "heic"),
    b"hevx": Sniffed("still", "heic"),
}
_GENERIC_PICTURES = {b"mif1", b"msf1", b"mif2", b"miaf"}
_BOXES = {
    *(b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"moof", b"styp", b"sidx"),
    *(b"uuid", b"emsg", b"prft"),
}
_BMP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}


def sniff(head: bytes) -> Sniffed | None:
    """What `head`, the first bytes of a medium, begins; None for what we do not read.

    4 KiB (`HEAD_BYTES`) are always enough; shorter heads are judged by what they have.
    """
    for signature, sniffed in _SIGNATURES:
        if head.startswith(signature):
            return sniffed
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] in _BOXES:
        return _iso_media(head)
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return Sniffed("still", "bmp")
    if _has_transport_packets(head):
        return Sniffed("video", "mpegts")
    return _bare_audio(head)


def _iso_media(head: bytes) -> Sniffed:
    """Still picture or movie by the brands of the file type box (ISO/IEC 14496-12, 4.3)."""
    movie = Sniffed("video", "mov")
    if head[4:8] != b"ftyp":
        return movie
    end = min(int.from_bytes(head[:4], "big"), len(head))
    major = head[8:12]
    if major in _BRANDS:
        return _BRANDS[major]
    if major not in _GENERIC_PICTURES:
        return movie
    compatible = [head[at : at + 4] for at in range(16, end - 3, 4)]
    known = [_BRANDS[brand] for brand in compatible if brand in _BRANDS]
    return known[0] if known else Sniffed("still", "heic")


def _has_transport_packets(head: bytes) -> bool:
    """Whether MPEG transport packets follow each other: plain, with time stamps, with parity.

    One sync byte alone is the letter G.
    """
    marks = [head[first : 5 * step : step] for first, step in TS_PACKETS]
    return any(len(mark) >= 3 and set(mark) == {0x47} for mark in marks)


def _bare_audio(head: bytes) -> Sniffed | None:
    """Audio frames without a container: MPEG layers I to III and AAC, by their sync word."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return Sniffed("audio", "aac")
    layer, bit_rate, sample_rate = head[1] & 0x06, head[2] >> 4, head[2] & 0x0C
    known = layer and bit_rate not in {0, 15} and sample_rate != 0x0C
    return Sniffed("audio", "mp3") if known else None
