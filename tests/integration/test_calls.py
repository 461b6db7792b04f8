"""Workers of records and notices: many calls at once, none of which media ever wait for."""

import signal
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.architecture.house import HEAVY
from tests.fakes.control import Control
from tests.integration.calls_parts import CallsHouse, libraries_of, told
from tests.integration.queue_parts import GatedSource
from tests.redis_server import RedisServer

WRITE = "UpdateMediaCover"
READ = "QueryMediaList"
# A job on media takes this long where nothing else is on its way; the machine may be busy.
USUAL_S = 10.0


@pytest.fixture
def source() -> Iterator[GatedSource]:
    picture = BytesIO()
    Image.new("RGB", (320, 200), "#40a0e0").save(picture, "JPEG")
    served = GatedSource(picture.getvalue())
    served.gate.set()
    yield served
    served.close()


@pytest.fixture
def house(
    one_redis_url: str,
    tmp_path: Path,
    source: GatedSource,
    alibaba: Control,
    webhook_receiver: Control,
) -> Iterator[CallsHouse]:
    opened = CallsHouse(one_redis_url, tmp_path, source, alibaba, webhook_receiver)
    yield opened
    opened.close()


def test_records_are_recorded_by_a_worker_that_has_no_library_of_media(
    house: CallsHouse, alibaba: Control, webhook_receiver: Control
) -> None:
    house.open()
    worker = house.start_calls()
    targets = house.media(20)

    records = house.settled(house.order(*targets, *map(told, range(5))))

    assert {(each.state, each.attempts) for each in records} == {("recorded", 1)}, house.log()
    assert [each.result and each.result.verified for each in records] == [True] * 20 + [False] * 5
    assert len(alibaba.changes()) == 20
    assert len(webhook_receiver.changes()) == 5
    mapped = [path for path in libraries_of(worker) if "site-packages" in path]
    assert mapped, "nothing of Python is mapped"
    assert [path for path in mapped if HEAVY & set(Path(path).parts)] == []
    worker.terminate()
    assert worker.wait(20) == 0
    assert house.redis.keys("unacked*") == []
    assert house.state.workers.live() == []


def test_a_cover_goes_home_when_its_job_has_made_it(house: CallsHouse, alibaba: Control) -> None:
    house.open()
    house.start_worker()
    house.start_calls()
    (target,) = house.media(1)

    job = house.ended(house.create(target=target.model_dump(exclude_none=True)))

    assert job.record is not None
    (record,) = house.settled([house.record(job.record.id)])
    assert (record.state, record.attempts) == ("recorded", 1), house.log()
    assert [change["after"] for change in alibaba.changes()] == [record.cover and record.cover.url]


def test_media_never_wait_for_a_provider(house: CallsHouse, alibaba: Control) -> None:
    house.open()
    house.start_worker()
    house.start_calls()
    usual = house.ended(house.create())
    alibaba.do("latency", seconds=2)
    house.order(*house.media(400))
    alibaba.wait_calls(WRITE)

    began_s = time.monotonic()
    jobs = [house.create(metadata={"number": str(number)}) for number in range(3)]
    ended = [house.ended(job) for job in jobs]

    assert usual.status == "succeeded"
    assert {job.status for job in ended} == {"succeeded"}
    assert time.monotonic() - began_s < USUAL_S
    assert len(alibaba.changes()) < 400


def test_slow_endpoints_hold_up_no_record_of_the_same_worker(
    house: CallsHouse, webhook_receiver: Control
) -> None:
    house.open()
    house.start_calls()
    webhook_receiver.fault("deliver", "hold", times=100)
    slow = house.order(*map(told, range(40)))
    webhook_receiver.wait_held("deliver")

    records = house.settled(house.order(*house.media(20)), within_s=15)

    assert {each.state for each in records} == {"recorded"}
    assert {house.record(each.id).state for each in slow} == {"pending"}


