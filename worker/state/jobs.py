"""The records of jobs: made, read, listed, cancelled, run again."""

from typing import Final, cast

import redis
from ulid import ULID

from worker.contracts.jobs import AnyRequest, Job, kind_of, source_of
from worker.errors import RequestError
from worker.state.connection import redis_errors_as_ours
from worker.state.listing import Filters, JobPage, list_jobs
from worker.state.record import ASIDE, job_of, pending_record, record_key, records_of
from worker.state.record_scripts import RECORDS, order_of, told_order
from worker.state.scripts import Script

_FLIGHT_KEPT_MS: Final = 24 * 3600 * 1000

# A flight lasts until its job has ended; its name is forgotten when no job can still be unfinished.
# A job with a target has its record from the first moment on: the fence says when it was accepted.
_CREATE: Final = (
    RECORDS
    + f"""
local tenant, id, kind, lane, created_ms, request, upload, flight, callback = unpack(ARGV, 1, 9)
local key, name = record_key(tenant, id), 'ff:flight:' .. tenant .. ':' .. flight
if flight ~= '' then
  local flying = redis.call('GET', name)
  local status = flying and redis.call('HGET', record_key(tenant, flying), 'status')
  if status == 'queued' or status == 'running' then return flying end
  redis.call('SET', name, id, 'PX', {_FLIGHT_KEPT_MS})
end
if redis.call('EXISTS', key) == 0 then
  local now = clock_ms()
  redis.call('HSET', key, 'kind', kind, 'lane', lane, 'status', 'queued', 'attempts', 0,
    'spent', 0, 'lost', 0, 'created_ms', created_ms, 'queued_ms', whole(now), 'request', request)
  if upload ~= '' then redis.call('HSET', key, 'upload', upload) end
  if callback ~= '' then redis.call('HSET', key, 'callback', callback) end
  if ARGV[10] then
    make_record(tenant, 'waiting', now, {{unpack(ARGV, 10)}})
    redis.call('HSET', key, 'record', ARGV[10])
  end
  need_upload(key, tenant, 1)
  redis.call('ZADD', 'ff:jobs:' .. tenant, 0, id)
  line_up(lane, tenant, kind .. ':' .. id, now, now)
  tell(key, tenant, id)
end
return id
"""
)

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
local had = redis.call('HMGET', key, 'status', 'kind', 'record')
if had[1] ~= 'failed' then return had[1] end
local now = clock_ms()
reopen(key, tenant, had[2] .. ':' .. id, 'queued', now)
need_upload(key, tenant, 1)
local record = had[3] and record_key(tenant, had[3])
if record and redis.call('HGET', record, 'status') == 'failed' then
  reopen(record, tenant, 'record:' .. had[3], 'waiting', now)
  redis.call('HDEL', record, 'cover')
  tell(record, tenant, had[3])
end
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

    def create(self, tenant: str, request: AnyRequest, *, flight: str = "") -> Job:
        """Record a new job and give it its place in the lane it asks for.

        While a job of the same `flight` is queued or running, that one is the answer.
        """
        ulid = ULID()
        job_id, kind = f"job_{ulid}", kind_of(request)
        order = order_of(request, job_id)
        record_id = f"rec_{ULID()}" if order else ""
        source = source_of(request)
        created_id = self._create(
            *(tenant, job_id, kind, request.lane, ulid.milliseconds),
            *(request.model_dump_json(exclude_none=True), (source and source.upload) or "", flight),
            getattr(request, "callback_url", None) or "",
            *(told_order(record_id, order) if order else ()),
        )
        flying = self.read(tenant, created_id) if created_id != job_id else None
        return flying or Job(
            id=job_id,
            tenant=tenant,
            kind=kind,
            status="queued",
            lane=request.lane,
            attempts=0,
            created_at=ulid.datetime,
            request=request,
            record=order and pending_record(record_id, order),
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
