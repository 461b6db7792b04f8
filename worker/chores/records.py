"""Compares what stands at targets by the ledger with what their providers show."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import structlog

from worker.contracts.records import Finding, Record
from worker.contracts.targets import DryRunTarget
from worker.errors import ProviderError
from worker.jobs.reconcile import Comparison, ReconcileStory, unseen
from worker.rules.records import account_of, target_id
from worker.rules.urls import shown
from worker.state.records import Standing
from worker.wiring import State
from worker.wiring.recording import Recorders

_log = structlog.get_logger(__name__)


class Wanted(NamedTuple):
    """Which targets are looked at, by provider and profile, and whether what drifted is mended."""

    provider: str | None = None
    profile: str | None = None
    mend: bool = False

    def names(self, record: Record) -> bool:
        """Whether the record's target is one of them; where nothing was sent nothing stands."""
        if isinstance(record.target, DryRunTarget):
            return False
        profile = getattr(record.target, "profile", None)
        return self.provider in (None, record.provider) and self.profile in (None, profile)


def found(state: State, recorders: Recorders, wanted: Wanted) -> Iterator[Finding]:
    """Look at every target where something stands, one after the other; what each shows.

    Each target comes once. Raises: RequestError `queue.unavailable`.
    """
    for standing in state.records.standing():
        record = state.records.read(standing.tenant, standing.record)
        if record is None or not wanted.names(record):
            continue
        compared = _compared(state, recorders, record, standing)
        mended = wanted.mend and compared.verdict == "drifted" and state.records.mend(record)
        if mended:
            state.lanes.release(record.lane)
        yield _finding(record, compared, mended=mended)


def reconcile_records(state: State, recorders: Recorders, *, every_s: float, mend: bool) -> int:
    """Look at all targets if that is due and no other process does; how many were looked at.

    A run that fell silent is begun anew. Raises: RequestError `queue.unavailable`.
    """
    run = state.reconciliations.begin(every_s=every_s)
    if run is None:
        return 0
    counts = Counter[str]()
    for finding in found(state, recorders, Wanted(mend=mend)):
        counts.update(counted(finding))
        _tell(finding)
        if not run.goes_on():
            return counts.total()
    run.end(counts)
    _log.info("records.reconciled", **counts)
    return counts.total()


def counted(finding: Finding) -> list[str]:
    """What a finding counts as: its verdict, and `mended`."""
    return ["mended"] if finding.mended else [finding.verdict]


def _compared(state: State, recorders: Recorders, record: Record, standing: Standing) -> Comparison:
    writer = state.records.read(*standing.writer) if standing.writer else None
    if "pending" in {record.state, writer and writer.state}:
        return Comparison("busy")
    try:
        parts = recorders.parts(record.tenant, record.target)
    except ProviderError as error:
        return unseen(error)
    compared = ReconcileStory(*parts).look(record, standing.reference)
    # What was written meanwhile is no drift.
    if compared.verdict == "drifted" and not state.records.stands_still(standing):
        return Comparison("busy")
    return compared


def _finding(record: Record, compared: Comparison, *, mended: bool) -> Finding:
    reference = compared.shown
    return Finding(
        account=account_of(record.target),
        target=target_id(record.target),
        tenant=record.tenant,
        record=record.id,
        verdict=compared.verdict,
        shown=shown(reference) if reference and "://" in reference else reference,
        code=compared.code,
        mended=mended,
    )


def _tell(finding: Finding) -> None:
    facts = {"account": finding.account, "target": finding.target, "record": finding.record}
    if finding.verdict == "drifted":
        _log.warning("record.drifted", **facts, shown=finding.shown, mended=finding.mended)
    elif finding.verdict == "gone":
        _log.info("record.target_gone", **facts)