def test_a_lane_takes_no_more_calls_at_once_than_its_slots(
    house: CallsHouse, alibaba: Control
) -> None:
    house.open()
    house.start_calls("--queue", "record", "--slots", "3")
    alibaba.fault(WRITE, "hold", times=100)
    house.order(*house.media(12))

    house.wait_for(lambda: len(alibaba.do("held")) == 3)
    time.sleep(1)

    assert len(alibaba.do("held")) == 3
    assert [(worker.lanes, worker.slots) for worker in house.state.workers.live()] == [
        (("record",), 3)
    ]


def test_what_runs_ends_when_the_worker_is_told_to_stop(
    house: CallsHouse, alibaba: Control
) -> None:
    house.open()
    worker = house.start_calls()
    alibaba.hold(WRITE)
    records = house.order(*house.media(1))
    alibaba.wait_held(WRITE)

    worker.send_signal(signal.SIGTERM)
    house.wait_for(lambda: house.state.workers.live() == [])
    alibaba.release()

    assert worker.wait(20) == 0
    assert [(each.state, each.attempts) for each in house.settled(records)] == [("recorded", 1)]
    assert len(alibaba.changes()) == 1


def test_what_does_not_end_in_time_is_given_back_uncounted(
    house: CallsHouse, alibaba: Control
) -> None:
    house.adjust("stop_grace_s = 1")
    house.open()
    worker = house.start_calls()
    alibaba.hold(WRITE)
    (record,) = house.order(*house.media(1))
    alibaba.wait_held(WRITE)

    worker.terminate()

    assert worker.wait(15) == 0
    assert (house.record(record.id).state, house.record(record.id).attempts) == ("pending", 0)
    alibaba.release("drop")
    house.start_calls()
    (ended,) = house.settled([record])
    assert (ended.state, ended.attempts) == ("recorded", 1), house.log()
    assert len(alibaba.changes()) == 1


@pytest.mark.parametrize(
    ("outage", "back", "away_s"), [("kill", "start", 1), ("pause", "resume", 6)]
)
def test_an_outage_of_redis_under_load_loses_and_repeats_no_record(
    *,
    own_redis: Callable[[], RedisServer],
    tmp_path: Path,
    source: GatedSource,
    alibaba: Control,
    webhook_receiver: Control,
    outage: str,
    back: str,
    away_s: float,
) -> None:
    server = own_redis()
    house = CallsHouse(server.url(), tmp_path / "house", source, alibaba, webhook_receiver)
    try:
        house.open()
        worker = house.start_calls()
        alibaba.do("latency", seconds=0.05)
        records = house.order(*house.media(150))
        alibaba.wait_calls(WRITE, 20)

        getattr(server, outage)()
        time.sleep(away_s)
        getattr(server, back)()
        # Celery's main process does not always survive it: what runs ends, then it is started anew.
        house.wait_for(lambda: worker.poll() is not None or len(alibaba.changes()) > 100)
        if worker.poll() is not None:
            house.start_calls()

        ended = house.settled(records, within_s=90)
        assert {each.state for each in ended} == {"recorded"}, house.log()
        assert len(alibaba.changes(net=False)) == len(ended)
    finally:
        house.close()


def test_a_worker_whose_every_slot_is_stuck_ends_to_be_started_anew(
    house: CallsHouse, alibaba: Control
) -> None:
    house.adjust("stop_grace_s = 1")
    house.settings_text["records"] += "\nattempt_timeout_s = 9.5"
    house.open()
    worker = house.start_calls("--queue", "record", "--slots", "1")
    alibaba.hold(WRITE)
    alibaba.hold(READ)
    (record,) = house.order(*house.media(1))
    # A slow write, within its time, and then a slow look: together too much for an attempt.
    alibaba.wait_held(WRITE)
    time.sleep(7)
    alibaba.release()

    assert worker.wait(20) == 0

    assert "attempt.stuck" in house.log()
    assert (house.record(record.id).state, house.record(record.id).attempts) == ("pending", 1)
    alibaba.release("drop")
    house.start_calls()
    (ended,) = house.settled([record])
    assert (ended.state, ended.attempts) == ("recorded", 2), house.log()
    assert len(alibaba.changes()) == 1
