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
PIECES_VERSION: Final = 2
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

    Parts are those of what lies between the first sample and the last one: a video may be shorter
    than its sound, or cut off. One without a sample gives no piece; the others are longer then. A
    video that is no longer than the preview gives all of itself, one without samples the beginnings
    of its parts. Pieces do not overlap and end no later than the video.
    """
    whole_ms = int(duration_s * 1000)
    if video_ms <= whole_ms:
        return [Piece(0, video_ms)]
    parts = most_pieces(duration_s)
    begin_ms, end_ms = _reach(samples, whole_ms, video_ms)
    if not samples:
        return _placed([part * video_ms // parts for part in range(parts)], whole_ms, end_ms)
    # What comes after the last one is not known.
    starts = sorted(samples)[:-1] or samples
    best: dict[int, Sample] = {}
    for sample in starts:
        part = max(0, sample.pts_ms - begin_ms) * parts // (end_ms - begin_ms)
        if part not in best or best[part].score < sample.score:
            best[part] = sample
    return _placed([sample.pts_ms for sample in best.values()], whole_ms, end_ms)


def _reach(samples: Sequence[Sample], whole_ms: int, video_ms: int) -> tuple[int, int]:
    """From when to when there are frames, but at least for the length of the preview."""
    times = [min(sample.pts_ms, video_ms) for sample in samples] or [0, video_ms]
    first_ms, last_ms = min(times), max(times)
    end_ms = max(last_ms, min(first_ms + whole_ms, video_ms))
    return min(first_ms, end_ms - whole_ms), end_ms


def _placed(starts_ms: Sequence[int], whole_ms: int, end_ms: int) -> list[Piece]:
    """Pieces that begin then, or earlier where they would not end in time."""
    length_ms = whole_ms // len(starts_ms)
    pieces: list[Piece] = []
    free_ms = 0
    for number, start_ms in enumerate(starts_ms):
        latest_ms = end_ms - (len(starts_ms) - number) * length_ms
        pieces.append(Piece(max(free_ms, min(start_ms, latest_ms)), length_ms))
        free_ms = pieces[-1].start_ms + length_ms
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
