"""A message becomes one attempt, and its end is recorded whatever it is."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from structlog.testing import capture_logs

from tests.redis_server import RedisServer
from tests.worker.state.orders import ASSET, CALLBACK
from tests.worker.state.orders import made as covered
from tests.worker.state.parts import DONE, Parts, limited, request
from worker.contracts.jobs import AttemptedJob, Item
from worker.contracts.requests import CoverRequest
from worker.contracts.results import CoverResult
from worker.errors import MediaError, ProviderError, RequestError, SourceError
from worker.state.leases import Lease
from worker.tasks import Alone, AttemptParts, work

RENEW_S = 5.0
TARGET = ASSET.model_dump(exclude_none=True)


def attempts_with(
    parts: Parts,
    run: Callable[[AttemptedJob, Lease], CoverResult],
    alone: Alone | None = None,
) -> AttemptParts:
    return AttemptParts(
        owner="w1",
        leases=parts.leases,
        lanes=parts.lanes,
        run=run,
        keep=(alone or Alone(parts.lanes, renew_s=RENEW_S)).keep,
        claim_patience_s=2,
        end_patience_s=10,
    )


@contextmanager
def restarted(server: RedisServer, away: threading.Event, after_s: float = 0) -> Iterator[None]:
    """Start a server again beside the block, once it is away; it ends with the block."""
    ended = threading.Event()

    def start() -> None:
        assert away.wait(10)
        time.sleep(after_s)
        server.start()
        ended.wait(20)

    starting = threading.Thread(target=start)
    starting.start()
    yield
    ended.set()
    starting.join(20)


def attempts(
    parts: Parts, *ends: Exception | SystemExit | None
) -> tuple[AttemptParts, list[AttemptedJob]]:
    """Attempts whose stories end as told, and the jobs they were told of."""
    seen: list[AttemptedJob] = []
    left = list(ends)

    def run(job: AttemptedJob, lease: Lease) -> CoverResult:
        seen.append(job)
        lease.enter("decode")
        end = left.pop(0)
        if end is not None:
            raise end
        return DONE

    return attempts_with(parts, run), seen


def test_an_item_is_run_and_the_next_one_released(one_redis_url: str) -> None:
    parts = Parts(one_redis_url)
    jobs = [parts.jobs.create("ann", request()) for _ in range(3)]
    parts.lanes.release("live")
    made, seen = attempts(parts, None)

    work(made, Item("cover", jobs[0].id))

    assert [job.id for job in seen] == [jobs[0].id]
    assert parts.now(jobs[0]).status == "succeeded"
    assert parts.queues.ids() == [job.id for job in jobs]
    parts.redis.close()


def test_a_second_message_for_an_item_is_dropped(one_redis_url: str) -> None:
    parts = Parts(one_redis_url)
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")
    made, seen = attempts(parts, None)
    item = Item("cover", job.id)

    for _ in range(3):
        work(made, item)

    assert len(seen) == 1
    assert parts.now(job).attempts == 1
    parts.redis.close()


@pytest.mark.parametrize(
    ("end", "status", "code"),
    [
        pytest.param(MediaError("media.corrupt"), "failed", "media.corrupt", id="for-good"),
        pytest.param(
            RequestError("library.bad_checksum"), "failed", "library.bad_checksum", id="by-caller"
        ),
        pytest.param(SourceError("source.throttled", delay_s=9), "queued", None, id="for-now"),
        pytest.param(ZeroDivisionError("a secret"), "queued", None, id="by-a-bug"),
    ],
)
def test_a_failure_is_recorded(
    one_redis_url: str, end: Exception, status: str, code: str | None
) -> None:
    parts = Parts(one_redis_url)
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")
    made, _ = attempts(parts, end)

    work(made, Item("cover", job.id))

    ended = parts.now(job)
    assert ended.status == status
    assert (ended.error and ended.error.code) == code
    parts.redis.close()


@pytest.mark.parametrize(
    ("code", "age_s", "told"),
    [
        pytest.param("provider.throttled", 90, ("job.waits", "info"), id="its-turn-comes"),
        pytest.param("provider.throttled", 30, ("job.waits", "info"), id="at-any-age"),
        pytest.param("provider.auth", 90, ("job.failed", "warning"), id="refused"),
    ],
)
def test_who_waits_for_a_turn_is_no_warning(
    one_redis_url: str, code: str, age_s: float, told: tuple[str, str]
) -> None:
    parts = Parts(one_redis_url, limited(max_job_age_s=age_s))
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")
    made, _ = attempts(parts, ProviderError(code, delay_s=60))

    with capture_logs() as lines:
        work(made, Item("cover", job.id))

    assert [(line["event"], line["log_level"]) for line in lines] == [told]
    parts.redis.close()


def test_a_bug_that_comes_twice_ends_the_job_without_its_details(one_redis_url: str) -> None:
    parts = Parts(one_redis_url)
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")
    made, _ = attempts(parts, ZeroDivisionError("a secret"), ZeroDivisionError("a secret"))
    work(made, Item("cover", job.id))
    parts.redis.zadd("ff:lane:live:ann", {f"cover:{job.id}": 0}, xx=True)
    parts.redis.zadd("ff:later:live", {"ann": 0}, xx=True)
    parts.lanes.release("live")

    work(made, Item("cover", job.id))

    error = parts.now(job).error
    assert error is not None
    assert error.code == "internal.error"
    assert "secret" not in error.model_dump_json()
    parts.redis.close()


def test_a_process_that_must_end_gives_its_job_back(one_redis_url: str) -> None:
    parts = Parts(one_redis_url)
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")
    made, _ = attempts(parts, SystemExit(1))

    with pytest.raises(SystemExit):
        work(made, Item("cover", job.id))

    assert (parts.now(job).status, parts.now(job).attempts) == ("queued", 0)
    parts.redis.close()


def test_an_attempt_whose_job_was_cancelled_ends_quietly(one_redis_url: str) -> None:
    parts = Parts(one_redis_url)
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")

    def run(told: AttemptedJob, lease: Lease) -> CoverResult:
        parts.jobs.cancel("ann", told.id)
        return DONE

    work(attempts_with(parts, run), Item("cover", job.id))

    assert parts.now(job).status == "cancelled"
    parts.redis.close()


def test_an_attempt_that_stands_still_ends_when_its_job_is_cancelled(one_redis_url: str) -> None:
    parts = Parts(one_redis_url)
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")
    cleaned = threading.Event()

    def run(told: AttemptedJob, lease: Lease) -> CoverResult:
        parts.jobs.cancel("ann", told.id)
        try:
            while True:
                # What a source does with an error of its own must not keep the attempt running.
                with suppress(Exception):
                    time.sleep(60)
        finally:
            cleaned.set()

    made = attempts_with(parts, run)
    began_s = time.monotonic()
    work(made, Item("cover", job.id))

    assert time.monotonic() - began_s < RENEW_S - 1
    assert cleaned.is_set()
    assert parts.now(job).status == "cancelled"
    parts.redis.close()


def test_a_hung_detector_gives_the_running_attempt_up(one_redis_url: str) -> None:
    parts = Parts(one_redis_url)
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")
    alone = Alone(parts.lanes, renew_s=RENEW_S)

    def run(told: AttemptedJob, lease: Lease) -> CoverResult:
        lease.enter("detect")
        alone.give_up()
        raise SourceError("source.unreachable")

    alone.give_up()
    work(attempts_with(parts, run, alone), Item("cover", job.id))

    assert parts.now(job).status == "queued"
    assert parts.claim(job).job.without_faces
    parts.redis.close()


def test_a_claim_whose_answer_was_lost_is_the_attempt_that_runs(
    own_redis: Callable[[], RedisServer],
) -> None:
    server = own_redis()
    parts = Parts(server.url(), timeout_s=0.5)
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")
    assert parts.leases.claim(Item("cover", "job_none"), "w0") is None
    made, seen = attempts(parts, None)
    server.pause()
    # The first claim has been sent and given up by then; Redis does it, and nobody hears.
    threading.Timer(0.8, server.resume).start()

    work(made, Item("cover", job.id))

    assert [told.attempt for told in seen] == [1]
    assert (parts.now(job).status, parts.now(job).attempts) == ("succeeded", 1)
    parts.redis.close()


def test_a_result_is_held_while_redis_is_away(own_redis: Callable[[], RedisServer]) -> None:
    server = own_redis()
    parts = Parts(server.url(), timeout_s=0.5)
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")
    away = threading.Event()

    def run(told: AttemptedJob, lease: Lease) -> CoverResult:
        server.kill()
        away.set()
        return DONE

    made, item = attempts_with(parts, run), Item("cover", job.id)

    with restarted(server, away, after_s=made.claim_patience_s + 1):
        work(made, item)

        assert (parts.now(job).status, parts.now(job).attempts) == ("succeeded", 1)
    parts.redis.close()


@pytest.mark.parametrize("back", [True, False], ids=["at-once", "too-late"])
def test_an_attempt_that_could_not_go_on_without_redis_is_given_back(
    own_redis: Callable[[], RedisServer], back: bool
) -> None:
    server = own_redis()
    parts = Parts(server.url(), timeout_s=0.5)
    job = parts.jobs.create("ann", request())
    parts.lanes.release("live")
    away = threading.Event()

    def run(told: AttemptedJob, lease: Lease) -> CoverResult:
        server.kill()
        away.set()
        parts.jobs.read("ann", told.id)
        return DONE

    made, item = attempts_with(parts, run), Item("cover", job.id)
    if back:
        with restarted(server, away):
            work(made, item)
            ended = parts.now(job)
    else:
        work(made._replace(end_patience_s=0), item)
        server.start()
        ended = parts.now(job)

    assert (ended.status, ended.attempts) == (("queued", 0) if back else ("running", 1))
    parts.redis.close()


def test_a_message_of_a_cancelled_job_makes_room_for_the_next_ones(one_redis_url: str) -> None:
    parts = Parts(one_redis_url)
    jobs = [parts.jobs.create("ann", request()) for _ in range(3)]
    parts.lanes.release("live")
    parts.jobs.cancel("ann", jobs[0].id)
    made, seen = attempts(parts)

    work(made, Item("cover", jobs[0].id))

    assert seen == []
    assert parts.queues.ids() == [job.id for job in jobs]
    parts.redis.close()


@pytest.mark.parametrize("fields", [{"callback_url": CALLBACK}, {"target": TARGET}], ids=str)
def test_who_is_to_be_told_of_a_job_is_told_as_it_ends(
    one_redis_url: str, fields: dict[str, object]
) -> None:
    parts = Parts(one_redis_url)
    wanted = CoverRequest.model_validate({"source": {"url": "https://media.example/a"}, **fields})
    job = parts.jobs.create("ann", wanted)
    parts.lanes.release("live")
    made = attempts_with(parts, lambda job, lease: covered(512))

    work(made, Item("cover", job.id))

    lanes = [lane for lane, _ in parts.queues.published]
    assert lanes == ["live", "record" if "target" in fields else "notify"]
    parts.redis.close()
