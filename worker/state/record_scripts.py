"""How records are made: with their job, which is to make their cover, or for a cover that is."""

from typing import Final

from ulid import ULID

from worker.contracts.jobs import AnyRequest
from worker.contracts.records import RecordOrder
from worker.contracts.requests import CoverRequest
from worker.rules.records import target_id

# The fence is drawn here: one counter for all, so that of two orders the newer has the larger one.
MAKING_RECORDS: Final = """
local function make_record(tenant, status, now, told)
  local id, lane, created_ms, provider, order, cover, job, callback, target = unpack(told)
  local key, fence = record_key(tenant, id), redis.call('INCR', 'ff:fence')
  redis.call('HSET', key, 'kind', 'record', 'lane', lane, 'status', status, 'state', 'pending',
    'attempts', 0, 'spent', 0, 'lost', 0, 'created_ms', created_ms, 'queued_ms', whole(now),
    'request', order, 'provider', provider, 'target', target, 'fence', fence)
  for name, value in pairs({cover = cover, job = job, callback = callback}) do
    if value ~= '' then redis.call('HSET', key, name, value) end
  end
  redis.call('ZADD', 'ff:records:' .. tenant, 0, id)
  if status == 'queued' then
    hold_cover(key, tenant, id)
    line_up(lane, tenant, 'record:' .. id, now, now)
  end
  tell(key, tenant, id)
  return fence
end
"""
# How many arguments tell one record.
TOLD: Final = 9


def told_order(record_id: str, order: RecordOrder) -> tuple[str, ...]:
    """An order as `make_record` takes it: what changes later is kept in fields of its own."""
    return (
        record_id,
        order.lane,
        str(_created_ms(record_id)),
        order.target.provider,
        order.model_dump_json(exclude_none=True, exclude={"fence", "cover"}),
        order.cover.model_dump_json() if order.cover else "",
        order.job or "",
        order.callback_url or "",
        target_id(order.target),
    )


def order_of(request: AnyRequest, job_id: str) -> RecordOrder | None:
    """What is to be recorded of a job's cover; None for a job without a target."""
    if not isinstance(request, CoverRequest) or request.target is None:
        return None
    return RecordOrder(
        target=request.target,
        job=job_id,
        callback_url=request.callback_url,
        metadata=request.metadata,
    )


def _created_ms(record_id: str) -> int:
    return ULID.from_str(record_id.removeprefix("rec_")).milliseconds
