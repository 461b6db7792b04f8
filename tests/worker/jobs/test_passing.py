"""One pass for everyone: who wants the same frame shares it, and each is let go of."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.worker.jobs.counting import Counting
from tests.worker.jobs.snapshot_bench import opener
from worker.contracts.passes import Wanted
from worker.decoders.pyav import PyavDecoder
from worker.errors import MediaError
from worker.jobs.finishing import Picture
from worker.jobs.passing import Missing, Order, merged, run_pass
from worker.jobs.timing import Stopwatch

CountClip = Callable[[Counting], Path]


def test_who_wants_the_same_frame_gets_it_from_one_order(count_clip: CountClip) -> None:
    taken: list[tuple[str, int | None]] = []

    def taker(name: str) -> Callable[[Picture | None], None]:
        return lambda picture: taken.append((name, picture and picture.frame.pts_ms))

    orders = merged(
        [
            Order(Wanted(900), (taker("last"),)),
            Order(Wanted(100), (taker("still"),)),
            Order(Wanted(100), (taker("tile"),)),
            Order(Wanted(100, "nearest_key"), (taker("sample"),)),
        ]
    )

    with (
        closing(opener(count_clip(Counting(frames=10)))()) as reader,
        closing(PyavDecoder().open(reader, needed_px=None)) as medium,
    ):
        missing = run_pass(medium, orders, tell=lambda share, at_ms: None, watch=Stopwatch())

    assert taken == [("still", 100), ("tile", 100), ("sample", 0), ("last", 900)]
    assert missing == Missing((), 3)


def test_a_pass_for_nobody_decodes_nothing(count_clip: CountClip) -> None:
    with (
        closing(opener(count_clip(Counting(frames=10)))()) as reader,
        closing(PyavDecoder().open(reader, needed_px=None)) as medium,
    ):
        watch = Stopwatch()

        assert run_pass(medium, [], tell=lambda *_: None, watch=watch) == Missing((), 0)
        assert watch.timings().decode == 0


@pytest.mark.parametrize(
    ("missing", "of", "least_share", "is_enough"),
    [
        pytest.param(0, 4, 1.0, True, id="all"),
        pytest.param(2, 4, 0.5, True, id="just-enough"),
        pytest.param(3, 4, 0.5, False, id="too-few"),
        pytest.param(1, 4, 1.0, False, id="all-are-needed"),
        pytest.param(3, 4, 0.0, True, id="one-suffices"),
        pytest.param(4, 4, 0.0, False, id="none-never-does"),
        pytest.param(0, 0, 0.5, True, id="nothing-was-wanted"),
    ],
)
def test_how_many_may_be_missing(
    missing: int, of: int, least_share: float, is_enough: bool
) -> None:
    came = Missing(tuple(Wanted(number) for number in range(missing)), of)

    if is_enough:
        came.check(least_share)
        return
    with pytest.raises(MediaError) as caught:
        came.check(least_share)
    assert caught.value.code == "media.frames_missing"
    assert f"{of - missing} of {of}" in caught.value.message
