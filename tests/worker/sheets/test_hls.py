"""HlsIndex: what RFC 8216 and the readers of image playlists ask for, line by line."""

import m3u8
import pytest

from tests.contract.storyboards import STORYBOARDS, Storyboard
from worker.sheets.hls import HlsIndex


@pytest.fixture(params=list(STORYBOARDS.values()), ids=list(STORYBOARDS))
def board(request: pytest.FixtureRequest) -> Storyboard:
    found: Storyboard = request.param
    return found


def lines(board: Storyboard) -> list[str]:
    data = HlsIndex().render(board.sheets, step_ms=board.step_ms, duration_ms=board.duration_ms)
    return data.decode().splitlines()


def test_a_playlist_of_images_only() -> None:
    assert lines(STORYBOARDS["sheets-with-a-partly-filled-last"]) == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:12",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-IMAGES-ONLY",
        "#EXT-X-TILES:RESOLUTION=160x90,LAYOUT=3x2,DURATION=2",
        "#EXTINF:12,",
        "aa11.jpg",
        "#EXT-X-TILES:RESOLUTION=160x90,LAYOUT=3x2,DURATION=2",
        "#EXTINF:12,",
        "https://media.example/s/bb22.jpg?a=1&b=%27$Time$",
        "#EXT-X-TILES:RESOLUTION=160x90,LAYOUT=3x2,DURATION=2",
        "#EXTINF:3.5,",
        "cc33.jpg",
        "#EXT-X-ENDLIST",
    ]


def test_it_is_a_whole_recording_of_images(board: Storyboard) -> None:
    playlist = m3u8.loads("\n".join(lines(board)))

    assert playlist.is_images_only
    assert playlist.is_endlist
    assert playlist.playlist_type == "vod"
    assert int(playlist.version) >= 3


def test_no_segment_is_longer_than_the_target_duration(board: Storyboard) -> None:
    # RFC 8216 §4.3.3.1: each EXTINF, rounded to the nearest integer.
    playlist = m3u8.loads("\n".join(lines(board)))

    assert playlist.target_duration >= 1
    assert all(round(part.duration) <= playlist.target_duration for part in playlist.segments)


def test_every_segment_has_its_tiles_told_and_all_the_same(board: Storyboard) -> None:
    # Shaka takes the layout from the tag of a segment, the picture's size from the first one's.
    tags = [line for line in lines(board) if line.startswith("#EXT-X-TILES")]

    assert len(tags) == len(board.sheets)
    assert len(set(tags)) == 1
