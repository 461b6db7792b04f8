"""Where the square is cut: tables of cases that a person can check, and laws for all of them."""

import random
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.geometry.crop import CROP_VERSION, WHOLE_FACE, Crop, Face, square_crop, window_crop
from worker.geometry.shapes import Box, Size, holds

WIDE = Size(1600, 900)
TALL = Size(900, 1600)


@pytest.mark.parametrize(
    ("frame", "faces", "box"),
    [
        pytest.param(WIDE, [], Box(350, 0, 900, 900), id="wide-without-faces"),
        pytest.param(TALL, [], Box(0, 350, 900, 900), id="tall-without-faces"),
        pytest.param(Size(7, 4), [], Box(1, 0, 4, 4), id="odd-rest"),
        pytest.param(Size(1, 1), [], Box(0, 0, 1, 1), id="one-pixel"),
        pytest.param(Size(900, 900), [Box(0, 0, 90, 90)], Box(0, 0, 900, 900), id="square"),
        pytest.param(WIDE, [Box(750, 300, 100, 100)], Box(350, 0, 900, 900), id="middle"),
        pytest.param(WIDE, [Box(550, 300, 100, 100)], Box(150, 0, 900, 900), id="left-of-middle"),
        pytest.param(WIDE, [Box(0, 300, 100, 100)], Box(0, 0, 900, 900), id="left-edge"),
        pytest.param(WIDE, [Box(1500, 300, 100, 100)], Box(700, 0, 900, 900), id="right-edge"),
        pytest.param(TALL, [Box(400, 0, 100, 100)], Box(0, 0, 900, 900), id="top-edge"),
        pytest.param(TALL, [Box(400, 1500, 100, 100)], Box(0, 700, 900, 900), id="bottom-edge"),
        pytest.param(TALL, [Box(400, 600, 100, 100)], Box(0, 195, 900, 900), id="head-room"),
        pytest.param(
            WIDE, [Box(300, 9, 100, 99), Box(900, 9, 100, 99)], Box(200, 0, 900, 900), id="two"
        ),
    ],
)
def test_the_square_is_cut_where_the_faces_are(frame: Size, faces: list[Box], box: Box) -> None:
    crop = square_crop(frame, [Face(face, 0.9) for face in faces])

    assert crop == Crop(
        box, "faces" if faces else "centre", len(faces), 0, 100 if faces else crop.score
    )


@pytest.mark.parametrize(
    ("faces", "kept"),
    [
        pytest.param(
            [(Box(0, 300, 100, 100), 0.9), (Box(1500, 300, 100, 100), 0.6)],
            Box(0, 300, 100, 100),
            id="the-surer-face",
        ),
        pytest.param(
            [(Box(0, 300, 100, 100), 0.9), (Box(1450, 300, 150, 150), 0.9)],
            Box(1450, 300, 150, 150),
            id="the-larger-face",
        ),
        pytest.param(
            [(Box(0, 300, 100, 100), 0.9), (Box(1400, 300, 100, 100), 0.9)],
            Box(1400, 300, 100, 100),
            id="the-face-nearer-the-middle",
        ),
    ],
)
def test_of_people_at_opposite_ends_one_is_kept(faces: list[tuple[Box, float]], kept: Box) -> None:
    crop = square_crop(WIDE, [Face(box, score) for box, score in faces])

    assert holds(crop.box, kept)
    assert (crop.faces_kept, crop.faces_cut) == (1, 1)


def test_two_people_outvote_a_surer_one_at_the_other_end() -> None:
    pair = [Box(0, 300, 100, 100), Box(200, 300, 100, 100)]
    single = Box(1500, 300, 100, 100)

    crop = square_crop(WIDE, [*(Face(box, 0.6) for box in pair), Face(single, 0.9)])

    assert crop == Crop(Box(0, 0, 900, 900), "faces", 2, 1, 57)


def test_hair_above_the_found_box_stays_inside_the_square() -> None:
    faces = [Face(Box(400, 300, 200, 200), 0.9), Face(Box(400, 940, 200, 210), 0.9)]

    crop = square_crop(TALL, faces)

    assert crop.box.top <= 300 - 200 * WHOLE_FACE.top
    assert crop.box.bottom >= 1150 + 210 * WHOLE_FACE.bottom


def test_a_face_longer_than_the_window_is_centred_on() -> None:
    crop = square_crop(Size(900, 1600), [Face(Box(0, 300, 900, 1000), 0.9)])

    assert crop.box == Box(0, 300, 900, 900)
    assert (crop.faces_kept, crop.faces_cut, crop.score) == (0, 1, 0)


@pytest.mark.parametrize(
    ("frame", "score"),
    [
        pytest.param(Size(900, 900), 100, id="square"),
        pytest.param(Size(1800, 900), 50, id="twice-as-wide"),
    ],
)
def test_without_faces_the_score_is_the_part_of_the_area_that_is_kept(
    frame: Size, score: int
) -> None:
    assert square_crop(frame, []).score == score


@pytest.mark.parametrize(
    ("window", "box"),
    [
        pytest.param(Size(1200, 900), Box(400, 0, 1200, 900), id="4:3"),
        pytest.param(Size(1600, 400), Box(0, 0, 1600, 400), id="4:1"),
    ],
)
def test_a_window_of_another_shape_slides_along_the_free_axis(window: Size, box: Box) -> None:
    assert window_crop(WIDE, window, [Face(Box(1500, 50, 90, 90), 0.9)]).box == box


