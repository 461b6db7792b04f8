"""Which jobs a caller of `/v1` reaches."""

from typing import NamedTuple

from worker.contracts.jobs import Job
from worker.errors import RequestError
from worker.rules.visibility import is_of_library
from worker.state.jobs import JobRecords
from worker.state.listing import Filters, JobPage


class Reach(NamedTuple):
    """The tenant's jobs, but without those over files of libraries where the API is open.

    Such jobs hold names and links that are otherwise given for an access token only, and without
    keys anybody who reaches an open API is the tenant. On loopback it is the operator.
    """

    jobs: JobRecords
    tenant: str
    is_open: bool

    def read(self, job_id: str) -> Job:
        """Raises: RequestError `request.not_found`, for a job that is out of reach too."""
        job = self.jobs.read(self.tenant, job_id)
        if job is None or not self._has(job):
            raise RequestError("request.not_found", "There is no such job.")
        return job

    def has(self, job_id: str) -> bool:
        """Whether there is such a job within reach."""
        job = self.jobs.read(self.tenant, job_id)
        return job is not None and self._has(job)

    def page(self, filters: Filters, *, cursor: str | None, limit: int) -> JobPage:
        """As `JobRecords.page`; what is out of reach makes a page shorter."""
        found = self.jobs.page(self.tenant, filters, cursor=cursor, limit=limit)
        return found._replace(jobs=[job for job in found.jobs if self._has(job)])

    def cancel(self, job_id: str) -> Job:
        """Raises: RequestError `request.not_found`, `job.state`."""
        self.read(job_id)
        return self.jobs.cancel(self.tenant, job_id)

    def retry(self, job_id: str) -> Job:
        """Raises: RequestError `request.not_found`, `job.state`."""
        self.read(job_id)
        return self.jobs.retry(self.tenant, job_id)

    def _has(self, job: Job) -> bool:
        return not (self.is_open and is_of_library(job.request))
