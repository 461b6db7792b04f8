"""`firstframe records` as operators call it, with a fake of the vendor."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.fakes.control import Control
from tests.integration.calls_parts import cover
from tests.worker.chores.recorded import OTHER, TENANT, Recorded
from worker.chores.records import reconcile_records
from worker.commands.program import app
from worker.contracts.records import Record, RecordOrder
from worker.contracts.targets import WebhookTarget


@pytest.fixture
def house(one_redis_url: str, tmp_path: Path, alibaba: Control) -> Iterator[Recorded]:
    opened = Recorded(one_redis_url, tmp_path, alibaba)
    yield opened
    opened.close()


def run(house: Recorded, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["records", *arguments], env=house.environment)


def told(house: Recorded, *arguments: str, status: int = 0) -> list[dict[str, Any]]:
    done = run(house, *arguments, "--json")
    assert done.exit_code == status, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def failed(house: Recorded, alibaba: Control) -> Record:
    """A record that the vendor refused."""
    alibaba.fault("UpdateMediaCover", "error", code="InvalidParameter.CoverURL")
    return house.record(house.medium(9))


def test_records_are_listed_newest_first_by_what_they_are(
    house: Recorded, alibaba: Control
) -> None:
    good = house.record(house.medium(1))
    bad = failed(house, alibaba)

    head, *rows = run(house, "list").stdout.splitlines()

    assert head.split()[:4] == ["ID", "STATE", "ACCOUNT", "TARGET"]
    assert sorted(row.split()[:4] for row in rows) == sorted(
        [
            [good.id, "recorded", "alibaba_mps/main", f"{1:032x}"],
            [bad.id, "failed", "alibaba_mps/main", f"{9:032x}"],
        ]
    )
    assert [each["id"] for each in told(house, "list", "--state", "failed")] == [bad.id]
    assert [each["id"] for each in told(house, "list", "--target", f"{1:032x}")] == [good.id]
    assert told(house, "list", "--provider", "webhook") == []
    assert told(house, "list", "--job", "job_1") == []
    assert told(house, "list", "--tenant", "ann") == []
    assert len(told(house, "list", "--limit", "1")) == 1


def test_a_list_is_as_long_as_it_was_asked_to_be(house: Recorded) -> None:
    target = WebhookTarget(provider="webhook", id="x")
    order = RecordOrder(target=target, cover=cover())
    house.state.records.create(TENANT, [order] * 450)

    assert len(told(house, "list", "--limit", "420")) == 420


def test_a_state_that_there_is_not_is_refused(house: Recorded) -> None:
    done = run(house, "list", "--state", "lost")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "expected pending, recorded, superseded, failed" in done.stderr


def test_a_record_is_shown_with_all_that_is_known(house: Recorded) -> None:
    record = house.record(house.medium(1))

    shown = json.loads(run(house, "show", record.id).stdout)

    assert (shown["id"], shown["provider"]) == (record.id, "alibaba_mps")
    assert shown["result"]["verified"] is True
    other = run(house, "show", record.id, "--tenant", "ann")
    assert (other.exit_code, other.stdout) == (1, "")


def test_failed_records_run_again_and_others_are_told(house: Recorded, alibaba: Control) -> None:
    good = house.record(house.medium(1))
    bad = failed(house, alibaba)

    done = run(house, "retry", good.id, bad.id)

    assert done.exit_code == 1
    assert done.stdout == f"{bad.id} is queued again\n"
    assert f"{good.id}: job.state: The record is recorded." in done.stderr
    house.work(bad)
    assert house.now(bad).state == "recorded"


def test_where_all_agree_one_line_says_so(house: Recorded) -> None:
    house.record(house.medium(1))

    done = run(house, "reconcile")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "1 target: 1 agree\n", "")


def test_drift_is_told_and_left(house: Recorded) -> None:
    target = house.medium(1)
    record = house.record(target)
    house.set_by_hand(target)

    done = run(house, "reconcile")

    assert done.exit_code == 1
    line, summary = done.stdout.splitlines()
    assert line.split() == [
        *("drifted", "alibaba_mps/main", target.media_id, f"default/{record.id}"),
        *("shows", OTHER),
    ]
    assert summary == "1 target: 1 drifted"
    (finding,) = told(house, "reconcile", status=1)
    assert (finding["verdict"], finding["shown"], finding["mended"]) == ("drifted", OTHER, False)


def test_drift_is_mended_when_asked(house: Recorded) -> None:
    target = house.medium(1)
    record = house.record(target)
    ours = house.shows(target)
    house.set_by_hand(target)

    done = run(house, "reconcile", "--mend")

    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "1 target: 1 recorded again")
    house.work(record)
    assert house.shows(target) == ours


def test_a_deleted_target_is_told_and_no_drift(house: Recorded) -> None:
    target = house.medium(1)
    house.record(target)
    house.remove(target)

    done = run(house, "reconcile", "--mend")

    assert done.exit_code == 0
    assert done.stdout.startswith("gone ")
    assert done.stdout.splitlines()[-1] == "1 target: 1 gone"


def test_a_vendor_that_is_away_leaves_the_question_open(house: Recorded, alibaba: Control) -> None:
    house.record(house.medium(1))
    alibaba.do("refuse")

    done = run(house, "reconcile", "--mend")

    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1] == "1 target: 1 not reached"


def test_only_the_provider_and_profile_that_are_named_are_read(house: Recorded) -> None:
    house.record(house.medium(1))

    assert told(house, "reconcile", "--provider", "huawei_vod") == []
    assert told(house, "reconcile", "--profile", "other") == []
    assert len(told(house, "reconcile", "--provider", "alibaba_mps", "--profile", "main")) == 1


def test_the_last_run_of_the_chores_is_told(house: Recorded) -> None:
    assert run(house, "reconcile", "--last").exit_code == 1
    house.record(house.medium(1))
    reconcile_records(house.state, house.recorders, every_s=3600, mend=False)

    done = run(house, "reconcile", "--last")

    assert (done.exit_code, done.stdout.endswith(": 1 target: 1 agree\n")) == (0, True)
    (last,) = told(house, "reconcile", "--last")
    assert last["counts"] == {"agrees": 1}


def test_a_redis_that_is_away_is_told(house: Recorded) -> None:
    house.environment["FIRSTFRAME_REDIS__URL"] = "redis://:secret-canary@127.0.0.1:9/0"
    house.environment["FIRSTFRAME_REDIS__TIMEOUT_S"] = "1"

    done = run(house, "reconcile")

    assert done.exit_code == 1
    assert done.stderr == (
        "firstframe records reconcile: queue.unavailable:"
        " Redis does not answer at redis://127.0.0.1:9/0\n"
    )
