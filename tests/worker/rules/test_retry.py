"""After a failure: again when, or never."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import CODES, CoverError, ProviderError, Retry, WebhookError, error_of
from worker.rules.retry import (
    LONGEST_TURN_S,
    MAX_DELAY_S,
    TURNS,
    WEBHOOK_SCHEDULE_S,
    Budget,
    Tried,
    delay_before_retry,
    longest_delay_s,
    spends_attempt,
)

BUDGET = Budget(attempts=5, age_s=1800)
ALMOST_ONE = 0.999


def after(
    code: str, *, attempts: int = 1, same: int = 1, age_s: float = 1, draw: float = ALMOST_ONE
) -> float | None:
    return delay_before_retry(
        error_of(code, "failed"), Tried(attempts, same, age_s), BUDGET, draw=draw
    )


@pytest.mark.parametrize(
    ("code", "tries"),
    [
        pytest.param("media.corrupt", 1, id="never"),
        pytest.param("media.decode_timeout", 2, id="once"),
        pytest.param("source.timeout", 3, id="twice"),
        pytest.param("source.unreachable", 5, id="backoff-until-the-budget-is-spent"),
        pytest.param("queue.unavailable", 1, id="caller"),
    ],
)
def test_a_code_is_tried_as_often_as_its_row_says(code: str, tries: int) -> None:
    failures = 1
    while after(code, attempts=failures, same=failures) is not None:
        failures += 1

    assert failures == tries


def test_one_more_try_counts_failures_of_its_own_code_only() -> None:
    assert after("media.decode_timeout", attempts=3, same=1) is not None


@pytest.mark.parametrize(
    ("attempts", "longest_s"),
    [
        pytest.param(1, 2, id="first"),
        pytest.param(2, 4, id="second"),
        pytest.param(4, 16, id="fourth"),
    ],
)
def test_delays_double_with_full_jitter(attempts: int, longest_s: float) -> None:
    delays = [after("source.unreachable", attempts=attempts, draw=d) for d in (0, 0.5, ALMOST_ONE)]

    assert delays == pytest.approx([0, longest_s / 2, longest_s * ALMOST_ONE])


def test_a_dependency_is_waited_for_beyond_the_budget_of_attempts() -> None:
    error = error_of("storage.full", "full")

    assert not spends_attempt(error)
    assert after("storage.full", attempts=0, same=40) == pytest.approx(600 * ALMOST_ONE)


def test_a_dependency_is_not_waited_for_longer_than_a_job_may_last() -> None:
    assert after("storage.full", same=40, age_s=1700) is None


def test_a_store_that_stays_away_ends_the_job() -> None:
    assert after("storage.unavailable", attempts=5, same=5) is None


def test_a_source_that_is_not_there_yet_is_looked_for_after_five_seconds() -> None:
    assert after("source.not_found", draw=0) == 5
    assert after("source.not_found", attempts=2, same=2) is None


@pytest.mark.parametrize(
    ("asked_s", "waited_s"),
    [
        pytest.param(7, 7, id="as-asked"),
        pytest.param(0, 0, id="at-once"),
        pytest.param(3600, 600, id="at-most-ten-minutes"),
    ],
)
def test_what_the_other_side_asks_for_is_done(asked_s: float, waited_s: float) -> None:
    error = CoverError("source.throttled", delay_s=asked_s)

    assert delay_before_retry(error, Tried(1, 1, 1), BUDGET, draw=0.5) == waited_s


def test_nothing_starts_after_the_end_of_the_time_allowed() -> None:
    assert after("source.unreachable", age_s=1799) is None


@given(
    code=st.sampled_from(sorted(CODES)),
    attempts=st.integers(0, 50),
    same=st.integers(1, 50),
    age_s=st.floats(0, 4000),
    draw=st.floats(0, 1, exclude_max=True),
)
def test_a_delay_is_bounded_and_fits_into_the_time_allowed(
    code: str, attempts: int, same: int, age_s: float, draw: float
) -> None:
    delay_s = after(code, attempts=attempts, same=same, age_s=age_s, draw=draw)

    if delay_s is not None:
        assert 0 <= delay_s <= 600
        assert code in TURNS or age_s + delay_s < BUDGET.age_s
        assert CODES[code].retry not in {Retry.NEVER, Retry.CALLER}


PLANNED = Budget(attempts=4, age_s=1000, schedule_s=(5, 300, 900))


def planned(
    attempts: int, *, draw: float = 0.5, age_s: float = 0, asked_s: float | None = None
) -> float | None:
    error = WebhookError("webhook.delivery_failed", delay_s=asked_s)
    return delay_before_retry(error, Tried(attempts, attempts, age_s), PLANNED, draw=draw)


def test_a_schedule_gives_the_delays_one_after_another_with_a_fifth_of_jitter() -> None:
    assert [planned(attempts) for attempts in (1, 2, 3, 4)] == [5, 300, 900, None]
    assert [planned(2, draw=draw) for draw in (0, 1)] == pytest.approx([240, 360])


def test_a_pause_that_was_asked_for_counts_where_it_is_longer() -> None:
    assert planned(1, asked_s=60) == 60
    assert planned(2, asked_s=60) == 300


def test_the_last_attempt_of_a_schedule_is_made_when_its_time_is_over() -> None:
    assert planned(3, age_s=700) == 300
    assert planned(3, age_s=1001) is None


def test_no_delay_of_a_lane_is_longer_than_is_told() -> None:
    assert longest_delay_s("live") == MAX_DELAY_S
    assert longest_delay_s("record") == LONGEST_TURN_S
    assert longest_delay_s("notify") >= 1.2 * max(WEBHOOK_SCHEDULE_S)


@pytest.mark.parametrize("code", sorted(TURNS))
def test_a_turn_is_waited_for_at_any_age_until_it_was_lined_up_for_too_long(code: str) -> None:
    error = ProviderError(code, delay_s=2000)
    budget = BUDGET._replace(queued_s=100_000)

    def after_turns(queued_s: float) -> float | None:
        return delay_before_retry(error, Tried(0, 40, 90_000, queued_s), budget, draw=0)

    assert after_turns(90_000) == 2000
    assert after_turns(98_001) is None
