"""An entry of the event stream is a change of one job."""

from worker.contracts.jobs import JobEvent, Progress
from worker.state.events import parse_event


def test_an_entry_tells_whose_job_changed_to_what() -> None:
    fields = {"tenant": "ann", "id": "job_1", "kind": "cover", "status": "running", "revision": "2"}

    assert parse_event(fields) == JobEvent("ann", "job_1", "cover", "running", 2)


def test_an_entry_of_a_running_attempt_tells_its_progress() -> None:
    fields = {"tenant": "ann", "id": "job_1", "kind": "snapshot", "status": "running"}
    fields |= {"revision": "3", "percent": "41.5", "stage": "decode", "at_ms": "90000"}

    assert parse_event(fields).progress == Progress(percent=41.5, stage="decode", at_ms=90_000)
