"""What is to be true of a run once it has ended, from the vendor's own journal and the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.kill_matrix.cases import Case
from tests.e2e.kill_matrix.fleet import Fleet
from tests.e2e.kill_matrix.rounds import Run, now
from worker.contracts.names import DEFAULT_TENANT
from worker.contracts.records import Record
from worker.state.records import Standing


@dataclass(frozen=True)
class Verdict:
    """A run's counts; `stood` are the ages of the covers that stood, one after the other.

    `writes` came to the vendor, `effects` of them were carried out; `mistakes` should be none.
    """

    case: Case
    is_taken_up: bool
    writes: int
    effects: int
    stood: tuple[str, ...]
    states: Mapping[str, str]
    mistakes: list[str] = field(default_factory=list)

    @property
    def newest(self) -> str:
        return newest_of(self.states)


def judged(fleet: Fleet, runs: Sequence[Run]) -> list[Verdict]:
    """The verdicts of a round's runs, in their order."""
    journals = {id(fake): fake.journal() for fake in fleet.fakes}
    changes = {id(fake): fake.changes(net=False) for fake in fleet.fakes}
    standing = {each.record: each for each in fleet.state.records.standing()}
    verdicts = []
    for run in runs:
        fake = id(run.vendor.fake)
        writes = [e for e in journals[fake] if _is_write(run, e)]
        effects = [e for e in changes[fake] if e["target"] == run.name]
        verdicts.append(_judged(fleet, run, len(writes), effects, standing.get(run.newest.id)))
    return verdicts


def leftovers(fleet: Fleet) -> list[str]:
    """What a lane still holds when all has ended: nothing, if nothing was lost or forgotten."""
    looks = {
        "ff:leases": fleet.direct.zcard,
        "ff:window:record": fleet.direct.zcard,
        f"ff:lane:record:{DEFAULT_TENANT}": fleet.direct.zcard,
        "ff:out": fleet.direct.hlen,
    }
    return [f"{key} still holds {count}" for key, look in looks.items() if (count := look(key))]


def newest_of(states: Mapping[str, str]) -> str:
    """The age of the order that is the last one to stand."""
    return "newer" if "newer" in states else "older"


def _is_write(run: Run, entry: Mapping[str, Any]) -> bool:
    return (entry["target"], entry["call"]) == (run.name, run.vendor.write)


def _judged(
    fleet: Fleet,
    run: Run,
    writes: int,
    effects: Sequence[Mapping[str, Any]],
    stands: Standing | None,
) -> Verdict:
    ages = {run.vendor.named(run.cover(age)): age for age in run.orders}
    net = [each["after"] for each in effects if each["before"] != each["after"]]
    stood = tuple(ages.get(each, f"a stranger's {each}") for each in net)
    records = {age: now(fleet, record) for age, record in run.orders.items()}
    states = {age: record.state for age, record in records.items()}
    mistakes = [
        *_mistakes_of_writes(run, writes),
        *_mistakes_of_covers(stood, states),
        *_mistakes_of_ledger(states, stands),
        *(text for age, record in records.items() if (text := _mistake_of(age, record))),
    ]
    return Verdict(run.case, run.is_taken_up, writes, len(effects), stood, states, mistakes)


def _mistake_of(age: str, record: Record) -> str | None:
    if record.state in {"failed", "pending"}:
        return f"the {age} one is {record.state}: {record.error}"
    if record.state == "recorded" and not (record.result and record.result.verified):
        return f"the {age} one was not seen to stand"
    return None


def _mistakes_of_writes(run: Run, writes: int) -> list[str]:
    """Only a write without effect is repeated: the others are looked for and found."""
    most = len(run.orders) + run.case.step.writes - run.case.step.effects
    return [f"written {writes} times, at most {most} were needed"] if writes > most else []


def _mistakes_of_covers(stood: tuple[str, ...], states: Mapping[str, str]) -> list[str]:
    """Each cover stands once at most, the newest exactly once, and never an older after it."""
    newest = newest_of(states)
    mistakes = []
    if stood.count(newest) != 1:
        mistakes.append(f"the newest cover came to stand {stood.count(newest)} times: {stood}")
    if stood[-1:] != (newest,):
        mistakes.append(f"the newest cover does not stand at the end: {stood}")
    if stood not in ((newest,), ("older", "newer")):
        mistakes.append(f"covers stood one after the other as they should not: {stood}")
    if newest == "newer" and states["older"] == "recorded" and "older" not in stood:
        mistakes.append("the older one is told recorded, and never stood")
    return mistakes


def _mistakes_of_ledger(states: Mapping[str, str], stands: Standing | None) -> list[str]:
    newest = newest_of(states)
    mistakes = []
    if states[newest] == "superseded":
        mistakes.append("the newest one is superseded")
    if stands is None:
        mistakes.append("the ledger does not say that the newest one stands")
    return mistakes
