"""DashIndex: the rules of the MPD and of DASH-IF's thumbnail tracks, one by one."""

from math import ceil
from xml.etree import ElementTree

import pytest

from tests.contract.storyboards import STORYBOARDS, Storyboard
from worker.sheets.dash import DashIndex

NAMESPACE = "{urn:mpeg:dash:schema:mpd:2011}"


@pytest.fixture(params=list(STORYBOARDS.values()), ids=list(STORYBOARDS))
def board(request: pytest.FixtureRequest) -> Storyboard:
    found: Storyboard = request.param
    return found


def mpd(board: Storyboard) -> ElementTree.Element:
    data = DashIndex().render(board.sheets, step_ms=board.step_ms, duration_ms=board.duration_ms)
    assert data.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<MPD ')
    return ElementTree.fromstring(data)


def every(root: ElementTree.Element, name: str) -> list[dict[str, str]]:
    return [dict(element.attrib) for element in root.iter(f"{NAMESPACE}{name}")]


def test_the_presentation_has_what_the_schema_requires(board: Storyboard) -> None:
    # ISO/IEC 23009-1 §5.3.1.2: profiles and minBufferTime always, the duration of a static one.
    root = mpd(board)

    assert root.tag == f"{NAMESPACE}MPD"
    assert root.attrib == {
        "type": "static",
        "profiles": "urn:mpeg:dash:profile:isoff-live:2011",
        "mediaPresentationDuration": f"PT{board.duration_ms / 1000:g}S",
        "minBufferTime": "PT1S",
    }


def test_there_is_a_period_with_one_set_for_each_sheet(board: Storyboard) -> None:
    root = mpd(board)

    assert len({period["id"] for period in every(root, "Period")}) == len(board.sheets)
    for name in ("AdaptationSet", "Representation", "SegmentTemplate", "EssentialProperty"):
        assert len(every(root, name)) == len(board.sheets)


def test_a_set_is_of_images(board: Storyboard) -> None:
    # DASH-IF IOP 4.3 §6.2.6: contentType image, mimeType JPEG or PNG.
    for found in every(mpd(board), "AdaptationSet"):
        assert (found["contentType"], found["mimeType"]) == ("image", "image/jpeg")


def test_tiles_are_told_by_the_property_and_the_size_is_the_sheets(board: Storyboard) -> None:
    root = mpd(board)
    grid = board.sheets[0].grid

    for found in every(root, "EssentialProperty"):
        assert found == {
            "schemeIdUri": "http://dashif.org/guidelines/thumbnail_tile",
            "value": f"{grid.columns}x{grid.rows}",
        }
    for found in every(root, "Representation"):
        assert (int(found["width"]), int(found["height"])) == grid.size


def test_addressing_is_by_template_and_fixed_duration_only(board: Storyboard) -> None:
    # IOP 5 #thumbnails: simple addressing, no SegmentTimeline, no SegmentList.
    root = mpd(board)

    assert not every(root, "SegmentTimeline") + every(root, "SegmentList")
    for found in every(root, "SegmentTemplate"):
        assert found.keys() == {"media", "timescale", "duration", "startNumber"}
        # One segment is as long as its period or longer: there is no second one to ask for.
        assert "$" not in found["media"].replace("$$", "")


def test_a_period_has_one_segment_and_no_more(board: Storyboard) -> None:
    root = mpd(board)

    for period, template in zip(every(root, "Period"), every(root, "SegmentTemplate"), strict=True):
        period_us = float(period["duration"].removeprefix("PT").removesuffix("S")) * 1_000_000
        assert int(template["timescale"]) == 1_000_000
        assert period_us <= int(template["duration"]) + 1


def test_the_bandwidth_carries_a_sheet_in_its_time(board: Storyboard) -> None:
    root = mpd(board)

    for shape, template in zip(
        every(root, "Representation"), every(root, "SegmentTemplate"), strict=True
    ):
        assert int(shape["bandwidth"]) == ceil(30_000 * 8 / (int(template["duration"]) / 1e6))


@pytest.mark.parametrize("kind", ["image/webp", "image/avif"])
def test_what_dash_if_does_not_allow_is_not_taken(kind: str) -> None:
    assert not DashIndex().takes(kind)
