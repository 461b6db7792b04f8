"""A worker in this process that completes uploads: the true story over the jobs that come."""

import os
import threading
from typing import Final

from tests.api.dialects.tencent_smh.shop import Shop
from worker import wiring
from worker.contracts.jobs import Item, Job
from worker.contracts.names import LANES
from worker.contracts.requests import ChecksumRequest
from worker.errors import CoverError, RequestError
from worker.jobs.checksum import ChecksumStory
from worker.settings import Settings
from worker.state.listing import Filters
from worker.state.workers import WorkerInfo

TENANT: Final = "default"


class Clerk:
    """Runs checksum jobs beside the test from `start` to `stop`, or those that it is told."""

    def __init__(self, settings: Settings, shop: Shop) -> None:
        self._state = shop.state
        self._state.workers.beat(WorkerInfo("clerk", LANES, 100, "localhost", os.getpid()))
        self._story = ChecksumStory(
            *wiring.checksum_parts(settings, self._state.transfers, self._state.entries)
        )
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def jobs(self) -> list[Job]:
        """All checksum jobs, newest first."""
        filters = Filters(kind="checksum")
        return self._state.jobs.page(TENANT, filters, cursor=None, limit=100).jobs

    def work(self) -> int:
        """Do what is queued now; how many jobs that was."""
        queued = [job for job in self.jobs() if job.status == "queued"]
        return sum(map(self._do, reversed(queued)))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(20)

    def _do(self, job: Job) -> bool:
        lease = self._state.leases.claim(Item("checksum", job.id), "clerk")
        if lease is None:
            return False
        assert isinstance(job.request, ChecksumRequest)
        try:
            result = self._story.run(job.request, tenant=TENANT, attempt=lease)
        except CoverError as failed:
            lease.fail(failed)
        else:
            lease.finish(result)
        return True

    def _run(self) -> None:
        while not self._ending.wait(0.02):
            try:
                self.work()
            except RequestError:
                continue
