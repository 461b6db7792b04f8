"""The records of jobs: made, read, listed, cancelled, run again."""

from typing import Final, cast

import redis
from ulid import ULID

from worker.contracts.jobs import AnyRequest, Job, kind_of
from worker.errors import RequestError
from worker.state.connection import redis_errors_as_ours
from worker.state.job_scripts import FOLLOWING, MAKING_JOBS, new_job
from worker.state.listing import Filters, JobPage, list_jobs
from worker.state.record import ASIDE, job_of, pending_record, record_key, records_of
from worker.state.scripts import Script

_CREATE: Final = MAKING_JOBS + "return make_job(ARGV)"

_CANCEL: Final = """
local tenant, id = unpack(ARGV)
return cancel_job(tenant, id, clock_ms())
"""

# Of the jobs of a watch one is under way at a time, and the newest order is the one it follows.
_RETRY: Final = (
    MAKING_JOBS
    + FOLLOWING
    + """
local tenant, id = unpack(ARGV)
local key = record_key(tenant, id)
local had = redis.call('HMGET', key, 'status', 'kind', 'record', 'watch')
if had[1] ~= 'failed' then return had[1] end
if had[4] and is_under_way(tenant, redis.call('HGET', watch_key(tenant, had[4]), 'job')) then
  return 'followed by one of its watch that is under way'
end
local now = clock_ms()
reopen(key, tenant, had[2] .. ':' .. id, 'queued', now)
need_upload(key, tenant, 1)
if had[4] then follow(tenant, had[4], id) end
local record = had[3] and record_key(tenant, had[3])
if record and redis.call('HGET', record, 'status') == 'failed' then
  reopen(record, tenant, 'record:' .. had[3], 'waiting', now)
  redis.call('HDEL', record, 'cover')
  tell(record, tenant, had[3])
end
tell(key, tenant, id)
return 'queued now'
"""
)


class JobRecords:
    """All jobs of all tenants. A job of another tenant does not exist here.

    Every method raises RequestError `queue.unavailable` when Redis does not do its part.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._create = Script(client, _CREATE)
        self._cancel = Script(client, _CANCEL)
        self._retry = Script(client, _RETRY)

    def create(self, tenant: str, request: AnyRequest, *, flight: str = "") -> Job:
        """Record a new job and give it its place in the lane it asks for.

        While a job of the same `flight` is queued or running, that one is the answer.
        """
        new = new_job(tenant, request, flight=flight)
        created_id = self._create(*new.told)
        flying = self.read(tenant, created_id) if created_id != new.id else None
        return flying or Job(
            id=new.id,
            tenant=tenant,
            kind=kind_of(request),
            status="queued",
            lane=request.lane,
            attempts=0,
            created_at=ULID.from_str(new.id.removeprefix("job_")).datetime,
            request=request,
            record=new.order and pending_record(new.record_id, new.order),
        )

    def read(self, tenant: str, job_id: str) -> Job | None:
        """A job; None where there is none of that id: what is recorded or told is no job."""
        if job_id.startswith(ASIDE):
            return None
        with redis_errors_as_ours():
            record = cast(dict[str, str], self._redis.hgetall(record_key(tenant, job_id)))
            of_record = records_of(self._redis, tenant, [record])
        return job_of(tenant, job_id, record, *of_record) if record else None

    def in_flight(self, tenant: str, flight: str) -> Job | None:
        """The newest job of a flight, ended or not, for a day after it was made."""
        with redis_errors_as_ours():
            job_id = cast(str | None, self._redis.get(f"ff:flight:{tenant}:{flight}"))
        return self.read(tenant, job_id) if job_id else None

    def page(self, tenant: str, filters: Filters, *, cursor: str | None, limit: int) -> JobPage:
        """Jobs newest first; see `list_jobs`."""
        return list_jobs(self._redis, tenant, filters, cursor=cursor, limit=limit)

    def cancel(self, tenant: str, job_id: str) -> Job:
        """End a queued or running job at once; the attempt that runs finds out by itself.

        A job that was cancelled before stays as it is: the first answer may have been lost.
        Raises: RequestError `job.state` when it has ended otherwise, `request.not_found`.
        """
        return self._changed(tenant, job_id, self._cancel, "cancelled")

    def retry(self, tenant: str, job_id: str) -> Job:
        """Queue a failed job again with a fresh budget of attempts; its record counts as newer.

        Raises: RequestError `job.state` when it has not failed, `request.not_found`.
        """
        return self._changed(tenant, job_id, self._retry, "queued now")

    def _changed(self, tenant: str, job_id: str, change: Script, wanted: str) -> Job:
        outcome = None if job_id.startswith(ASIDE) else change(tenant, job_id)
        if outcome not in {wanted, None}:
            raise RequestError("job.state", f"The job is {outcome}.")
        job = self.read(tenant, job_id)
        if outcome is None or job is None:
            raise RequestError("request.not_found")
        return job
