"""One round: workers die together, each of their slots with another call of it held."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.e2e.kill_matrix.cases import CLAIM, Case, Step
from tests.e2e.kill_matrix.fleet import RENEW_S, SETTLE_S, Crew, Fleet, TooSlowError, awaited
from tests.e2e.kill_matrix.vendors import AGES, Vendor, cover_of, picture_of
from worker.contracts.names import DEFAULT_TENANT
from worker.contracts.records import Record, RecordedCover, RecordOrder

# A call that goes on after `settle_s` would break the promise that it is.
_LAST_S: Final = SETTLE_S - 1.5
_SEEN_LATE_S: Final = 0.5
# Who waits for a claim's answer asks again, and messages that seem lost are sent again.
_MANY: Final = 1000


@dataclass
class Run:
    """A case under way: its orders by age; `held` are the calls that wait, by who holds them.

    `token` is that of the attempt that was killed; `is_taken_up` tells whether the next one had
    begun when the late call went on.
    """

    case: Case
    name: str
    vendor: Vendor
    urls: list[str] = field(default_factory=list)
    orders: dict[str, Record] = field(default_factory=dict)
    held: list[tuple[Any, int]] = field(default_factory=list)
    held_at_s: float = 0
    token: str | None = None
    is_taken_up: bool = False

    @property
    def victim(self) -> Record:
        return self.orders["newer" if self.case.meanwhile == "older waits" else "older"]

    @property
    def newest(self) -> Record:
        return self.orders.get("newer") or self.orders["older"]

    @property
    def ids(self) -> list[str]:
        return [record.id for record in self.orders.values()]

    def cover(self, age: str) -> RecordedCover:
        return cover_of(self.name, age, self.urls[AGES.index(age)])


def run_round(
    fleet: Fleet, victims: Crew, successors: Crew, cases: Sequence[Case], number: int
) -> list[Run]:
    """All cases at once; the answer is what is to be judged, when all has come to its end.

    Raises: TooSlowError.
    """
    runs = [
        Run(case, f"{number:016x}{place:016x}", fleet.vendors[case.vendor])
        for place, case in enumerate(cases)
    ]
    with fleet.chores_rest():
        for run in runs:
            _prepare(fleet, victims, run)
        successors.rest()
        fleet.state.lanes.release("record")
        awaited(lambda: _all_held(fleet, victims, runs), "every call to be held")
        strays = _strays(fleet, runs)
        _accept_newer(fleet, runs)
        victims.kill()
        held_s = time.monotonic() - min(run.held_at_s for run in runs)
        if held_s > RENEW_S - _SEEN_LATE_S:
            raise TooSlowError(f"after {held_s:.1f} s who waited for Redis had given up")
        assert strays == [], f"they have gone further by another way: {strays}"
    _carry_on(fleet, successors, runs)
    return runs


def _carry_on(fleet: Fleet, successors: Crew, runs: Sequence[Run]) -> None:
    """Let others take over, while what was held gets lost or goes on late, until all have ended."""
    for run in runs:
        if run.case.fate == "lost":
            _let_go(run, "drop")
    overtaken = [run for run in runs if run.case.meanwhile == "newer overtakes"]
    for run in overtaken:
        _hold(fleet, successors, run.orders["older"], CLAIM, times=_MANY)
    successors.go_on()
    late = [run for run in runs if run.case.fate == "late"]
    awaited(lambda: _all_gone(fleet, late), "late calls to go on")
    newer = [run.orders["newer"] for run in overtaken]
    awaited(lambda: _all_ended(fleet, newer), "newer records to end", fails=False)
    successors.proxy.do("clear")
    successors.proxy.release()
    pending = [record for run in runs for record in run.orders.values()]
    awaited(lambda: _all_ended(fleet, pending), "records to end", fails=False)
    awaited(lambda: _is_quiet(fleet, runs), "the last calls to end")


def _accept_newer(fleet: Fleet, runs: Sequence[Run]) -> None:
    """Accept newer orders as the API does, while the victims still live."""
    for run in runs:
        run.token = _token(fleet, run)
        if run.case.meanwhile in {"newer comes", "newer overtakes"}:
            _order(fleet, run, "newer")
    fleet.state.lanes.release("record")


def _prepare(fleet: Fleet, victims: Crew, run: Run) -> None:
    run.urls = run.vendor.add(run.name)
    _order(fleet, run, "older")
    if run.case.meanwhile == "older waits":
        _order(fleet, run, "newer")
        _hold(fleet, victims, run.orders["older"], CLAIM)
    step = run.case.step
    if step.place == "redis":
        _hold(fleet, victims, run.victim, step)
    else:
        run.vendor.hold(step.call, step.when, run.name)


def _order(fleet: Fleet, run: Run, age: str) -> None:
    """Accept an order; the store has its cover."""
    cover = run.cover(age)
    fleet.store.put(cover.key, picture_of(run.name, age), content_type=cover.content_type)
    order = RecordOrder(target=run.vendor.target(run.name), cover=cover)
    (run.orders[age],) = fleet.state.records.create(DEFAULT_TENANT, [order])


def _hold(fleet: Fleet, crew: Crew, record: Record, step: Step, *, times: int = 1) -> None:
    """Hold a script of a record."""
    words = ("EVALSHA", fleet.digests[step.call], record.id)
    crew.proxy.hold_command(*words, when=step.when, times=times)


def _all_held(fleet: Fleet, victims: Crew, runs: Sequence[Run]) -> bool:
    """Whether every call is held that has to be; notes them, and when they were first seen."""
    holders = (*fleet.fakes, victims.proxy)
    held = [(holder, each) for holder in holders for each in holder.do("held")]
    for run in runs:
        run.held = [(holder, each["id"]) for holder, each in held if _is_of(run, each)]
        run.held_at_s = run.held_at_s or (time.monotonic() if run.held else 0)
    return all(len(run.held) == 1 + (run.case.meanwhile == "older waits") for run in runs)


def _strays(fleet: Fleet, runs: Sequence[Run]) -> list[Case]:
    """The cases whose vendor was asked for more, or less, than at their step."""
    calls = [each for fake in fleet.fakes for each in fake.journal()]
    strays = []
    for run in runs:
        writes = [e for e in calls if (e["target"], e["call"]) == (run.name, run.vendor.write)]
        effects = [each for each in writes if each["effect"] is not None]
        if (len(writes), len(effects)) != (run.case.step.writes, run.case.step.effects):
            strays.append(run.case)
    return strays


def _is_of(run: Run, told: Mapping[str, Any]) -> bool:
    return told.get("target") == run.name or not set(run.ids).isdisjoint(told.get("words", ()))


def _let_go(run: Run, verdict: str) -> None:
    for holder, number in run.held:
        holder.release(verdict, number)


def _all_gone(fleet: Fleet, late: list[Run]) -> bool:
    """Let those late calls go on whose moment has come; whether it was the last of them."""
    for run in list(late):
        token = _token(fleet, run)
        run.is_taken_up = token is not None and token != run.token
        held_s = time.monotonic() - run.held_at_s
        if held_s > SETTLE_S - _SEEN_LATE_S:
            raise TooSlowError(f"after {held_s:.1f} s the write counts as settled")
        moments = {"begun": True, "taken up": run.is_taken_up, "last": held_s > _LAST_S}
        if moments[run.case.moment] or held_s > _LAST_S:
            _let_go(run, "go")
            late.remove(run)
    return not late


def _token(fleet: Fleet, run: Run) -> str | None:
    """Who has the victim's record, or had it last."""
    token = fleet.direct.hget(f"ff:job:{DEFAULT_TENANT}:{run.victim.id}", "token")
    return None if token is None else str(token)


def _all_ended(fleet: Fleet, pending: list[Record]) -> bool:
    """Whether all have ended; forgets those that have."""
    pending[:] = [record for record in pending if now(fleet, record).state == "pending"]
    return not pending


def now(fleet: Fleet, record: Record) -> Record:
    """A record as it stands now."""
    found = fleet.state.records.read(DEFAULT_TENANT, record.id)
    assert found is not None, f"{record.id} is lost"
    return found


def _is_quiet(fleet: Fleet, runs: Sequence[Run]) -> bool:
    """Whether no call of theirs is under way at any vendor."""
    names = {run.name for run in runs}
    return all(
        entry["status"] is not None
        for fake in fleet.fakes
        for entry in fake.journal()
        if entry["target"] in names
    )
