"""What follows a failed attempt: another one after a delay, or the end."""

from math import inf
from typing import Final, NamedTuple

from worker.errors import CoverError, Retry

BASE_DELAY_S: Final = 2.0
MAX_DELAY_S: Final = 600.0
# The delays that Standard Webhooks 1.0 gives as its example: ten attempts in about three days.
WEBHOOK_SCHEDULE_S: Final = (5.0, 300.0, 1800.0, 7200.0, 18e3, 36e3, 50_400.0, 72e3, 86_400.0)
_SCHEDULE_JITTER: Final = 0.2
# An account's turn comes when it comes: who waits for it neither spends attempts nor grows old. Of
# hundreds of thousands not too many may come back in each moment.
TURNS: Final = frozenset({"provider.throttled", "provider.paused", "record.waiting"})
LONGEST_TURN_S: Final = 3600.0
_LONGEST_S: Final = {
    "notify": WEBHOOK_SCHEDULE_S[-1] * (1 + _SCHEDULE_JITTER),
    "record": LONGEST_TURN_S,
}
_MORE_TRIES: Final = {Retry.ONCE: 1, Retry.TWICE: 2}
# A medium that was just written may not be readable everywhere yet.
_FIXED_DELAY_S: Final = {"source.not_found": 5.0}


class Tried(NamedTuple):
    """What a job has been through, the failed attempt included.

    `attempts` leaves out those that only waited for a dependency; `same_failures` counts those
    with the code at hand; `age_s` runs from the start of the first attempt, but not during waits
    for a turn; `queued_s` runs all the time since it was lined up.
    """

    attempts: int
    same_failures: int
    age_s: float
    queued_s: float = 0


class Budget(NamedTuple):
    """How much one job may spend; with a `schedule_s` its delays are those, one after another.

    Turns are waited for until it has been lined up for `queued_s`.
    """

    attempts: int
    age_s: float
    schedule_s: tuple[float, ...] = ()
    queued_s: float = inf


def delay_before_retry(
    error: CoverError, tried: Tried, budget: Budget, *, draw: float
) -> float | None:
    """Seconds until the next attempt, or None to give up; `draw` is a random number in [0, 1).

    Doubling delays with full jitter (base 2 s, at most 10 min), or what the other side asked for.
    Those of a schedule have 20 % of jitter, and the last attempt is made when the age is reached.
    """
    if not _may_try(error.row.retry, tried, budget):
        return None
    if error.code in TURNS:
        delay_s = _delay(error, tried, draw)
        return delay_s if delay_s < budget.queued_s - tried.queued_s else None
    left_s = budget.age_s - tried.age_s
    if budget.schedule_s and error.row.retry is Retry.BACKOFF:
        delay_s = _scheduled(error, tried, budget.schedule_s, draw)
        return min(delay_s, left_s) if left_s > 0 else None
    delay_s = _delay(error, tried, draw)
    return delay_s if delay_s < left_s else None


def spends_attempt(error: CoverError) -> bool:
    """Whether a failure counts against the budget of attempts."""
    return error.row.retry is not Retry.WAIT


def longest_delay_s(lane: str) -> float:
    """What no delay in the lane is longer than."""
    return _LONGEST_S.get(lane, MAX_DELAY_S)


def _may_try(retry: Retry, tried: Tried, budget: Budget) -> bool:
    if retry is Retry.WAIT:
        return True
    if retry in _MORE_TRIES and tried.same_failures > _MORE_TRIES[retry]:
        return False
    return retry not in {Retry.NEVER, Retry.CALLER} and tried.attempts < budget.attempts


def _scheduled(
    error: CoverError, tried: Tried, schedule_s: tuple[float, ...], draw: float
) -> float:
    """The next of the schedule, or what the other side asked for where that is longer."""
    planned_s = schedule_s[min(tried.attempts, len(schedule_s)) - 1]
    jittered_s = planned_s * (1 + _SCHEDULE_JITTER * (2 * draw - 1))
    return min(max(jittered_s, error.delay_s or 0), schedule_s[-1])


def _delay(error: CoverError, tried: Tried, draw: float) -> float:
    if error.delay_s is not None:
        return min(error.delay_s, LONGEST_TURN_S if error.code in TURNS else MAX_DELAY_S)
    if error.code in _FIXED_DELAY_S:
        return _FIXED_DELAY_S[error.code]
    waiting = error.row.retry is Retry.WAIT
    doublings = min((tried.same_failures if waiting else tried.attempts) - 1, 20)
    return draw * min(BASE_DELAY_S * 2.0**doublings, MAX_DELAY_S)
