"""Where to cut: the window that keeps the most faces whole, then centred on them."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from worker.geometry.shapes import Box, Size, holds, rounded

# Raised with every change of a box that is chosen: results that were kept are then made anew.
CROP_VERSION: Final = 1


class Face(NamedTuple):
    """A face as it was found; `score` in [0, 1] is its weight when windows are compared."""

    box: Box
    score: float


class Crop(NamedTuple):
    """A chosen window.

    `faces_kept` are the found boxes wholly inside `box`, `faces_cut` all the others, sliced or
    outside. `score` is the percentage of what matters that `box` keeps: with faces, of their
    weight the part whose boxes are whole; without, when every pixel matters alike, of the area.
    """

    box: Box
    rule: Literal["faces", "centre"]
    faces_kept: int
    faces_cut: int
    score: int


class Margins(NamedTuple):
    """What is added to a found box, as fractions of its width (sides) and height."""

    sides: float
    top: float
    bottom: float


# A found box is as wide as a face but ends at the brows: measured, the face is 1.2 times as high.
WHOLE_FACE: Final = Margins(sides=0, top=0.15, bottom=0.05)
HEAD_ROOM: Final = Margins(sides=0.1, top=0.25, bottom=0.15)


class _Span(NamedTuple):
    """Pixels [start, end) of the axis along which the window slides."""

    start: int
    end: int


class _Vote(NamedTuple):
    """A face along that axis: what a window must hold to keep it, and what it is centred by."""

    whole: _Span
    roomy: _Span
    weight: int
    area: int


class _Slide(NamedTuple):
    """A window of `window_px` that slides over `frame_px`."""

    frame_px: int
    window_px: int

    @property
    def last(self) -> int:
        return self.frame_px - self.window_px

    def clamped(self, offset: int) -> int:
        return max(0, min(offset, self.last))

    def from_centre(self, offset: int) -> int:
        """Twice the distance between the window's centre and the frame's."""
        return abs(2 * offset - self.last)


class _Place(NamedTuple):
    """A candidate; tuples compare field by field, so the order of the fields is the preference."""

    weight: int
    area: int
    nearness: int
    offset: int


def square_crop(frame: Size, faces: Sequence[Face]) -> Crop:
    """The largest square of `frame` that keeps most faces whole; `window_crop` has the rules."""
    side = frame.short_side
    return window_crop(frame, Size(side, side), faces)


def window_crop(frame: Size, window: Size, faces: Sequence[Face]) -> Crop:
    """Place `window`, which spans `frame` on at least one axis, along the other one.

    Every place is worth the sum of the scores of the faces it holds whole, hair and chin included;
    the best is taken, equal ones by the larger faces, then by the nearness to the frame's centre.
    Of the offsets that hold the same faces it is the one that centres them with head room. A face
    longer than the window counts as held where the window is centred on it. Without faces the
    window is in the middle. A mirrored frame gives the mirrored box, within one pixel.
    """
    across = window.height == frame.height
    slide = _Slide(frame.width, window.width) if across else _Slide(frame.height, window.height)
    if slide.last < 0 or not (across or window.width == frame.width):
        raise ValueError(f"a window of {window} does not span an axis of {frame}")
    votes = [_vote(face, slide, across=across) for face in faces]
    offset = _best_offset(slide, votes) if votes else slide.last // 2
    box = Box(offset if across else 0, 0 if across else offset, *window)
    kept = [face for face in faces if holds(box, face.box)]
    return Crop(
        box=box,
        rule="faces" if faces else "centre",
        faces_kept=len(kept),
        faces_cut=len(faces) - len(kept),
        score=_percent_kept(frame, window, faces, kept),
    )


def _vote(face: Face, slide: _Slide, *, across: bool) -> _Vote:
    whole = _span(face.box, WHOLE_FACE, across=across)
    whole = _Span(max(0, whole.start), min(whole.end, slide.frame_px))
    if whole.end - whole.start > slide.window_px:
        # Both ends are rounded inwards, so that a mirrored frame has mirrored ends.
        ends = whole.start + whole.end
        whole = _Span((ends - slide.window_px + 1) // 2, (ends + slide.window_px) // 2)
    return _Vote(
        whole=whole,
        roomy=_span(face.box, HEAD_ROOM, across=across),
        weight=rounded(face.score * 1000),
        area=face.box.width * face.box.height,
    )


def _span(box: Box, margins: Margins, *, across: bool) -> _Span:
    if across:
        sides = rounded(box.width * margins.sides)
        return _Span(box.left - sides, box.right + sides)
    top, bottom = rounded(box.height * margins.top), rounded(box.height * margins.bottom)
    return _Span(box.top - top, box.bottom + bottom)


def _best_offset(slide: _Slide, votes: Sequence[_Vote]) -> int:
    """Some best window begins where a face begins or ends where a face ends, so these suffice."""
    edges = {vote.whole.start for vote in votes}
    edges |= {vote.whole.end - slide.window_px for vote in votes}
    places = [_placed(slide, votes, slide.clamped(edge)) for edge in sorted(edges)]
    return max(places).offset


def _placed(slide: _Slide, votes: Sequence[_Vote], edge: int) -> _Place:
    """What a window at `edge` holds, and the offset that centres just that."""
    held = [vote for vote in votes if _is_held(vote, edge, slide)]
    offset = _centred(slide, held)
    return _Place(
        weight=sum(vote.weight for vote in held),
        area=sum(vote.area for vote in held),
        nearness=-slide.from_centre(offset),
        offset=offset,
    )


def _is_held(vote: _Vote, offset: int, slide: _Slide) -> bool:
    return offset <= vote.whole.start and vote.whole.end <= offset + slide.window_px


def _centred(slide: _Slide, held: Sequence[_Vote]) -> int:
    """The offset that centres the held faces with their head room and still holds all of them."""
    wanted = min(vote.roomy.start for vote in held) + max(vote.roomy.end for vote in held)
    first = max(vote.whole.end for vote in held) - slide.window_px
    last = min(vote.whole.start for vote in held)
    return slide.clamped(max(first, min((wanted - slide.window_px) // 2, last)))


def _percent_kept(frame: Size, window: Size, faces: Sequence[Face], kept: Sequence[Face]) -> int:
    whole = sum(face.score for face in faces)
    if not whole:
        return rounded(100 * window.width * window.height / (frame.width * frame.height))
    return rounded(100 * sum(face.score for face in kept) / whole)
