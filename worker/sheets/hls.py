"""Storyboards as HLS image media playlists."""

from collections.abc import Sequence

from worker.ports import IndexedSheet
from worker.sheets.periods import US_PER_S, microseconds, periods_of, seconds


class HlsIndex:
    """A segment a sheet, as the image media playlist extension has it (Roku, Shaka, AWS).

    `#EXT-X-TILES` stands before every segment, because Shaka reads it as a segment's own; its
    RESOLUTION is that of one tile. The rest is RFC 8216: decimal `EXTINF` since version 3,
    `TARGETDURATION` no less than any of them rounded (§4.3.3.1), `ENDLIST` because it is whole.
    """

    extension = "m3u8"
    content_type = "application/vnd.apple.mpegurl"

    def takes(self, sheet_type: str) -> bool:
        return sheet_type.startswith("image/")

    def render(self, sheets: Sequence[IndexedSheet], *, step_ms: float, duration_ms: int) -> bytes:
        covered = periods_of(sheets, step_ms, duration_ms)
        longest_us = max(period.end_us - period.start_us for period in covered)
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:7",
            f"#EXT-X-TARGETDURATION:{max(1, -(-longest_us // US_PER_S))}",
            "#EXT-X-MEDIA-SEQUENCE:0",
            "#EXT-X-PLAYLIST-TYPE:VOD",
            "#EXT-X-IMAGES-ONLY",
        ]
        for period in covered:
            grid = period.sheet.grid
            lines += [
                f"#EXT-X-TILES:RESOLUTION={grid.tile.width}x{grid.tile.height},"
                f"LAYOUT={grid.columns}x{grid.rows},DURATION={seconds(microseconds(step_ms, 1))}",
                f"#EXTINF:{seconds(period.end_us - period.start_us)},",
                period.sheet.reference,
            ]
        return "\n".join([*lines, "#EXT-X-ENDLIST", ""]).encode()
