"""Storyboards as DASH-IF thumbnail tracks."""

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from worker.ports import IndexedSheet
from worker.sheets.periods import US_PER_S, Period, microseconds, periods_of, seconds

_ALLOWED = frozenset({"image/jpeg", "image/png"})


class DashIndex:
    """A static MPD of thumbnails only: a period for each sheet, with one segment.

    DASH-IF IOP 4.3 §6.2.6: JPEG or PNG, `contentType` image, an EssentialProperty with columns by
    rows, width and height of the whole sheet, and SegmentTemplate with a fixed duration as the only
    addressing. Sheets have names that no template can count up, hence the periods: a template may
    name its one segment literally. The segment of a sheet that is partly filled is longer than
    its period, since tiles are spread evenly over the segment.
    """

    extension = "mpd"
    content_type = "application/dash+xml"

    def takes(self, sheet_type: str) -> bool:
        return sheet_type in _ALLOWED

    def render(self, sheets: Sequence[IndexedSheet], *, step_ms: float, duration_ms: int) -> bytes:
        segments_us = [max(1, microseconds(step_ms, sheet.grid.capacity)) for sheet in sheets]
        bandwidth = max(
            -(-sheet.size_bytes * 8 * US_PER_S // us)
            for sheet, us in zip(sheets, segments_us, strict=True)
        )
        covered = periods_of(sheets, step_ms, duration_ms)
        periods = [
            _period(number, period, us, bandwidth)
            for number, (period, us) in enumerate(zip(covered, segments_us, strict=True))
        ]
        attributes = _attributes(
            xmlns="urn:mpeg:dash:schema:mpd:2011",
            type="static",
            profiles="urn:mpeg:dash:profile:isoff-live:2011",
            mediaPresentationDuration=f"PT{seconds(duration_ms * 1000)}S",
            minBufferTime="PT1S",
        )
        head = '<?xml version="1.0" encoding="UTF-8"?>'
        return "\n".join([head, f"<MPD{attributes}>", *periods, "</MPD>", ""]).encode()


def _period(number: int, period: Period, segment_us: int, bandwidth: int) -> str:
    sheet, grid = period.sheet, period.sheet.grid
    times = _attributes(
        id=number,
        start=f"PT{seconds(period.start_us)}S",
        duration=f"PT{seconds(period.end_us - period.start_us)}S",
    )
    # A dollar sign begins an identifier of the template; two stand for one (ISO 23009-1 §5.3.9.4).
    template = _attributes(
        media=sheet.reference.replace("$", "$$"),
        timescale=US_PER_S,
        duration=segment_us,
        startNumber=1,
    )
    shape = _attributes(
        id="thumbnails", bandwidth=bandwidth, width=grid.size.width, height=grid.size.height
    )
    tiles = _attributes(
        schemeIdUri="http://dashif.org/guidelines/thumbnail_tile",
        value=f"{grid.columns}x{grid.rows}",
    )
    kind = _attributes(id=0, contentType="image", mimeType=sheet.content_type)
    return f"""\
 <Period{times}>
  <AdaptationSet{kind}>
   <SegmentTemplate{template}/>
   <Representation{shape}>
    <EssentialProperty{tiles}/>
   </Representation>
  </AdaptationSet>
 </Period>"""


def _attributes(**values: str | int) -> str:
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in values.items())
