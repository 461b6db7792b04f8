"""The laws of the StoryboardIndex port, for every index, read back by other people's parsers."""

import io
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple
from urllib.parse import urlsplit
from xml.etree import ElementTree

import m3u8
import pytest
import webvtt

from tests.contract.storyboards import STORYBOARDS, Storyboard, storyboard
from worker import registry
from worker.ports import StoryboardIndex

MPD = "{urn:mpeg:dash:schema:mpd:2011}"
FOLDER = "https://store.example/private/"


class Shown(NamedTuple):
    """What a player shows from `start_ms` on: a part of a picture."""

    start_ms: Fraction
    reference: str
    x: int
    y: int
    width: int
    height: int


Reading = Callable[[bytes], tuple[list[Shown], Fraction]]


def read_webvtt(data: bytes) -> tuple[list[Shown], Fraction]:
    """Cues as players take them, and when the last one ends."""
    cues = webvtt.from_buffer(io.BytesIO(data)).captions
    found = []
    for cue in cues:
        reference, _, place = cue.text.partition("#xywh=")
        found.append(Shown(milliseconds(cue.start), reference, *map(int, place.split(","))))
    return found, milliseconds(cues[-1].end) if cues else Fraction(0)


def milliseconds(time: str) -> Fraction:
    hours, minutes, seconds = time.split(":")
    return (int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)) * 1000


def read_hls(data: bytes) -> tuple[list[Shown], Fraction]:
    """Segments cut into tiles by the tag that each has, as Shaka and Roku do."""
    playlist = m3u8.loads(data.decode())
    tags = m3u8.parse(data.decode())["tiles"]
    found, at = [], Fraction(0)
    for segment, tag in zip(playlist.segments, tags, strict=True):
        columns, rows = map(int, tag["layout"].split("x"))
        width, height = map(int, tag["resolution"].split("x"))
        step = Fraction(str(tag["duration"])) * 1000
        length = Fraction(str(segment.duration)) * 1000
        found += cells(segment.uri, at, step, length, (columns, rows, width, height))
        at += length
    return found, at


def read_dash(data: bytes) -> tuple[list[Shown], Fraction]:
    """Periods as DASH-IF IOP has them: tiles spread evenly over the template's duration."""
    found, end = [], Fraction(0)
    for period in ElementTree.fromstring(data).iter(f"{MPD}Period"):
        start, length = (seconds(period.attrib[name]) * 1000 for name in ("start", "duration"))
        assert start == end
        end = start + length
        template = only(period, "SegmentTemplate").attrib
        shape = only(period, "Representation").attrib
        columns, rows = map(int, only(period, "EssentialProperty").attrib["value"].split("x"))
        segment = Fraction(int(template["duration"]), int(template["timescale"])) * 1000
        step = segment / (columns * rows)
        assert int(shape["width"]) % columns == int(shape["height"]) % rows == 0
        size = (int(shape["width"]) // columns, int(shape["height"]) // rows)
        reference = template["media"].replace("$$", "$")
        found += cells(reference, start, step, length, (columns, rows, *size))
    return found, end


def only(period: ElementTree.Element, name: str) -> ElementTree.Element:
    (element,) = period.iter(f"{MPD}{name}")
    return element


def seconds(duration: str) -> Fraction:
    assert duration.startswith("PT")
    assert duration.endswith("S")
    return Fraction(duration[2:-1])


def cells(
    reference: str,
    start: Fraction,
    step: Fraction,
    length: Fraction,
    shape: tuple[int, int, int, int],
) -> list[Shown]:
    """The cells of a sheet that are shown before its time is over."""
    columns, rows, width, height = shape
    return [
        Shown(
            start + number * step,
            reference,
            number % columns * width,
            number // columns * height,
            width,
            height,
        )
        for number in range(columns * rows)
        if number * step < length - Fraction(1, 100)
    ]


READINGS: dict[str, Reading] = {"webvtt": read_webvtt, "hls": read_hls, "dash": read_dash}


@pytest.fixture(params=sorted(registry.INDEXES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def index(name: str) -> StoryboardIndex:
    made: StoryboardIndex = registry.load(registry.INDEXES, name)()
    return made


@pytest.fixture(params=list(STORYBOARDS.values()), ids=list(STORYBOARDS))
def board(request: pytest.FixtureRequest) -> Storyboard:
    found: Storyboard = request.param
    return found


def rendered(index: StoryboardIndex, board: Storyboard) -> bytes:
    return index.render(board.sheets, step_ms=board.step_ms, duration_ms=board.duration_ms)


def test_every_tile_is_shown_from_its_time_on(
    index: StoryboardIndex, name: str, board: Storyboard
) -> None:
    shown, _ = READINGS[name](rendered(index, board))

    tiles = [tile for sheet in board.sheets for tile in sheet.tiles]
    wanted = [
        (tile.offset_ms, place)
        for tile, place in zip(tiles, board.shown, strict=True)
        if name != "webvtt" or not tile.missing
    ]
    assert [(part.reference, part.x, part.y) for part in shown] == [place for _, place in wanted]
    for part, (offset_ms, _) in zip(shown, wanted, strict=True):
        assert abs(part.start_ms - offset_ms) <= Fraction(1)
        assert (part.width, part.height) == (160, 90)


def test_the_last_tile_is_shown_until_the_end(
    index: StoryboardIndex, name: str, board: Storyboard
) -> None:
    shown, end_ms = READINGS[name](rendered(index, board))

    assert end_ms == (board.duration_ms if shown else 0)


def test_the_same_sheets_give_the_same_bytes(index: StoryboardIndex, board: Storyboard) -> None:
    assert rendered(index, board) == rendered(index, board)


def test_a_reference_stays_what_it_is(index: StoryboardIndex, name: str) -> None:
    shown, _ = READINGS[name](rendered(index, STORYBOARDS["sheets-all-full"]))

    parts = urlsplit(shown[-1].reference)
    assert (parts.scheme, parts.query) == ("https", "a=1&b=%27$Time$")


def test_it_takes_jpeg_and_png_and_no_other_files(index: StoryboardIndex) -> None:
    assert index.takes("image/jpeg")
    assert index.takes("image/png")
    assert not index.takes("video/mp4")


def test_type_and_extension_are_those_of_the_form(index: StoryboardIndex, name: str) -> None:
    assert (index.extension, index.content_type) == {
        "webvtt": ("vtt", "text/vtt"),
        "hls": ("m3u8", "application/vnd.apple.mpegurl"),
        "dash": ("mpd", "application/dash+xml"),
    }[name]


def test_five_thousand_tiles_are_quickly_told(index: StoryboardIndex, name: str) -> None:
    board = storyboard(5000, step_ms=1440, duration_ms=7_200_000, columns=50, rows=50)

    shown, _ = READINGS[name](rendered(index, board))

    assert len(shown) == 5000
