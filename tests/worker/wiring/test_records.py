"""What a job of each kind may take."""

import pytest

from worker.contracts.jobs import REQUESTS
from worker.settings import Settings
from worker.state.leases import Limits
from worker.wiring.records import limits_by_kind


def test_each_kind_has_the_limits_of_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("WORKER__ATTEMPT_TIMEOUT_S", "50"),
        ("WORKER__MAX_JOB_AGE_S", "1000"),
        ("RECORDS__ATTEMPT_TIMEOUT_S", "70"),
        ("RECORDS__MAX_AGE_S", "5000"),
        ("RECORDS__MAX_ATTEMPTS", "7"),
        ("SNAPSHOTS__ATTEMPT_TIMEOUT_S", "800"),
        ("SNAPSHOTS__PLAN_TIMEOUT_S", "200"),
    ):
        monkeypatch.setenv(f"FIRSTFRAME_{name}", value)

    limits = limits_by_kind(Settings.read())

    assert limits.keys() == REQUESTS.keys()
    assert limits["cover"] == limits["checksum"] == Limits(50, 1000, 5)
    assert limits["snapshot"] == Limits(800, 2400, 5)
    assert limits["plan"] == Limits(200, 1000, 5)
    assert limits["record"] == Limits(70, 5000, 7, max_queued_s=30 * 86_400)
    assert limits["notify"][:3] == (30, 259_200, 10)
