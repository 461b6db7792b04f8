"""What follows a failed attempt: another one after a delay, or the end."""

from typing import Final, NamedTuple

from worker.errors import CoverError, Retry

BASE_DELAY_S: Final = 2.0
MAX_DELAY_S: Final = 600.0
_MORE_TRIES: Final = {Retry.ONCE: 1, Retry.TWICE: 2}
# A medium that was just written may not be readable everywhere yet.
_FIXED_DELAY_S: Final = {"source.not_found": 5.0}


class Tried(NamedTuple):
    """What a job has been through, the failed attempt included.

    `attempts` leaves out those that only waited for a dependency; `same_failures` counts those
    with the code at hand; `age_s` runs from the start of the first attempt.
    """

    attempts: int
    same_failures: int
    age_s: float


class Budget(NamedTuple):
    """How much one job may spend."""

    attempts: int
    age_s: float


def delay_before_retry(
    error: CoverError, tried: Tried, budget: Budget, *, draw: float
) -> float | None:
    """Seconds until the next attempt, or None to give up; `draw` is a random number in [0, 1).

    Doubling delays with full jitter (base 2 s, at most 10 min), or what the other side asked for.
    """
    if not _may_try(error.row.retry, tried, budget):
        return None
    delay_s = _delay(error, tried, draw)
    return delay_s if tried.age_s + delay_s < budget.age_s else None


def spends_attempt(error: CoverError) -> bool:
    """Whether a failure counts against the budget of attempts."""
    return error.row.retry is not Retry.WAIT


def _may_try(retry: Retry, tried: Tried, budget: Budget) -> bool:
    if retry is Retry.WAIT:
        return True
    if retry in _MORE_TRIES and tried.same_failures > _MORE_TRIES[retry]:
        return False
    return retry not in {Retry.NEVER, Retry.CALLER} and tried.attempts < budget.attempts


def _delay(error: CoverError, tried: Tried, draw: float) -> float:
    if error.delay_s is not None:
        return min(error.delay_s, MAX_DELAY_S)
    if error.code in _FIXED_DELAY_S:
        return _FIXED_DELAY_S[error.code]
    waiting = error.row.retry is Retry.WAIT
    doublings = min((tried.same_failures if waiting else tried.attempts) - 1, 20)
    return draw * min(BASE_DELAY_S * 2.0**doublings, MAX_DELAY_S)
