"""The records of jobs: made, read, listed, cancelled, run again."""

from typing import Final, cast

import redis
from ulid import ULID

from worker.contracts.jobs import Job
from worker.contracts.requests import CoverRequest
from worker.errors import RequestError
from worker.state.connection import redis_errors_as_ours
from worker.state.listing import Filters, JobPage, list_jobs
from worker.state.record import job_of, record_key
from worker.state.scripts import Script

_CREATE: Final = """
local tenant, id, kind, lane, created_ms, request, upload = unpack(ARGV)
local key = record_key(tenant, id)
if redis.call('EXISTS', key) == 0 then
  local now = clock_ms()
  redis.call('HSET', key, 'kind', kind, 'lane', lane, 'status', 'queued', 'attempts', 0,
    'spent', 0, 'lost', 0, 'created_ms', created_ms, 'queued_ms', whole(now), 'request', request)
  if upload ~= '' then redis.call('HSET', key, 'upload', upload) end
  need_upload(key, tenant, 1)
  redis.call('ZADD', 'ff:jobs:' .. tenant, 0, id)
  line_up(lane, tenant, kind .. ':' .. id, now, now)
  tell(key, tenant, id)
end
"""

# The message of a published item stays in its queue, and so does the item in the window, or the
# queue would have no bound.
_CANCEL: Final = """
local tenant, id = unpack(ARGV)
local key = record_key(tenant, id)
local had = redis.call('HMGET', key, 'status', 'kind', 'lane')
if had[1] ~= 'queued' and had[1] ~= 'running' then return had[1] end
local item, window = had[2] .. ':' .. id, 'ff:window:' .. had[3]
local published = had[1] == 'queued' and redis.call('ZSCORE', window, item)
end_job(key, tenant, item, 'cancelled', clock_ms())
if published then
  redis.call('ZADD', window, published, item)
  redis.call('HSET', 'ff:out', item, tenant)
end
return 'cancelled'
"""

_RETRY: Final = """
local tenant, id = unpack(ARGV)
local key = record_key(tenant, id)
local had = redis.call('HMGET', key, 'status', 'kind', 'lane')
if had[1] ~= 'failed' then return had[1] end
local now = clock_ms()
redis.call('HSET', key, 'status', 'queued', 'spent', 0, 'lost', 0, 'queued_ms', whole(now))
redis.call('HDEL', key, 'error', 'finished_ms', 'started_ms', 'began_ms', 'failures',
  'without_faces', 'token')
redis.call('ZREM', 'ff:finished', tenant .. ':' .. id)
need_upload(key, tenant, 1)
line_up(had[3], tenant, had[2] .. ':' .. id, now, now)
tell(key, tenant, id)
return 'queued now'
"""


class JobRecords:
    """All jobs of all tenants. A job of another tenant does not exist here.

    Every method raises RequestError `queue.unavailable` when Redis does not do its part.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._create = Script(client, _CREATE)
        self._cancel = Script(client, _CANCEL)
        self._retry = Script(client, _RETRY)

    def create(self, tenant: str, request: CoverRequest) -> Job:
        """Record a new job and give it its place in the lane it asks for."""
        ulid = ULID()
        job_id = f"job_{ulid}"
        self._create(
            *(tenant, job_id, "cover", request.lane, ulid.milliseconds),
            request.model_dump_json(exclude_none=True),
            request.source.upload or "",
        )
        return Job(
            id=job_id,
            tenant=tenant,
            kind="cover",
            status="queued",
            lane=request.lane,
            attempts=0,
            created_at=ulid.datetime,
            request=request,
        )

    def read(self, tenant: str, job_id: str) -> Job | None:
        with redis_errors_as_ours():
            record = cast(dict[str, str], self._redis.hgetall(record_key(tenant, job_id)))
        return job_of(tenant, job_id, record) if record else None

    def page(self, tenant: str, filters: Filters, *, cursor: str | None, limit: int) -> JobPage:
        """Jobs newest first; see `list_jobs`."""
        return list_jobs(self._redis, tenant, filters, cursor=cursor, limit=limit)

    def cancel(self, tenant: str, job_id: str) -> Job:
        """End a queued or running job at once; the attempt that runs finds out by itself.

        A job that was cancelled before stays as it is: the first answer may have been lost.
        Raises: RequestError `job.state` when it has ended otherwise, `request.not_found`.
        """
        return self._changed(tenant, job_id, self._cancel(tenant, job_id), "cancelled")

    def retry(self, tenant: str, job_id: str) -> Job:
        """Queue a failed job again with a fresh budget of attempts.

        Raises: RequestError `job.state` when it has not failed, `request.not_found`.
        """
        return self._changed(tenant, job_id, self._retry(tenant, job_id), "queued now")

    def _changed(self, tenant: str, job_id: str, outcome: str | None, wanted: str) -> Job:
        if outcome not in {wanted, None}:
            raise RequestError("job.state", f"The job is {outcome}.")
        job = self.read(tenant, job_id)
        if outcome is None or job is None:
            raise RequestError("request.not_found")
        return job
