"""Looks at watched albums: which is next, by whom and when, and what follows from what was seen."""

import secrets
from random import SystemRandom
from typing import Final, NamedTuple

import redis

from worker.contracts.requests import CoverRequest
from worker.contracts.results import ErrorInfo
from worker.contracts.watches import Sight
from worker.errors import CoverError
from worker.rules.watches import look_delay_s
from worker.state import watch_scripts
from worker.state.job_scripts import new_job
from worker.state.scripts import Script

_random: Final = SystemRandom()


class LookRules(NamedTuple):
    """How often each album is looked at, how many looks a second begin in all, and how long one
    may take before somebody else looks.
    """

    every_s: float
    per_second: float
    hold_s: float


class Look(NamedTuple):
    """One look at the album of a watch; its word counts as long as nobody else was given one."""

    tenant: str
    watch: str
    token: str
    request: CoverRequest
    failures: int


class NextLook(NamedTuple):
    """A look that begins now, or seconds to wait until one may; neither when nothing is due."""

    look: Look | None = None
    wait_s: float | None = None


class Looks:
    """Gives looks, whichever process asks, and makes a job where the first medium is another.

    Every method raises RequestError `queue.unavailable` when Redis does not do its part.
    """

    def __init__(self, client: redis.Redis, rules: LookRules) -> None:
        self._rules = rules
        self._claim = Script(client, watch_scripts.CLAIM)
        self._saw = Script(client, watch_scripts.SAW)
        self._missed = Script(client, watch_scripts.MISSED)

    def next(self) -> NextLook:
        """Begin the look that is due first; watches whose job is under way are put off."""
        rules, token = self._rules, secrets.token_hex(8)
        found = self._claim(
            token, rules.hold_s * 1000, 1000 / rules.per_second, self._delay_s() * 1000
        )
        if len(found) < 2:
            return NextLook(wait_s=float(found[0]) / 1000 if found else None)
        _, tenant, watch, request, failures = found
        wanted = CoverRequest.model_validate_json(request)
        return NextLook(Look(tenant, watch, token, wanted, int(failures)))

    def saw(self, look: Look, sight: Sight) -> str | None:
        """Note what is first in the album; the id of the job that was made, where it is news.

        That is where neither the last cover is of it nor the last job was made after it. The lane
        has to be released afterwards.
        """
        job: str | None = self._saw(
            *(look.watch, look.token, self._delay_s() * 1000, sight.source, sight.version or ""),
            *new_job(look.tenant, look.request).told,
        )
        return job

    def missed(self, look: Look, error: CoverError) -> None:
        """Note that no medium was found; the next look is later the more often that is so."""
        delay_s = self._delay_s(look.failures + 1, error.delay_s)
        told = ErrorInfo(**error.facts()).model_dump_json()
        self._missed(look.tenant, look.watch, look.token, delay_s * 1000, told)

    def _delay_s(self, failures: int = 0, asked_s: float | None = None) -> float:
        return look_delay_s(
            self._rules.every_s, failures=failures, asked_s=asked_s, draw=_random.random()
        )
