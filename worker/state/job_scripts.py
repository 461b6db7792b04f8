"""How jobs are made, by a call or by a watch over an album, and how a watch follows them."""

from typing import Final, NamedTuple

from ulid import ULID

from worker.contracts.jobs import AnyRequest, kind_of, source_of
from worker.contracts.records import RecordOrder
from worker.state.record_scripts import MAKING_RECORDS, order_of, told_order

_FLIGHT_KEPT_MS: Final = 24 * 3600 * 1000

# A flight lasts until its job has ended; its name is forgotten when no job can still be unfinished.
# A job with a target has its record from the first moment on: the fence says when it was accepted.
MAKING_JOBS: Final = (
    MAKING_RECORDS
    + f"""
local function is_under_way(tenant, id)
  local status = id and redis.call('HGET', record_key(tenant, id), 'status')
  return status == 'queued' or status == 'running'
end

local function make_job(told)
  local tenant, id, kind, lane, created_ms, request, upload, flight, callback = unpack(told, 1, 9)
  local watch = told[10]
  local key, name = record_key(tenant, id), 'ff:flight:' .. tenant .. ':' .. flight
  if flight ~= '' then
    local flying = redis.call('GET', name)
    if is_under_way(tenant, flying) then return flying end
    redis.call('SET', name, id, 'PX', {_FLIGHT_KEPT_MS})
  end
  if redis.call('EXISTS', key) == 0 then
    local now = clock_ms()
    redis.call('HSET', key, 'kind', kind, 'lane', lane, 'status', 'queued', 'attempts', 0,
      'spent', 0, 'lost', 0, 'created_ms', created_ms, 'queued_ms', whole(now), 'request', request)
    for field, value in pairs({{upload = upload, callback = callback, watch = watch}}) do
      if value ~= '' then redis.call('HSET', key, field, value) end
    end
    if told[11] then
      make_record(tenant, 'waiting', now, {{unpack(told, 11)}})
      redis.call('HSET', key, 'record', told[11])
    end
    need_upload(key, tenant, 1)
    redis.call('ZADD', 'ff:jobs:' .. tenant, 0, id)
    line_up(lane, tenant, kind .. ':' .. id, now, now)
    tell(key, tenant, id)
  end
  return id
end
"""
)

# Which medium gave the last cover is what the newest job that succeeded says it read.
FOLLOWING: Final = """
local function watch_key(tenant, id) return 'ff:watch:' .. tenant .. ':' .. id end
local function text(value) return type(value) == 'string' and value or '' end

local function take_over(tenant, key)
  local job = redis.call('HGET', key, 'job')
  local had = job and redis.call('HMGET', record_key(tenant, job), 'status', 'result')
  if had and had[1] == 'succeeded' then
    local result = cjson.decode(had[2])
    redis.call('HSET', key, 'source', text(result.source), 'version', text(result.source_version),
      'given_by', job)
  end
  return job, had and had[1]
end

local function follow(tenant, id, job)
  local key = watch_key(tenant, id)
  if redis.call('EXISTS', key) == 0 then return end
  take_over(tenant, key)
  redis.call('HSET', key, 'job', job)
  redis.call('HDEL', key, 'tried_source', 'tried_version', 'tries')
end
"""


class NewJob(NamedTuple):
    """A job that is to be made; `order` is of its record, where it has one."""

    id: str
    record_id: str
    order: RecordOrder | None
    told: tuple[str, ...]


def new_job(tenant: str, request: AnyRequest, *, flight: str = "") -> NewJob:
    """A job with a new id; `told` is as `make_job` takes it, of no watch."""
    ulid = ULID()
    job_id, source = f"job_{ulid}", source_of(request)
    order = order_of(request, job_id)
    record_id = f"rec_{ULID()}" if order else ""
    told = (
        *(tenant, job_id, kind_of(request), request.lane, str(ulid.milliseconds)),
        *(request.model_dump_json(exclude_none=True), (source and source.upload) or "", flight),
        *(getattr(request, "callback_url", None) or "", ""),
        *(told_order(record_id, order) if order else ()),
    )
    return NewJob(job_id, record_id, order, told)
