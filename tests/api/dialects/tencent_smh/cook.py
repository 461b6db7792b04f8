"""A worker in this process, whose attempts a test begins and ends when it likes."""

import os
import threading
import time
from typing import Final

from tests.api.dialects.tencent_smh.shop import Shop
from worker import wiring
from worker.contracts.jobs import Item, Job
from worker.contracts.names import LANES
from worker.contracts.requests import CoverRequest
from worker.errors import CoverError, RequestError
from worker.jobs.cover import CoverStory
from worker.settings import Settings
from worker.sources.entry import EntrySource
from worker.state.leases import Lease
from worker.state.listing import Filters
from worker.state.workers import WorkerInfo

TENANT: Final = "default"


class Cook:
    """Claims jobs that were released and runs the true story over them."""

    def __init__(self, settings: Settings, shop: Shop, story: CoverStory) -> None:
        self._state = shop.state
        self._state.workers.beat(WorkerInfo("cook", LANES, 100, "localhost", os.getpid()))
        self._story = story
        self._source = EntrySource(library=shop.bytes, max_bytes=10_000_000)
        self._destination = wiring.store_destination(settings)
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def jobs(self) -> list[Job]:
        """All jobs, newest first."""
        return self._state.jobs.page(TENANT, Filters(), cursor=None, limit=100).jobs

    def next_job(self, *, within_s: float = 10) -> Job:
        """The queued job, once there is one."""
        ends_at = time.monotonic() + within_s
        while time.monotonic() < ends_at:
            queued = [job for job in self.jobs() if job.status == "queued"]
            if queued:
                return queued[-1]
            time.sleep(0.01)
        raise AssertionError("no job was made")

    def claim(self, job: Job) -> Lease:
        lease = None
        ends_at = time.monotonic() + 5
        while lease is None and time.monotonic() < ends_at:
            lease = self._state.leases.claim(Item("cover", job.id), "cook")
        assert lease is not None, "the job was not released"
        return lease

    def make(self, job: Job) -> None:
        """What a worker does with a job, to its end."""
        lease, wanted = self.claim(job), job.request
        assert isinstance(wanted, CoverRequest)
        reference = wanted.source.entry
        assert reference is not None
        refer = self._state.references.of_job(TENANT, job.id)
        try:
            result = self._story.run(
                wanted,
                open_source=lambda: self._source.open(reference),
                destination=self._destination(TENANT, "private", refer),
                attempt=lease,
                results=self._state.results.of(TENANT, "private", refer=refer),
            )
        except CoverError as failed:
            lease.fail(failed)
        else:
            lease.finish(result)

    def start(self) -> None:
        """Make whatever comes, beside the test."""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        if self._thread:
            self._thread.join(20)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self.make(self.next_job(within_s=0.1))
            except (AssertionError, RequestError):
                continue
