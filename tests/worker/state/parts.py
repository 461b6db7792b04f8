"""The state over a real Redis, and a Celery that only remembers what it was given."""

from dataclasses import dataclass, field
from typing import Any

import redis

from worker.contracts.jobs import REQUESTS, Item, Job, JobEvent
from worker.contracts.names import ALL_LANES
from worker.contracts.requests import CoverRequest
from worker.contracts.results import CoverResult
from worker.errors import RequestError
from worker.state.breakers import BreakerRules
from worker.state.buckets import Paces
from worker.state.chore_lease import ChoreLease
from worker.state.connection import connect
from worker.state.events import EVENTS_KEY, parse_event
from worker.state.jobs import JobRecords
from worker.state.lanes import Lanes
from worker.state.leases import Lease, LeaseRules, Leases, Limits, new_token
from worker.state.ledger import Ledgers
from worker.state.notices import NoticeRecords
from worker.state.records import RecordRecords
from worker.state.retention import Retention
from worker.state.workers import WorkerInfo, Workers

LIMITS = Limits(attempt_timeout_s=60, max_job_age_s=1800, max_attempts=5)
RULES = LeaseRules(lease_s=20, limits=dict.fromkeys(REQUESTS, LIMITS), max_lost_attempts=3)
SETTLE_S = 20.0
BREAKS = BreakerRules(failures=3, rest_s=30, probe_s=60)
DONE = CoverResult(source="clip.mp4", status="succeeded")


def request(lane: str = "live", **source: str) -> CoverRequest:
    """The smallest request for a cover."""
    wanted = source or {"url": "https://media.example/clip.mp4"}
    return CoverRequest.model_validate({"source": wanted, "lane": lane})


@dataclass
class Queues:
    """Takes what is published, until it `fails_after` so many."""

    published: list[tuple[str, Item]] = field(default_factory=list)
    fails_after: int | None = None
    tried: int = 0

    def connect(self) -> None:
        """There is nothing to connect to."""

    def publish(self, lane: str, item: Item) -> None:
        self.tried += 1
        if self.fails_after is not None and self.tried > self.fails_after:
            raise RequestError("queue.unavailable")
        self.published.append((lane, item))

    def ids(self) -> list[str]:
        return [item.id for _, item in self.published]


def limited(**limits: Any) -> LeaseRules:
    """The rules with other limits for covers."""
    return RULES._replace(limits={**RULES.limits, "cover": LIMITS._replace(**limits)})


class Parts:
    """All of the state over one database."""

    def __init__(self, url: str, rules: LeaseRules = RULES, *, timeout_s: float = 5) -> None:
        self.redis: redis.Redis = connect(url, timeout_s=timeout_s, connect_timeout_s=5)
        self.queues = Queues()
        self.jobs = JobRecords(self.redis)
        self.lanes = Lanes(self.redis, self.queues)
        self.leases = Leases(self.redis, rules)
        self.workers = Workers(self.redis, heartbeat_s=5)
        self.retention = Retention(self.redis)
        self.records = RecordRecords(self.redis)
        self.notices = NoticeRecords(self.redis)
        self.ledgers = Ledgers(self.redis, settle_s=SETTLE_S)
        self.paces = Paces(self.redis, BREAKS)

    def chore_lease(self) -> ChoreLease:
        return ChoreLease(self.redis)

    def slots(self, slots: int, *lanes: str) -> None:
        """Announce one worker with that many slots."""
        self.workers.beat(WorkerInfo("w1", lanes or ("live", "backfill"), slots, "host", 1))

    def claimed(self, tenant: str = "ann") -> tuple[Job, Lease]:
        """A new job that is being run."""
        job = self.jobs.create(tenant, request())
        self.lanes.release("live")
        return job, self.claim(job)

    def claim(self, job: Job) -> Lease:
        return self.claim_item(Item(job.kind, job.id))

    def claim_item(self, item: Item) -> Lease:
        lease = self.leases.claim(item, new_token("w1"))
        assert lease is not None
        return lease

    def again(self, job: Job) -> Lease:
        """Claim a job once it is due again, for which its delay is taken away."""
        return self.due(job.tenant, Item(job.kind, job.id))

    def due(self, tenant: str, item: Item) -> Lease:
        """Claim what waits in a lane, for which its delay is taken away."""
        for lane in ALL_LANES:
            self.redis.zadd(f"ff:lane:{lane}:{tenant}", {str(item): 0}, xx=True)
            self.redis.zadd(f"ff:later:{lane}", {tenant: 0}, xx=True)
            self.lanes.release(lane)
        return self.claim_item(item)

    def now(self, job: Job) -> Job:
        """The job as it is recorded."""
        read = self.jobs.read(job.tenant, job.id)
        assert read is not None
        return read

    def events(self, job: Job) -> list[JobEvent]:
        """What the event stream tells of the job, oldest first."""
        entries: Any = self.redis.xrange(EVENTS_KEY)
        events = [parse_event(fields) for _, fields in entries]
        return [event for event in events if event.id == job.id]

    def expire_leases(self) -> None:
        """Let every lease run out now."""
        for item in self.redis.zrange("ff:leases", 0, -1):
            self.redis.zadd("ff:leases", {str(item): 0})

    def traces(self) -> set[str]:
        """Keys that an item leaves behind while it is on its way."""
        return {
            str(key)
            for pattern in ("ff:lane:*", "ff:window:*", "ff:leases", "ff:out", "ff:needs:*")
            for key in self.redis.keys(pattern)
        }
