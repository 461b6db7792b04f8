"""Candidates for a cover: good frames that differ."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from tests.worker.jobs.counting import Counting, number_in
from tests.worker.jobs.snapshot_bench import told

CountClip = Callable[[Counting], Path]
SCENES = Counting(frames=200, gop=5, scenes=8)


def scene_of(number: int) -> int:
    return number * SCENES.scenes // SCENES.frames


def test_candidates_are_of_different_scenes_by_falling_score(count_clip: CountClip) -> None:
    result, album = told(count_clip(SCENES), candidates=5)

    found = result.candidates
    assert [one.path for one in found] == [f"candidate-0{n}.png" for n in (1, 2, 3, 4, 5)]
    scenes = [scene_of(number_in(album.picture(one))) for one in found]
    assert all(one != other for one, other in combinations(scenes, 2))
    scores = [one.score for one in found if one.score is not None]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] > 0


def test_candidates_tell_their_frame(count_clip: CountClip) -> None:
    result, album = told(count_clip(SCENES), candidates=3, width=160)

    for one in result.candidates:
        assert one.pts_ms == number_in(album.picture(one)) * 100
        assert one.pts_ms % 500 == 0
        assert (one.width, one.height, one.faces) == (160, 90, 0)


def test_a_clip_that_never_changes_has_one_candidate(count_clip: CountClip) -> None:
    result, album = told(count_clip(Counting(frames=1)), candidates=5)

    assert len(result.candidates) == 1
    assert list(album.files) == ["candidate-01.png"]


def test_a_short_clip_with_one_key_frame_has_candidates_too(count_clip: CountClip) -> None:
    clip = Counting(frames=80, gop=500, scenes=8)

    assert len(told(count_clip(clip), candidates=4)[0].candidates) == 4


@pytest.mark.parametrize("candidates", [1, 2])
def test_only_the_best_are_put(count_clip: CountClip, candidates: int) -> None:
    result, album = told(count_clip(SCENES), candidates=candidates)

    everyone, _ = told(count_clip(SCENES), candidates=5)
    assert len(album.files) == candidates
    assert result.candidates[0].score is not None
    assert everyone.candidates[0].score is not None
    assert result.candidates[0].score >= everyone.candidates[0].score * 0.8
