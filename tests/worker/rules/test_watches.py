import pytest

from worker.rules.watches import look_delay_s


@pytest.mark.parametrize(
    ("every_s", "failures", "asked_s", "expected_s"),
    [
        pytest.param(300, 0, None, 300, id="usual"),
        pytest.param(300, 1, None, 600, id="a-failure"),
        pytest.param(300, 3, None, 2400, id="failures"),
        pytest.param(300, 9, None, 3600, id="an-hour-at-most"),
        pytest.param(86_400, 2, None, 86_400, id="seldom-anyway"),
        pytest.param(300, 1, 1000, 1000, id="asked-for-more"),
        pytest.param(300, 3, 1000, 2400, id="asked-for-less"),
        pytest.param(300, 1, 1e9, 3600, id="asked-for-too-much"),
        pytest.param(1, 10_000, None, 3600, id="down-for-months"),
    ],
)
def test_the_next_look_is_after(
    every_s: float, failures: int, asked_s: float | None, expected_s: float
) -> None:
    delay_s = look_delay_s(every_s, failures=failures, asked_s=asked_s, draw=0.5)

    assert delay_s == expected_s


def test_looks_are_spread_by_a_tenth() -> None:
    assert look_delay_s(100, draw=0) == pytest.approx(90)
    assert look_delay_s(100, draw=0.999_999) == pytest.approx(110, rel=1e-4)
