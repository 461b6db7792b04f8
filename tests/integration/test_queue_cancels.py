"""A cancelled job lets its slot go within a second, whatever it was doing, and leaves nothing."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration.queue_parts import GatedSource, House, pool_child
from tests.media import Clip, made
from worker.contracts.jobs import Job
from worker.contracts.snapshot_results import SnapshotResult

# Seconds of work for one pass: hundreds of frames from one key frame each ten seconds.
LONG = Clip(width=1280, height=720, frames=750, red_then_blue=True, codec_options={"g": "250"})
MANY = [number / 13 for number in range(300)]


@pytest.fixture
def source() -> Iterator[GatedSource]:
    served = GatedSource(made(LONG).read_bytes())
    yield served
    served.close()


@pytest.fixture
def house(one_redis_url: str, tmp_path: Path, source: GatedSource) -> Iterator[House]:
    opened = House(one_redis_url, tmp_path, source)
    opened.open()
    yield opened
    opened.close()


def free_after_s(house: House, job: Job) -> float:
    """Cancel a running job while another waits for its slot; the seconds until that one runs."""
    waiting, before = house.create(), set(house.temporary.iterdir())
    began_s = time.monotonic()

    house.state.jobs.cancel("default", job.id)
    house.wait_for(lambda: house.now(waiting).status != "queued", pause_s=0.005)
    free_s = time.monotonic() - began_s

    assert house.now(job).status == "cancelled"
    assert set(house.temporary.iterdir()) <= before
    house.open_gate()
    assert house.ended(waiting).status == "succeeded"
    return free_s


def decode_children(slot: psutil.Process) -> list[psutil.Process]:
    return [child for child in slot.children() if "worker.sandbox.child" in child.cmdline()]


def test_one_that_waits_for_its_source(house: House, source: GatedSource) -> None:
    slot = pool_child(house.start_worker())
    job = house.create()
    source.wait_until_asked()

    assert free_after_s(house, job) < 1
    assert slot.is_running()


def test_one_that_waits_for_a_long_decode(house: House, source: GatedSource) -> None:
    source.gate.set()
    slot = pool_child(house.start_worker())
    assert house.ended(house.create()).status == "succeeded"
    for child in (busy := decode_children(slot)):
        child.send_signal(signal.SIGSTOP)
    job = house.create(quality=50)
    house.wait_for(lambda: house.redis.hget(f"ff:job:default:{job.id}", "stage") == "decode")
    for spare in busy[1:]:
        spare.send_signal(signal.SIGCONT)

    assert free_after_s(house, job) < 1
    assert slot.is_running()
    assert busy[0] not in decode_children(slot)


def test_one_in_the_middle_of_a_pass(house: House, source: GatedSource) -> None:
    source.gate.set()
    slot = pool_child(house.start_worker())
    job = house.snapshots(times=MANY)
    house.wait_for(lambda: (house.now(job).progress or job.progress) is not None)

    assert free_after_s(house, job) < 1
    assert slot.is_running()
    ended = house.ended(house.snapshots(count=3))
    assert isinstance(ended.result, SnapshotResult)
    assert len(ended.result.snapshots) == 3
    assert {child.status() for child in decode_children(slot)} <= {"sleeping", "running"}


def test_a_job_that_celery_delivers_again_while_it_runs_runs_once(
    one_redis_url: str, tmp_path: Path, source: GatedSource
) -> None:
    house = House(one_redis_url, tmp_path, source)
    house.adjust("visibility_timeout_s = 2")
    house.open()
    for _ in range(2):
        house.start_worker()
    job = house.create()
    source.wait_until_asked()
    began_s = time.monotonic()

    house.wait_for(lambda: "item.dropped" in house.log())
    time.sleep(max(6 - (time.monotonic() - began_s), 0))
    source.gate.set()

    ended = house.ended(job)
    assert (ended.status, ended.attempts) == ("succeeded", 1)
    assert house.told(job) == ["queued", "running", "succeeded"]
    assert not source.asked.acquire(blocking=False)
    house.close()
