"""What a worker does to a job's record, through the state a worker uses."""

import os
import time

import httpx2

from worker import wiring
from worker.contracts.jobs import AnyResult, Item
from worker.contracts.names import LANES, Kind
from worker.contracts.results import CoverResult
from worker.errors import MediaError
from worker.settings import Settings
from worker.state.leases import Lease
from worker.state.workers import WorkerInfo

SLOTS = 100


class Attempts:
    """A worker with many slots: claims jobs that were released and ends them as asked."""

    def __init__(self, settings: Settings) -> None:
        state = wiring.state(settings, timeout_s=5)
        state.workers.beat(WorkerInfo("test", LANES, SLOTS, "localhost", os.getpid()))
        self._leases = state.leases
        self._catalogue = wiring.catalogue(state, wiring.store(settings))

    def begin(self, job_id: str, kind: Kind = "cover") -> Lease:
        """Claim the job; it must have been released."""
        lease = self._leases.claim(Item(kind, job_id), "test")
        assert lease is not None, f"{job_id} was not released"
        return lease

    def succeed(self, job_id: str) -> None:
        self.begin(job_id).finish(CoverResult(source="clip.mp4", status="succeeded"))

    def succeed_with(self, job_id: str, kind: Kind, result: AnyResult) -> None:
        """End the job with a result, whose pictures are then in the catalogue."""
        lease = self.begin(job_id, kind)
        self._catalogue.keep(lease.job, result, None)
        lease.finish(result)

    def fail(self, job_id: str) -> None:
        self.begin(job_id).fail(MediaError("media.corrupt"))


def recorded(client: httpx2.Client, kind: Kind) -> str:
    """The id of the one job of that kind, once it is there."""
    until_s = time.monotonic() + 10
    while time.monotonic() < until_s:
        if jobs := client.get("/v1/jobs", params={"kind": kind}).json()["jobs"]:
            return str(jobs[0]["id"])
        time.sleep(0.01)
    raise AssertionError(f"no {kind} job was recorded")
