"""Which pieces of a video its moving preview is put together from."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from worker.contracts.names import MAX_SIZE_PX
from worker.contracts.passes import Timeline, Wanted
from worker.contracts.snapshots import PreviewRequest
from worker.errors import RequestError
from worker.geometry.fitting import even_height
from worker.geometry.shapes import Size, rounded
from worker.rules.candidates import Sample

# Raised with every change of a piece: results that were kept are then made anew.
PIECES_VERSION: Final = 1
MOST_PIECES: Final = 5
SHORTEST_PIECE_S: Final = 0.6


class Piece(NamedTuple):
    """Milliseconds [start_ms, start_ms + length_ms) of a video."""

    start_ms: int
    length_ms: int


def most_pieces(duration_s: float) -> int:
    """How many pieces a preview of that length has: as many as five, none too short to be seen."""
    # A hair more, for 3 / 0.6 must be 5.
    return max(1, min(MOST_PIECES, int(duration_s / SHORTEST_PIECE_S + 1e-6)))


def pieces_of(samples: Sequence[Sample], *, duration_s: float, video_ms: int) -> list[Piece]:
    """The pieces in their order in the video: the best sample of each equal part of it.

    A part without a sample gives its beginning, a video that is no longer than the preview all of
    itself. Pieces do not overlap and end no later than the video.
    """
    whole_ms = int(duration_s * 1000)
    if video_ms <= whole_ms:
        return [Piece(0, video_ms)]
    parts = most_pieces(duration_s)
    length_ms = whole_ms // parts
    pieces: list[Piece] = []
    free_ms = 0
    for part in range(parts):
        begin_ms, end_ms = part * video_ms // parts, (part + 1) * video_ms // parts
        within = [sample for sample in samples if begin_ms <= sample.pts_ms < end_ms]
        best = max(within, key=lambda sample: sample.score, default=None)
        last_ms = video_ms - (parts - part) * length_ms
        start_ms = max(free_ms, min(best.pts_ms if best else begin_ms, last_ms))
        pieces.append(Piece(start_ms, length_ms))
        free_ms = start_ms + length_ms
    return pieces


def frame_times_ms(pieces: Sequence[Piece], frame_ms: int) -> list[int]:
    """When the frames of the pieces are, one every `frame_ms` and at least one of each piece.

    All together they last as long as the pieces do, to the nearest frame.
    """
    times: list[int] = []
    length_ms = 0
    for piece in pieces:
        length_ms += piece.length_ms
        frames = max(1, rounded(length_ms / frame_ms) - len(times))
        times += [piece.start_ms + number * frame_ms for number in range(frames)]
    return times


class Moving(NamedTuple):
    """Where a preview is in its video: pieces of it, a frame every `frame_ms`."""

    pieces: list[Piece]
    frame_ms: int

    @property
    def wanted(self) -> list[Wanted]:
        return [Wanted(offset_ms) for offset_ms in frame_times_ms(self.pieces, self.frame_ms)]


def moving(request: PreviewRequest, timeline: Timeline, samples: Sequence[Sample]) -> Moving:
    """What of the video the preview shows; 15 frames a second as MP4, else 10."""
    video_ms = 1 if timeline.frames == 1 else timeline.duration_ms or 1
    pieces = pieces_of(samples, duration_s=request.duration_s, video_ms=video_ms)
    return Moving(pieces, 67 if request.format == "mp4" else 100)


def preview_size(request: PreviewRequest, frame: Size) -> Size:
    """The preview's pixels: as wide as asked, for MP4 with an even width.

    Raises: RequestError `request.invalid` for one that is higher than pictures may be.
    """
    width = request.width - request.width % 2 if request.format == "mp4" else request.width
    size = even_height(frame, width)
    if size.height > MAX_SIZE_PX:
        raise RequestError(
            "request.invalid",
            f"A preview of {size.width} by {size.height} px is too high;"
            f" a side has at most {MAX_SIZE_PX} px.",
            stage="decode",
        )
    return size
