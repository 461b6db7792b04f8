"""The stream of changes of state and progress: its name, its bound, and what an entry says."""

from collections.abc import Mapping
from typing import Final, cast

from worker.contracts.jobs import JobEvent
from worker.contracts.names import Kind, Status
from worker.state.record import progress_of

EVENTS_KEY: Final = "ff:events"
EVENTS_KEPT: Final = 10_000


def parse_event(fields: Mapping[str, str]) -> JobEvent:
    """The change that the fields of one entry tell."""
    return JobEvent(
        tenant=fields["tenant"],
        id=fields["id"],
        kind=cast(Kind, fields["kind"]),
        status=cast(Status, fields["status"]),
        revision=int(fields["revision"]),
        progress=progress_of(fields),
    )
