"""Which frames are kept as candidates."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.candidates import Sample, alike, with_faces, with_sample

FAR, NEAR = 0xFFFF0000, 0x3FF

SAMPLES = st.lists(
    st.builds(
        Sample,
        pts_ms=st.integers(0, 40),
        score=st.integers(0, 100).map(float),
        print=st.sampled_from([0, NEAR, FAR, 0xFFFF, 2**64 - 1, 0xF0F0F0F0F0F0F0F0]),
    ),
    max_size=30,
)


def kept_of(samples: list[Sample], most: int) -> list[Sample]:
    kept: list[Sample] = []
    for sample in samples:
        kept = with_sample(kept, sample, most)
    return kept


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(Sample(1, 5, 0), Sample(2, 9, 0), True, id="same-print"),
        pytest.param(Sample(1, 5, 0), Sample(2, 5, NEAR), True, id="ten-bits"),
        pytest.param(Sample(1, 5, 0), Sample(2, 5, 0x7FF), False, id="eleven-bits"),
        pytest.param(Sample(1, 5, 0), Sample(1, 5, FAR), True, id="same-frame"),
    ],
)
def test_samples_are_alike_by_ten_bits_or_by_time(one: Sample, other: Sample, same: bool) -> None:
    assert alike(one, other) is same
    assert alike(other, one) is same


def test_the_best_that_differ_are_kept_by_falling_score() -> None:
    samples = [
        Sample(0, 50, 0),
        Sample(1, 40, FAR),
        Sample(2, 60, NEAR),
        Sample(3, 45, FAR),
        Sample(4, 10, 2**64 - 1),
    ]

    assert kept_of(samples, 2) == [samples[2], samples[3]]
    assert kept_of(samples, 9) == [samples[2], samples[3], samples[4]]


def test_of_two_that_score_the_same_the_earlier_stays() -> None:
    assert kept_of([Sample(1, 7, 0), Sample(2, 7, 0)], 3) == [Sample(1, 7, 0)]


@given(samples=SAMPLES, most=st.integers(1, 8))
def test_what_is_kept_differs_and_is_no_more_than_asked(samples: list[Sample], most: int) -> None:
    kept = kept_of(samples, most)

    assert len(kept) <= most
    assert not any(alike(*pair) for pair in combinations(kept, 2))
    assert [one.score for one in kept] == sorted((one.score for one in kept), reverse=True)
    assert not samples or max(one.score for one in samples) == kept[0].score


def test_nothing_is_kept_where_none_is_asked_for() -> None:
    assert kept_of([Sample(1, 7, 0)], 0) == []


@pytest.mark.parametrize(
    ("score", "faces", "total"),
    [
        pytest.param(80, [], 60, id="nobody"),
        pytest.param(80, [0.5, 0.9], 82.5, id="the-best-face-counts"),
        pytest.param(100, [1.0], 100, id="no-more-than-a-hundred"),
        pytest.param(0, [1.0], 25, id="a-face-in-the-dark"),
    ],
)
def test_faces_raise_a_score(score: float, faces: list[float], total: float) -> None:
    assert with_faces(score, faces) == total
