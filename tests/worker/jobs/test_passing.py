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
from worker.jobs.passing import Demand, Missing, merged, run_pass
from worker.jobs.timing import Stopwatch

CountClip = Callable[[Counting], Path]


def test_who_wants_the_same_frame_gets_it_from_one_demand(count_clip: CountClip) -> None:
    taken: list[tuple[str, int | None]] = []

    def taker(name: str) -> Callable[[Picture | None], None]:
        return lambda picture: taken.append((name, picture and picture.frame.pts_ms))

    demands = merged(
        [
            Demand(Wanted(900), (taker("last"),)),
            Demand(Wanted(100), (taker("still"),)),
            Demand(Wanted(100), (taker("tile"),)),
            Demand(Wanted(100, "nearest_key"), (taker("sample"),)),
        ]
    )

    with (
        closing(opener(count_clip(Counting(frames=10)))()) as reader,
        closing(PyavDecoder().open(reader, needed_px=None)) as medium,
    ):
        missing = run_pass(medium, demands, tell=lambda share, at_ms: None, watch=Stopwatch())

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
    ("missing", "of", "least_share", "told"),
    [
        pytest.param(0, 4, 1.0, None, id="all"),
        pytest.param(2, 4, 0.5, None, id="just-enough"),
        pytest.param(3, 4, 0.5, ("media.frames_missing", "1 of 4"), id="too-few"),
        pytest.param(1, 4, 1.0, ("media.frames_missing", "3 of 4"), id="all-are-needed"),
        pytest.param(3, 4, 0.0, None, id="one-suffices"),
        pytest.param(4, 4, 0.0, ("media.corrupt", "4"), id="none-never-does"),
        pytest.param(0, 0, 0.5, None, id="nothing-was-wanted"),
    ],
)
def test_how_many_may_be_missing(
    missing: int, of: int, least_share: float, told: tuple[str, str] | None
) -> None:
    came = Missing(tuple(Wanted(number) for number in range(missing)), of)

    if told is None:
        came.check(least_share)
        return
    with pytest.raises(MediaError) as caught:
        came.check(least_share)
    code, numbers = told
    assert (caught.value.code, caught.value.stage) == (code, "decode")
    assert numbers in caught.value.message
