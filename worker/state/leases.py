"""The leases: one attempt at a time may run a job, and only while it shows that it lives."""

import json
import secrets
import time
from collections.abc import Mapping
from math import inf
from random import SystemRandom
from typing import Any, Final, NamedTuple

import redis

from worker.contracts.jobs import REQUESTS, AnyRequest, AnyResult, AttemptedJob, Item
from worker.contracts.records import RecordedCover, RecordOrder, RecordResult
from worker.contracts.requests import CoverRequest
from worker.contracts.results import CoverResult, ErrorInfo
from worker.errors import CoverError, RequestError, WorkerError
from worker.rules.records import cover_of
from worker.rules.retry import TURNS, Budget, Tried, delay_before_retry, spends_attempt
from worker.state import lease_scripts
from worker.state.scripts import Script

# Bars move smoothly at this pace, and the stream of events holds minutes of a busy system.
PROGRESS_S: Final = 0.5

_random = SystemRandom()


class Limits(NamedTuple):
    """How long an attempt at a job of one kind may take, and its attempts with their delays.

    With a `schedule_s` the delays are those. `max_queued_s` is how long it may be lined up in all,
    where it only waits for its turn.
    """

    attempt_timeout_s: float
    max_job_age_s: float
    max_attempts: int
    schedule_s: tuple[float, ...] = ()
    max_queued_s: float = inf


class LeaseRules(NamedTuple):
    """How long a lease lives without a sign, and what a job may spend; `limits` by its kind.

    What is in the lane `notify` has the limits of `notify`, whatever it is.
    """

    lease_s: float
    limits: Mapping[str, Limits]
    max_lost_attempts: int


class Lost(NamedTuple):
    """A job whose attempt died, and what it is now: queued, or failed after too many."""

    item: Item
    status: str


class _Scripts:
    def __init__(self, client: redis.Redis) -> None:
        self.claim = Script(client, lease_scripts.CLAIM)
        self.hold = Script(client, lease_scripts.HOLD)
        self.look = Script(client, lease_scripts.LOOK)
        self.progress = Script(client, lease_scripts.PROGRESS)
        self.finish = Script(client, lease_scripts.FINISH)
        self.fail = Script(client, lease_scripts.FAIL)
        self.give_back = Script(client, lease_scripts.GIVE_BACK)
        self.give_up = Script(client, lease_scripts.GIVE_UP)
        self.expired = Script(client, lease_scripts.EXPIRED)


class Lease:
    """One attempt at a job, and the only one whose word changes the job's record.

    Every method raises RequestError `job.cancelled` or `job.superseded` when the attempt is over
    for the record, having changed nothing, and `queue.unavailable` when Redis does not answer.
    """

    def __init__(self, scripts: _Scripts, rules: LeaseRules, claimed: "_Claimed") -> None:
        self.job = claimed.job
        self._scripts = scripts
        self._rules = rules
        self._claimed = claimed
        in_lane = claimed.job.request.lane
        self._limits = rules.limits["notify" if in_lane == "notify" else claimed.item.kind]
        self._began_s = time.monotonic()
        self._told = _Told(-inf, -inf)

    @property
    def holder(self) -> tuple[str, str, str]:
        """Whose word counts for the record: the tenant, the item, the token."""
        return self.job.tenant, str(self._claimed.item), self._claimed.token

    @property
    def left_s(self) -> float:
        """Seconds until the attempt's deadline; negative after it."""
        return self._limits.attempt_timeout_s - (time.monotonic() - self._began_s)

    def renew(self) -> None:
        """Show that the attempt lives, for another `lease_s`."""
        self._held(self._scripts.hold, self._rules.lease_s * 1000, "")

    def look(self) -> None:
        """Ask whether the attempt still counts; cheap, since nothing is written."""
        self._held(self._scripts.look)

    def enter(self, stage: str) -> None:
        """Note the stage, so that it is known where the attempt died if it does.

        A Redis that does not answer stops no attempt: its end is fenced, and kept until it is told.
        Raises: WorkerError `worker.timeout` after the attempt's deadline.
        """
        self._check_deadline()
        self._noted(self._scripts.hold, self._rules.lease_s * 1000, stage)

    def progress(self, percent: float, at_ms: int | None = None) -> None:
        """Note how far the attempt is and show that it lives, as `enter` does.

        Only the first word, 100 %, and what comes `PROGRESS_S` after the last is passed on.
        Raises: as `enter`.
        """
        self._check_deadline()
        now_s, done = time.monotonic(), percent >= 100
        if now_s - self._told.at_s < PROGRESS_S and not (done and self._told.percent < 100):
            return
        self._told = _Told(now_s, percent)
        told = f"{min(max(percent, 0.0), 100.0):.1f}", "" if at_ms is None else at_ms
        self._noted(self._scripts.progress, self._rules.lease_s * 1000, *told)

    def finish(self, result: AnyResult, *, cover: RecordedCover | None = None) -> None:
        """End the job with its result; a job with a target lines its record up.

        `cover` is what is recorded, where it is not to be the one that `rules.records` chooses.
        """
        request, state = self.job.request, ""
        if isinstance(request, CoverRequest) and request.target and isinstance(result, CoverResult):
            cover = cover or cover_of(result, request.target, job=self.job.id)
        if isinstance(result, RecordResult):
            state = result.state
        told = cover.model_dump_json() if cover else ""
        self._held(self._scripts.finish, result.model_dump_json(), told, state)

    def fail(self, error: CoverError) -> float | None:
        """Queue the job again by the rules of retry, or end it as failed.

        Answers the seconds until the next attempt, None when there is none.
        """
        failures = dict(self._claimed.failures)
        failures[error.code] = failures.get(error.code, 0) + 1
        spends = spends_attempt(error)
        took_s = time.monotonic() - self._began_s
        tried = Tried(
            self._claimed.spent - (not spends),
            failures[error.code],
            self._claimed.age_s + took_s,
            self._claimed.queued_s + took_s,
        )
        limits = self._limits
        budget = Budget(
            *(limits.max_attempts, limits.max_job_age_s, limits.schedule_s, limits.max_queued_s)
        )
        delay_s = delay_before_retry(error, tried, budget, draw=_random.random())
        told = ErrorInfo(**error.facts())
        self._held(
            self._scripts.fail,
            *(told.model_dump_json(), json.dumps(failures)),
            "" if delay_s is None else delay_s * 1000,
            0 if spends else 1,
            int(error.code in TURNS),
        )
        return delay_s

    def give_back(self) -> None:
        """Queue the job again as if this attempt had not been: the worker has to stop."""
        self._held(self._scripts.give_back)

    def give_up(self) -> None:
        """Count this attempt as lost now; the process is about to end itself."""
        self._held(self._scripts.give_up, *_loss_limits(self._rules))

    def _check_deadline(self) -> None:
        if self.left_s < 0:
            raise WorkerError("worker.timeout")

    def _noted(self, script: Script, *arguments: str | float) -> None:
        """As `_held`, but a Redis that does not answer is passed over."""
        try:
            self._held(script, *arguments)
        except RequestError as error:
            if error.code != "queue.unavailable":
                raise

    def _held(self, script: Script, *arguments: str | float) -> None:
        claimed = self._claimed
        over = script(claimed.job.tenant, str(claimed.item), claimed.token, *arguments)
        if over:
            raise RequestError(over)


