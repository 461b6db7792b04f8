import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.fakes.alibaba import MPS
from tests.fakes.callers import Told, acs3, acs3_headers, huawei, sign_acs3
from tests.fakes.control import JUNK, Control
from tests.fakes.running import MODULES, PROJECT_ID, own_process

MEDIUM = "6cc3aa66d1cb4bb2adf14e726c0a1234"
UPDATE = "UpdateMediaCover"
SEVERED = (ConnectionError, http.client.RemoteDisconnected)
CALLER = """
import http.client, json, sys
connection = http.client.HTTPConnection(sys.argv[1])
connection.request("POST", sys.argv[2], b"", json.loads(sys.argv[3]))
connection.getresponse()
"""
Write = Callable[[str], Told]


@pytest.fixture
def fake(alibaba: Control) -> Control:
    alibaba.do("add_medium", media_id=MEDIUM)
    return alibaba


@pytest.fixture
def write(fake: Control) -> Write:
    """Set the cover to a picture of that name."""

    def write(name: str) -> Told:
        told = {"MediaId": MEDIUM, "CoverURL": f"http://b/{name}.jpg"}
        return acs3(fake.url, MPS, UPDATE, told)

    return write


@pytest.mark.parametrize(
    ("when", "standing"), [("before", []), ("after", ["http://b/a.jpg"])], ids=["before", "after"]
)
def test_a_reset_loses_the_answer_and_before_the_effect_the_effect_too(
    fake: Control, write: Write, when: str, standing: list[str]
) -> None:
    fake.fault(UPDATE, "reset", when=when)

    with pytest.raises(SEVERED):
        write("a")

    assert fake.covers(MEDIUM) == standing
    assert [(e["status"], e["fault"]) for e in fake.journal()] == [(0, f"reset {when}")]
    assert write("a").status == 200
    assert fake.covers(MEDIUM) == ["http://b/a.jpg"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_held_call_waits_until_it_is_released(fake: Control, write: Write, when: str) -> None:
    fake.hold(UPDATE, when)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(write, "a")
        held = fake.wait_held(UPDATE)

        assert (held["target"], held["when"], running.done()) == (MEDIUM, when, False)
        assert len(fake.covers(MEDIUM)) == (when == "after")
        assert write("b").status == 200
        assert fake.release(hold_id=held["id"]) == 1
        assert running.result(10).status == 200
    late, early = "http://b/a.jpg", "http://b/b.jpg"
    assert fake.covers(MEDIUM) == ([early, late] if when == "before" else [late, early])


def test_a_held_call_that_is_dropped_never_takes_effect(fake: Control, write: Write) -> None:
    fake.hold(UPDATE)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(write, "a")
        fake.wait_held(UPDATE)
        fake.release("drop")

        assert isinstance(running.exception(10), SEVERED)
    assert fake.covers(MEDIUM) == []


@pytest.mark.parametrize("kind", JUNK)
def test_junk_is_answered_after_the_effect(fake: Control, write: Write, kind: str) -> None:
    fake.junk(UPDATE, kind)

    told = write("a")

    assert (told.status, told.body.decode()) == (JUNK[kind]["status"], JUNK[kind].get("body", ""))
    assert fake.covers(MEDIUM) == ["http://b/a.jpg"]


def test_an_error_has_the_vendors_own_form(fake: Control, write: Write) -> None:
    fake.fault(UPDATE, "error", code="Throttling.User", headers={"x-acs-retry-after": "40"})
    fake.fault(UPDATE, "answer", status=503, headers={"Retry-After": "3"})

    throttled, broken = write("a"), write("a")

    assert (throttled.status, throttled.json["Code"]) == (400, "Throttling.User")
    assert throttled.headers["x-acs-retry-after"] == "40"
    assert (broken.status, broken.headers["retry-after"]) == (503, "3")
    assert fake.covers(MEDIUM) == []


def test_a_slow_call_takes_its_time(fake: Control, write: Write) -> None:
    fake.fault("*", "slow", seconds=0.2)
    begun_s = time.monotonic()

    assert write("a").status == 200
    assert time.monotonic() - begun_s >= 0.2


def test_a_fault_lets_calls_pass_and_strikes_so_often(fake: Control, write: Write) -> None:
    fake.fault(UPDATE, "answer", skip=1, times=2, status=500)

    assert [write("a").status for _ in range(4)] == [200, 500, 500, 200]


def test_a_fault_of_one_target_leaves_others_alone(fake: Control, write: Write) -> None:
    fake.fault(UPDATE, "answer", target="f" * 32, status=500)
    fake.fault(UPDATE, "answer", target=MEDIUM, status=503)

    assert [write("a").status for _ in range(2)] == [503, 200]


def test_a_door_that_is_closed_refuses_until_it_is_opened(fake: Control, write: Write) -> None:
    write("a")
    fake.do("refuse")
    with pytest.raises(ConnectionRefusedError):
        write("b")

    fake.do("listen")
    assert write("b").status == 200
    assert fake.covers(MEDIUM) == ["http://b/a.jpg", "http://b/b.jpg"]


def test_the_clock_can_be_wrong(fake: Control, write: Write) -> None:
    fake.do("clock", offset_s=1000)

    assert write("a").json["Code"] == "InvalidTimeStamp.Expired"


def test_a_write_that_changes_nothing_is_no_net_change(fake: Control, write: Write) -> None:
    for name in ("a", "a", "b", "a"):
        write(name)

    assert fake.covers(MEDIUM) == ["http://b/a.jpg", "http://b/b.jpg", "http://b/a.jpg"]
    assert len(fake.changes(MEDIUM, net=False)) == 4


@pytest.mark.parametrize(
    ("when", "verdict", "standing"),
    [("before", "drop", 0), ("before", "go", 1), ("after", "drop", 1)],
    ids=["lost", "late", "done"],
)
def test_the_call_of_a_program_that_was_killed_ends_as_it_is_told(
    fake: Control, when: str, verdict: str, standing: int
) -> None:
    told = {"MediaId": MEDIUM, "CoverURL": "http://b/a.jpg"}
    headers = acs3_headers(fake.host, told, MPS, UPDATE)
    sign_acs3(headers, told)
    fake.hold(UPDATE, when)
    arguments = [fake.host, f"/?{urlencode(told)}", json.dumps(headers)]
    with subprocess.Popen([sys.executable, "-c", CALLER, *arguments]) as victim:
        fake.wait_held(UPDATE)
        victim.send_signal(signal.SIGKILL)
        victim.wait(10)

    fake.release(verdict)
    fake.wait_calls(UPDATE)

    assert len(fake.covers(MEDIUM)) == standing


@pytest.mark.parametrize("vendor", MODULES)
def test_it_runs_as_a_program(vendor: str) -> None:
    with own_process(vendor) as fake:
        assert fake.journal() == []
        assert fake.url.startswith("http://127.0.0.1:")


def test_it_answers_200_calls_a_second_with_latency(huawei_vod: Control) -> None:
    urls = huawei_vod.do("add_asset", asset_id="a" * 32, project_id=PROJECT_ID)
    huawei_vod.do("latency", seconds=0.02)
    body: dict[str, Any] = {"thumbnailUrl": urls[0]}

    def write(_: int) -> int:
        return huawei(huawei_vod.url, "PUT", "/asset/cover", body).status

    begun_s = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(write, range(200)))

    assert statuses == {204}
    assert 0.5 <= time.monotonic() - begun_s < 5
