from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.boxes import MAX_INDEX_BYTES, READ_AHEAD_BYTES, BoxPlan, Span, first_video_sample

HEAD = 4096


def box(kind: bytes, content: bytes = b"") -> bytes:
    return pack(">I", 8 + len(content)) + kind + content


def big_box(kind: bytes, content: bytes) -> bytes:
    return pack(">I", 1) + kind + pack(">Q", 16 + len(content)) + content


def track(handler: bytes, *, offset: int, length: int, wide: bool = False) -> bytes:
    offsets = box(b"co64", pack(">IIQ", 0, 1, offset)) if wide else b""
    offsets = offsets or box(b"stco", pack(">IIII", 0, 2, offset, 9))
    sizes = box(b"stsz", pack(">IIII", 0, 0, 1, length))
    table = box(b"stbl", box(b"stsd", bytes(8)) + sizes + offsets)
    return box(
        b"trak",
        box(b"tkhd", bytes(20))
        + box(b"mdia", box(b"hdlr", bytes(8) + handler + bytes(12)) + box(b"minf", table)),
    )


def index(*tracks: bytes) -> bytes:
    return box(b"moov", box(b"mvhd", bytes(100)) + b"".join(tracks))


SOUND = track(b"soun", offset=1, length=7)
FTYP = box(b"ftyp", b"isom" + bytes(4))


def wish_of(medium: bytes, known_bytes: int = HEAD) -> Span | None:
    plan = BoxPlan(len(medium))

    def read(offset: int, length: int) -> bytes | None:
        return medium[offset : offset + length] if offset + length <= known_bytes else None

    plan.update(read)
    return plan.wish


@pytest.mark.parametrize("wide", [False, True], ids=["stco", "co64"])
def test_the_first_video_sample_is_found_behind_a_sound_track(wide: bool) -> None:
    moov = index(SOUND, track(b"vide", offset=5000, length=700, wide=wide))

    assert first_video_sample(moov) == Span(5000, 700)


@pytest.mark.parametrize(
    "moov",
    [
        pytest.param(index(), id="no tracks"),
        pytest.param(index(SOUND), id="sound only"),
        pytest.param(index(track(b"vide", offset=0, length=0)), id="fragments"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00\x00\x00\x02moov", id="impossible length"),
    ],
)
def test_an_index_that_names_no_sample_gives_none(moov: bytes) -> None:
    assert first_video_sample(moov) is None


def test_a_large_index_at_the_start_is_wished_for_whole() -> None:
    moov = index(SOUND, box(b"free", bytes(50_000)))
    medium = FTYP + moov + box(b"mdat", bytes(90_000))

    assert wish_of(medium) == Span(len(FTYP), len(moov) + READ_AHEAD_BYTES)


@pytest.mark.parametrize("media", [box, big_box], ids=["32 bits", "64 bits"])
def test_an_index_behind_the_media_is_wished_for_to_the_end(media: object) -> None:
    make = big_box if media is big_box else box
    before = FTYP + make(b"mdat", bytes(50_000))
    medium = before + index(SOUND)

    assert wish_of(medium) == Span(len(before), len(medium) - len(before))


def test_a_known_index_leads_to_the_first_sample() -> None:
    moov = index(track(b"vide", offset=2000, length=90_000))
    medium = FTYP + moov + box(b"mdat", bytes(200_000))

    assert wish_of(medium) == Span(2000, 90_000 + READ_AHEAD_BYTES)


@pytest.mark.parametrize(
    "medium",
    [
        pytest.param(b"\x1a\x45\xdf\xa3" + bytes(9000), id="matroska"),
        pytest.param(bytes(9000), id="zeros"),
        pytest.param(b"\xff\xd8\xff\xe0" + bytes(9000), id="jpeg"),
        pytest.param(b"ab", id="two bytes"),
        pytest.param(FTYP, id="no media"),
        pytest.param(FTYP + box(b"free", bytes(9000)), id="no media, long"),
        pytest.param(FTYP + box(b"free", bytes(9000)) + index(), id="unknown behind"),
        pytest.param(
            FTYP + index(track(b"vide", offset=9999, length=1)) + box(b"mdat", bytes(9)),
            id="sample outside",
        ),
        pytest.param(
            FTYP + pack(">I", MAX_INDEX_BYTES + 1) + b"moov" + bytes(9000), id="huge index"
        ),
    ],
)
def test_without_a_known_place_nothing_is_wished_for(medium: bytes) -> None:
    assert wish_of(medium) is None


@given(st.binary(max_size=300), st.sampled_from([b"", FTYP, FTYP + box(b"mdat", b"x")]))
def test_no_bytes_break_the_walk(garbage: bytes, before: bytes) -> None:
    medium = before + garbage

    wish = wish_of(medium, len(medium))

    first_video_sample(garbage)
    assert wish is None or 0 <= wish.offset < wish.end <= len(medium)
