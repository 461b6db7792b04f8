"""The laws of the Animator port, for every animator; Pillow and PyAV open what they made."""

from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import accumulate
from typing import NamedTuple

import av
import numpy as np
import pytest

from tests.moving import Pixels, psnr_db, scenes, unrolled, view_of
from worker import registry
from worker.errors import ImageError, MediaError
from worker.ports import Animator, View

FRAME_MS = 100


class Film(NamedTuple):
    """An animation as it is played: the pictures, and when each begins."""

    pictures: list[Pixels]
    starts_ms: list[int]
    total_ms: int

    def at(self, ms: int) -> Pixels:
        """The picture that is shown at that time."""
        return self.pictures[sum(start <= ms for start in self.starts_ms) - 1]


def played_by_pillow(data: bytes) -> Film:
    frames = unrolled(data)
    *starts, total = accumulate((duration for _, duration in frames), initial=0)
    return Film([pixels for pixels, _ in frames], starts, total)


def played_by_pyav(data: bytes) -> Film:
    with av.open(BytesIO(data), "r") as container:
        frames = list(container.decode(video=0))
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        total_ms = round(stream.duration * stream.time_base * 1000)
    return Film(
        [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames],
        [round((frame.time or 0) * 1000) for frame in frames],
        total_ms,
    )


PLAYERS: dict[str, Callable[[bytes], Film]] = {
    "webp": played_by_pillow,
    "gif": played_by_pillow,
    "mp4": played_by_pyav,
}
TYPES = {"webp": "image/webp", "gif": "image/gif", "mp4": "video/mp4"}


@pytest.fixture(params=sorted(registry.ANIMATORS))
def animator(request: pytest.FixtureRequest) -> Animator:
    made: Animator = registry.load(registry.ANIMATORS, request.param)()
    return made


def animated(animator: Animator, frames: list[Pixels], *, quality: int = 85) -> bytes:
    return animator.animate(
        (view_of(frame) for frame in frames), frame_ms=FRAME_MS, quality=quality
    )


def played(animator: Animator, data: bytes) -> Film:
    return PLAYERS[animator.extension](data)


def test_type_and_extension_are_those_of_the_format(animator: Animator) -> None:
    assert animator.content_type == TYPES[animator.extension]


def test_every_frame_is_shown_in_its_time(animator: Animator) -> None:
    frames = scenes(12)

    film = played(animator, animated(animator, frames))

    assert film.total_ms == 12 * FRAME_MS
    for number, frame in enumerate(frames):
        shown = film.at(number * FRAME_MS + FRAME_MS // 2)
        assert [psnr_db(shown, other) for other in frames].index(
            max(psnr_db(shown, other) for other in frames)
        ) == number
        assert psnr_db(shown, frame) > 22


@pytest.mark.parametrize(
    "order",
    [
        pytest.param([0, 0, 0, 1, 1, 2], id="some-alike"),
        pytest.param([0, 1, 2, 2, 2], id="the-last-ones-alike"),
    ],
)
def test_frames_alike_take_their_time_all_the_same(animator: Animator, order: list[int]) -> None:
    frames = scenes(3)

    film = played(animator, animated(animator, [frames[number] for number in order]))

    assert film.total_ms == len(order) * FRAME_MS
    for place, number in enumerate(order):
        assert psnr_db(film.at(place * FRAME_MS + 50), frames[number]) > 22


@pytest.mark.parametrize("frame_ms", [33, 66, 67, 125])
def test_the_whole_takes_as_long_as_its_frames(animator: Animator, frame_ms: int) -> None:
    views = map(view_of, scenes(20))

    film = played(animator, animator.animate(views, frame_ms=frame_ms, quality=60))

    # GIF counts in hundredths of a second.
    assert abs(film.total_ms - 20 * frame_ms) <= (5 if animator.extension == "gif" else 1)


def test_the_size_is_the_frames(animator: Animator) -> None:
    film = played(animator, animated(animator, scenes(3, 98, 54)))

    assert {picture.shape for picture in film.pictures} == {(54, 98, 3)}


def test_one_frame_is_one_frame(animator: Animator) -> None:
    (frame,) = scenes(1)

    film = played(animator, animated(animator, [frame]))

    assert len(film.pictures) == 1
    assert psnr_db(film.pictures[0], frame) > 22


def test_the_same_frames_give_the_same_bytes(animator: Animator) -> None:
    frames = scenes(12)
    first = animated(animator, frames)

    # What lies about in memory must not matter.
    rubbish = [np.random.default_rng(n).bytes(50_000 + 7_000 * n) for n in range(20)][::2]

    assert [animated(animator, frames) == first for _ in range(3)] == [True] * 3
    assert rubbish


def test_colours_stay(animator: Animator) -> None:
    colours = [(200, 30, 40), (30, 160, 60), (40, 60, 190), (128, 128, 128), (250, 250, 250)]
    frames = [np.full((48, 64, 3), colour, np.uint8) for colour in colours]

    film = played(animator, animated(animator, frames, quality=95))

    for number, frame in enumerate(frames):
        error = film.at(number * FRAME_MS + 50).astype(int) - frame
        assert np.abs(error.mean(axis=(0, 1))).max() < 4


def test_more_quality_is_never_less_like_the_frames(animator: Animator) -> None:
    frames = scenes(4)

    likeness = [
        psnr_db(played(animator, animated(animator, frames, quality=quality)).at(50), frames[0])
        for quality in (10, 50, 95)
    ]

    assert likeness[0] <= likeness[1] <= likeness[2]


def test_views_are_taken_one_by_one(animator: Animator) -> None:
    alive = 0

    def views() -> Iterator[View]:
        nonlocal alive
        for frame in scenes(8):
            memory = bytearray(frame.tobytes())
            yield View(96, 64, memoryview(memory))
            memory[:] = bytes(len(memory))
            alive += 1

    film = played(animator, animator.animate(views(), frame_ms=FRAME_MS, quality=85))

    assert alive == 8
    assert psnr_db(film.at(50), scenes(8)[0]) > 22
    assert psnr_db(film.at(750), scenes(8)[7]) > 22


@pytest.mark.parametrize(
    "views",
    [
        pytest.param([], id="no-views"),
        pytest.param([View(0, 0, memoryview(b""))], id="no-pixels"),
        pytest.param([View(16, 16, memoryview(bytes(30)))], id="too-few-pixels"),
        pytest.param([view_of(scenes(1)[0]), view_of(scenes(1, 90)[0])], id="different-sizes"),
    ],
)
def test_what_is_no_film_is_an_encoding_error(animator: Animator, views: list[View]) -> None:
    with pytest.raises(ImageError) as caught:
        animator.animate(views, frame_ms=FRAME_MS, quality=85)

    assert caught.value.code == "image.encode_failed"


@pytest.mark.parametrize("after", [0, 3])
def test_a_failure_of_the_frames_goes_through(animator: Animator, after: int) -> None:
    def views() -> Iterator[View]:
        yield from map(view_of, scenes(after))
        raise MediaError("media.corrupt")

    with pytest.raises(MediaError):
        animator.animate(views(), frame_ms=FRAME_MS, quality=85)