class _Told(NamedTuple):
    """The progress that was passed on last, and when by the monotonic clock."""

    at_s: float
    percent: float


class _Claimed(NamedTuple):
    item: Item
    job: AttemptedJob
    token: str
    spent: int
    age_s: float
    queued_s: float
    failures: dict[str, int]


def new_token(owner: str) -> str:
    """What tells one attempt from all others; drawn once a message, however often it claims."""
    return f"{owner}:{secrets.token_hex(8)}"


class Leases:
    """Gives leases on what was given to Celery, and takes back those that ran out."""

    def __init__(self, client: redis.Redis, rules: LeaseRules) -> None:
        self._rules = rules
        self._scripts = _Scripts(client)

    def claim(self, item: Item, token: str) -> Lease | None:
        """Begin an attempt, which is counted; None when the item is not waiting for one.

        Then the message that brought it is an old or a second one, and is dropped. `token` is of
        `new_token`; a claim repeated with the same one gives the same attempt.
        """
        row = self._scripts.claim(str(item), token, self._rules.lease_s * 1000)
        return Lease(self._scripts, self._rules, _claimed(item, token, row)) if row else None

    def take_back_expired(self) -> list[Lost]:
        """Count as lost every attempt whose lease ran out, and queue or fail its job."""
        rows = self._scripts.expired(*_loss_limits(self._rules))
        return [Lost(Item.parse(item), status) for item, status in rows]


def _claimed(item: Item, token: str, row: list[Any]) -> _Claimed:
    tenant, attempts, spent, age_ms, failures, without_faces, request, fence, cover, queued_ms = row
    job = AttemptedJob(
        id=item.id,
        tenant=tenant,
        request=_request(item.kind, request, fence, cover),
        attempt=int(attempts),
        without_faces=without_faces == "1",
    )
    times_s = (int(age_ms) / 1000, int(queued_ms) / 1000)
    return _Claimed(item, job, token, int(spent), *times_s, json.loads(failures or "{}"))


def _request(kind: str, told: str, fence: str | None, cover: str | None) -> AnyRequest:
    """The request as it is now: an order's fence and cover are told after it was made."""
    request = REQUESTS[kind].model_validate_json(told)
    if not isinstance(request, RecordOrder) or fence is None:
        return request
    known = RecordedCover.model_validate_json(cover) if cover else None
    return request.model_copy(update={"fence": int(fence), "cover": known})


def _loss_limits(rules: LeaseRules) -> tuple[str | float, ...]:
    told = ErrorInfo(**WorkerError("worker.lost").facts())
    spent = {
        kind: (limits.max_job_age_s * 1000, limits.max_attempts)
        for kind, limits in rules.limits.items()
    }
    return (rules.max_lost_attempts, json.dumps(spent), told.model_dump_json())