@pytest.mark.parametrize(
    "window",
    [
        pytest.param(Size(800, 800), id="spans-no-axis"),
        pytest.param(Size(1700, 900), id="too-wide"),
        pytest.param(Size(1600, 901), id="too-high"),
    ],
)
def test_a_window_that_does_not_fit_is_refused(window: Size) -> None:
    with pytest.raises(ValueError, match="does not span"):
        window_crop(WIDE, window, [])


@st.composite
def frames_with_faces(draw: st.DrawFn, max_faces: int = 6) -> tuple[Size, list[Face]]:
    frame = Size(draw(st.integers(1, 4000)), draw(st.integers(1, 4000)))
    faces = []
    for _ in range(draw(st.integers(0, max_faces))):
        left, top = draw(st.integers(0, frame.width - 1)), draw(st.integers(0, frame.height - 1))
        width = draw(st.integers(1, frame.width - left))
        height = draw(st.integers(1, frame.height - top))
        faces.append(Face(Box(left, top, width, height), draw(st.integers(50, 100)) / 100))
    return frame, faces


@given(frames_with_faces())
def test_the_box_is_a_square_of_the_short_side_inside_the_frame(
    case: tuple[Size, list[Face]],
) -> None:
    frame, faces = case

    crop = square_crop(frame, faces)

    assert crop.box.width == crop.box.height == frame.short_side
    assert holds(Box(0, 0, *frame), crop.box)
    assert crop.faces_kept + crop.faces_cut == len(faces)
    assert 0 <= crop.score <= 100


@given(frames_with_faces(max_faces=1))
def test_a_single_face_that_fits_is_never_cut(case: tuple[Size, list[Face]]) -> None:
    frame, faces = case
    fits = [face for face in faces if max(face.box[2:]) * 1.3 < frame.short_side]

    assert square_crop(frame, fits).faces_cut == 0


@given(frames_with_faces())
def test_of_faces_that_fit_the_window_keeps_at_least_what_the_centre_keeps(
    case: tuple[Size, list[Face]],
) -> None:
    frame, faces = case
    faces = [face for face in faces if max(_whole(face.box, frame)[2:]) <= frame.short_side]
    case = (frame, faces)
    centre = square_crop(frame, []).box

    assert _weight_held(square_crop(frame, faces).box, case) >= _weight_held(centre, case)


@given(frames_with_faces())
def test_a_mirrored_frame_gives_the_mirrored_box(case: tuple[Size, list[Face]]) -> None:
    frame, faces = case
    crop = square_crop(frame, faces)

    mirrored = square_crop(frame, [Face(_mirrored(face.box, frame), face.score) for face in faces])

    back = _mirrored(mirrored.box, frame)
    same_place = abs(back.left - crop.box.left) <= 1 and back.top == crop.box.top
    assert same_place or _is_a_tie(back, crop.box, case)


# A result that was kept stands for what would be made now, so the two change together.
CHOSEN = {1: "c2e1a4289398b0ea"}


def test_a_box_that_is_chosen_otherwise_comes_with_another_version() -> None:
    draw = random.Random(7)
    chosen = sha256()
    for _ in range(300):
        frame = Size(draw.randint(16, 2000), draw.randint(16, 2000))
        faces = [_drawn_face(draw, frame) for _ in range(draw.randint(0, 5))]
        chosen.update(repr(tuple(square_crop(frame, faces))).encode())

    assert {CROP_VERSION: chosen.hexdigest()[:16]} == CHOSEN


def _drawn_face(draw: random.Random, frame: Size) -> Face:
    side = draw.randint(4, frame.short_side // 2)
    left, top = draw.randint(0, frame.width - side), draw.randint(0, frame.height - side)
    return Face(Box(left, top, side, side), draw.randint(50, 99) / 100)


def _weight_held(box: Box, case: tuple[Size, list[Face]]) -> int:
    """The weight of the faces that `box` holds with hair and chin, in thousandths."""
    frame, faces = case
    return sum(round(f.score * 1000) for f in faces if holds(box, _whole(f.box, frame)))


def _whole(box: Box, frame: Size) -> Box:
    """The face that belongs to a found box; along the axis that does not slide the box itself."""
    if frame.width >= frame.height:
        return box
    top = max(0, box.top - int(box.height * WHOLE_FACE.top + 0.5))
    bottom = min(frame.height, box.bottom + int(box.height * WHOLE_FACE.bottom + 0.5))
    return Box(box.left, top, box.width, bottom - top)


def _mirrored(box: Box, frame: Size) -> Box:
    return box._replace(left=frame.width - box.right)


def _is_a_tie(one: Box, other: Box, case: tuple[Size, list[Face]]) -> bool:
    """Two places that hold the same weight equally far from the middle: either is right."""
    frame, _ = case
    distances = [abs(2 * box.left + box.width - frame.width) for box in (one, other)]
    return (
        _weight_held(one, case) == _weight_held(other, case)
        and abs(distances[0] - distances[1]) <= 2
    )
