"""Whatever happens in whatever order, every job is in exactly the places its status says."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.worker.state.parts import DONE, Parts, request
from worker.contracts.jobs import Job
from worker.contracts.requests import CoverRequest
from worker.errors import MediaError, RequestError, SourceError, StorageError
from worker.state.leases import Lease, new_token

UPLOAD = "upl_01H00000000000000000000000"
ENDED = ("succeeded", "failed", "cancelled")


class Run:
    """Jobs of two tenants, and every attempt that was ever begun on them."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.jobs: list[Job] = []
        self.attempts: list[Lease] = []

    def create(self, draw: int) -> None:
        wanted = request(upload=UPLOAD) if draw % 3 == 0 else request()
        self.jobs.append(self.parts.jobs.create(("ann", "bob")[draw % 2], wanted))

    def release(self, _draw: int) -> None:
        self.parts.lanes.release("live")

    def claim(self, draw: int) -> None:
        """By any message ever sent, the oldest included."""
        sent = self.parts.queues.published
        if sent:
            lease = self.parts.leases.claim(sent[draw % len(sent)][1], new_token("w1"))
            self.attempts += [lease] if lease else []

    def tell(self, draw: int) -> None:
        """A word of any attempt, the superseded included."""
        words: list[Callable[[Lease], object]] = [
            lambda lease: lease.finish(DONE),
            lambda lease: lease.fail(MediaError("media.corrupt")),
            lambda lease: lease.fail(SourceError("source.throttled", delay_s=0)),
            lambda lease: lease.fail(StorageError("storage.full", delay_s=100)),
            lambda lease: lease.enter("detect"),
            lambda lease: lease.give_back(),
            lambda lease: lease.give_up(),
        ]
        if self.attempts:
            words[draw % len(words)](self.attempts[draw % len(self.attempts)])

    def cancel(self, draw: int) -> None:
        if self.jobs:
            job = self.jobs[draw % len(self.jobs)]
            self.parts.jobs.cancel(job.tenant, job.id)

    def retry(self, draw: int) -> None:
        if self.jobs:
            job = self.jobs[draw % len(self.jobs)]
            self.parts.jobs.retry(job.tenant, job.id)

    def expire(self, _draw: int) -> None:
        self.parts.expire_leases()
        self.parts.leases.take_back_expired()

    def check(self) -> None:
        """Compare every place with the records."""
        redis = self.parts.redis
        now = {f"cover:{job.id}": self.parts.now(job) for job in self.jobs}
        lanes = {item for t in ("ann", "bob") for item in redis.zrange(f"ff:lane:live:{t}", 0, -1)}
        window = set(redis.zrange("ff:window:live", 0, -1))
        leases = set(redis.zrange("ff:leases", 0, -1))
        ended = {str(job).partition(":")[2] for job in redis.zrange("ff:finished", 0, -1)}
        by_status = {
            status: {item for item, job in now.items() if job.status == status}
            for status in ("queued", "running", *ENDED)
        }

        assert window == set(redis.hkeys("ff:out"))
        assert len(window) <= 4
        assert leases == by_status["running"]
        assert leases <= window
        assert lanes.isdisjoint(window)
        # A cancelled item may keep its place until its message has come.
        waiting = window - by_status["cancelled"]
        assert lanes | waiting == by_status["queued"] | by_status["running"]
        assert ended == {job.id for job in now.values() if job.status in ENDED}
        assert all((job.finished_at is not None) == (job.status in ENDED) for job in now.values())
        unfinished = [job.request for job in now.values() if job.status not in ENDED]
        needs = [r for r in unfinished if isinstance(r, CoverRequest) and r.source.upload]
        counted = sum(int(n) for t in ("ann", "bob") for n in redis.hvals(f"ff:needs:{t}"))
        assert counted == len(needs)


STEPS = [Run.create, Run.release, Run.claim, Run.tell, Run.cancel, Run.retry, Run.expire]
WEIGHTS = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 5, 6]
STEP = st.tuples(st.sampled_from(WEIGHTS), st.integers(0, 500))


@pytest.fixture
def parts_of_one_server(one_redis_url: str) -> Iterator[Parts]:
    made = Parts(one_redis_url)
    yield made
    made.redis.close()


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEP, min_size=30, max_size=60))
def test_every_job_is_where_its_status_says(
    parts_of_one_server: Parts, steps: list[tuple[int, int]]
) -> None:
    parts_of_one_server.redis.flushdb()
    parts_of_one_server.queues.published.clear()
    parts_of_one_server.slots(2)
    run = Run(parts_of_one_server)
    for step, draw in steps:
        refusals: list[str] = []
        try:
            STEPS[step](run, draw)
        except RequestError as error:
            refusals.append(error.code)
        assert set(refusals) <= {"job.state", "job.cancelled", "job.superseded"}
        run.check()
