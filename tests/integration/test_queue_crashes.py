"""Whatever dies in mid-job, the job ends once, and every attempt is counted."""

import signal
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.integration.queue_parts import GatedSource, House, pool_child
from tests.redis_server import RedisServer
from worker.contracts.results import CoverResult


@pytest.fixture
def source() -> Iterator[GatedSource]:
    picture = BytesIO()
    Image.new("RGB", (320, 200), "#40a0e0").save(picture, "JPEG")
    served = GatedSource(picture.getvalue())
    yield served
    served.close()


@pytest.fixture
def house(one_redis_url: str, tmp_path: Path, source: GatedSource) -> Iterator[House]:
    opened = House(one_redis_url, tmp_path, source)
    yield opened
    opened.close()


def test_a_job_ends_with_its_cover_and_leaves_no_message(house: House, source: GatedSource) -> None:
    house.open()
    worker = house.start_worker()
    source.gate.set()

    ended = house.ended(house.create())

    assert (ended.status, ended.attempts) == ("succeeded", 1)
    assert isinstance(ended.result, CoverResult)
    assert ended.result.covers[0].width == 64
    assert house.told(ended) == ["queued", "running", "succeeded"]
    worker.terminate()
    assert worker.wait(20) == 0
    assert house.redis.keys("unacked*") == []
    assert house.redis.keys("media.*") == []
    assert house.state.workers.live() == []


@pytest.mark.parametrize("victim", ["main", "pool-child"])
def test_a_job_whose_process_is_killed_is_run_again(
    house: House, source: GatedSource, victim: str
) -> None:
    house.open()
    worker = house.start_worker()
    job = house.create()
    source.wait_until_asked()
    if victim == "main":
        worker.kill()
        worker.wait()
        house.start_worker()
    else:
        pool_child(worker).kill()
    source.gate.set()

    ended = house.ended(job)

    assert (ended.status, ended.attempts) == ("succeeded", 2)
    assert house.told(job) == ["queued", "running", "queued", "running", "succeeded"]


def test_a_job_that_kills_its_process_each_time_ends_as_lost(
    house: House, source: GatedSource
) -> None:
    house.open()
    worker = house.start_worker()
    job = house.create()
    for _ in range(3):
        source.wait_until_asked()
        pool_child(worker).kill()

    ended = house.ended(job)

    assert (ended.status, ended.attempts) == ("failed", 3)
    assert ended.error is not None
    assert ended.error.code == "worker.lost"


def test_a_stopping_worker_ends_its_job_first(house: House, source: GatedSource) -> None:
    house.open()
    worker = house.start_worker()
    job = house.create()
    source.wait_until_asked()

    worker.terminate()
    house.wait_for(lambda: house.state.workers.live() == [])
    source.gate.set()

    assert worker.wait(20) == 0
    assert (house.now(job).status, house.now(job).attempts) == ("succeeded", 1)
    assert [line for line in house.log().splitlines() if not line.startswith("{")] == []


@pytest.mark.parametrize("hurry", ["no-time-left", "SIGQUIT"])
def test_a_job_that_cannot_end_in_time_is_given_back_uncounted(
    house: House, source: GatedSource, hurry: str
) -> None:
    house.adjust("stop_grace_s = 1" if hurry == "no-time-left" else "")
    house.open()
    worker = house.start_worker()
    job = house.create()
    source.wait_until_asked()

    worker.send_signal(signal.SIGTERM if hurry == "no-time-left" else signal.SIGQUIT)
    house.wait_for(lambda: house.now(job).status == "queued")
    assert house.now(job).attempts == 0
    worker.wait(20)
    source.gate.set()
    house.start_worker()

    ended = house.ended(job)
    assert (ended.status, ended.attempts) == ("succeeded", 1)


def test_an_attempt_stuck_inside_a_stage_is_ended(house: House, source: GatedSource) -> None:
    house.adjust("attempt_timeout_s = 3\nmax_attempts = 1")
    house.open()
    house.start_worker()

    ended = house.ended(house.create())

    assert (ended.status, ended.attempts) == ("failed", 1)
    assert ended.error is not None
    assert ended.error.code == "worker.timeout"
    source.gate.set()
    assert house.ended(house.create()).status == "succeeded"


def test_a_cancelled_job_leaves_its_worker_to_the_next(house: House, source: GatedSource) -> None:
    house.open()
    house.start_worker()
    job = house.create()
    source.wait_until_asked()

    house.state.jobs.cancel("default", job.id)
    source.gate.set()

    assert house.ended(house.create()).status == "succeeded"
    assert house.now(job).status == "cancelled"


def test_a_message_that_vanished_is_sent_again(house: House, source: GatedSource) -> None:
    house.open()
    job = house.create()
    assert house.redis.delete("media.live") == 1
    source.gate.set()
    house.start_worker()

    ended = house.ended(job)

    assert (ended.status, ended.attempts) == ("succeeded", 1)


@pytest.mark.parametrize("outage", ["restart", "kill", "pause"])
def test_an_outage_of_redis_loses_no_job(
    own_redis: Callable[[], RedisServer], tmp_path: Path, source: GatedSource, outage: str
) -> None:
    server = own_redis()
    house = House(server.url(), tmp_path / "house", source)
    try:
        house.open()
        house.start_worker()
        running = house.create()
        source.wait_until_asked()
        waiting = [house.create() for _ in range(5)]
        getattr(server, outage)()
        source.gate.set()
        if outage == "kill":
            house.wait_for(lambda: "chores.waiting" in house.log())
            server.start()
        elif outage == "pause":
            house.wait_for(lambda: "chores.waiting" in house.log())
            server.resume()

        ended = [house.ended(job) for job in (running, *waiting)]

        assert {job.status for job in ended} == {"succeeded"}
        assert max(job.attempts for job in ended) <= 2
    finally:
        house.close()
