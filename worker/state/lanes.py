"""The lanes: who waits, and whose turn it is to be given to Celery."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Protocol

import redis

from worker.contracts.jobs import Item
from worker.errors import RequestError
from worker.rules.retry import longest_delay_s
from worker.state.scripts import Script

_log = logging.getLogger(__name__)

# Tenants take turns by a virtual clock, `ff:turn`: who was served stands behind all who wait in
# this round, who comes new stands at the end of the next, and one with nothing due stands aside.
# What would wait longer than any delay lined up before the clock was set back, and is due.
_RELEASE: Final = """
local lane, longest_ms = ARGV[1], tonumber(ARGV[2])
local turns, later, window = 'ff:turns:' .. lane, 'ff:later:' .. lane, 'ff:window:' .. lane
local now, slots = clock_ms(), 0
for _, worker in ipairs(redis.call('HVALS', 'ff:workers')) do
  worker = cjson.decode(worker)
  if worker.until_ms >= now then
    for _, served in ipairs(worker.lanes) do
      if served == lane then slots = slots + worker.slots end
    end
  end
end
local room = math.max(2, 2 * slots) - redis.call('ZCARD', window)
local turn = tonumber(redis.call('GET', 'ff:turn:' .. lane) or 0)
for _, tenant in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', now, 'LIMIT', 0, 1000)) do
  redis.call('ZREM', later, tenant)
  redis.call('ZADD', turns, 'NX', turn + 1, tenant)
end
local released = {}
while room > 0 do
  local first = redis.call('ZRANGE', turns, 0, 0, 'WITHSCORES')
  local tenant = first[1]
  if not tenant then break end
  local waiting = 'ff:lane:' .. lane .. ':' .. tenant
  local head = redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES')
  if not head[1] then
    redis.call('ZREM', turns, tenant)
  elseif tonumber(head[2]) > now and tonumber(head[2]) <= now + longest_ms then
    redis.call('ZREM', turns, tenant)
    redis.call('ZADD', later, 'LT', head[2], tenant)
  else
    turn = math.max(turn, tonumber(first[2]))
    redis.call('SET', 'ff:turn:' .. lane, turn)
    redis.call('ZADD', turns, turn + 1, tenant)
    redis.call('ZREM', waiting, head[1])
    redis.call('ZADD', window, now, head[1])
    redis.call('HSET', 'ff:out', head[1], tenant)
    table.insert(released, head[1])
    room = room - 1
  end
end
return released
"""

# Items of the window that nobody runs and that were given to Celery too long ago. Whether Celery
# still has them is looked up by the caller.
_OVERDUE: Final = """
local lane, patience_ms = ARGV[1], tonumber(ARGV[2])
local overdue = {}
local old = redis.call('ZRANGEBYSCORE', 'ff:window:' .. lane, '-inf', clock_ms() - patience_ms)
for _, item in ipairs(old) do
  if not redis.call('ZSCORE', 'ff:leases', item) then table.insert(overdue, item) end
end
return overdue
"""

# A message of an item that is back in its lane is void, should one have arrived after all. One that
# runs without a lease, because Redis lost it, is looked after as if the lease had run out.
_PUT_BACK: Final = """
local lane, patience_ms, now = ARGV[1], tonumber(ARGV[2]), clock_ms()
local window, back = 'ff:window:' .. lane, {}
for i = 3, #ARGV do
  local item = ARGV[i]
  local at = redis.call('ZSCORE', window, item)
  if at and tonumber(at) <= now - patience_ms and not redis.call('ZSCORE', 'ff:leases', item) then
    local tenant = redis.call('HGET', 'ff:out', item) or ''
    local had = redis.call('HMGET', record_key(tenant, id_of(item)), 'status', 'queued_ms')
    if had[1] == 'running' then
      redis.call('ZADD', 'ff:leases', now, item)
    else
      leave(lane, tenant, item)
    end
    if had[1] == 'queued' then
      line_up(lane, tenant, item, tonumber(had[2]), now)
      table.insert(back, item)
    end
  end
end
return back
"""


class Publisher(Protocol):
    """What carries released items to the workers."""

    def connect(self) -> None:
        """Make the way ready. Raises: RequestError `queue.unavailable`."""
        ...

    def publish(self, lane: str, item: Item) -> None:
        """Raises: RequestError `queue.unavailable`."""
        ...


class Lanes:
    """Gives what is due to Celery, in fair turn, as many as the workers can soon take."""

    def __init__(self, client: redis.Redis, publisher: Publisher) -> None:
        self._publisher = publisher
        self._release = Script(client, _RELEASE)
        self._overdue = Script(client, _OVERDUE)
        self._put_back = Script(client, _PUT_BACK)

    def connect(self) -> None:
        """Make the way to the workers ready, so that the first release is as quick as the others.

        Raises: RequestError `queue.unavailable`.
        """
        self._publisher.connect()

    def release(self, lane: str) -> int:
        """Give the next items to Celery while the window has room, and say how many.

        When one cannot be given, it and those after it go back to the lane, for the next release.
        Raises: RequestError `queue.unavailable` when Redis did not even say whose turn it is.
        """
        due = self._release(lane, longest_delay_s(lane) * 1000)
        items = [Item.parse(text) for text in due]
        for given, item in enumerate(items):
            try:
                self._publisher.publish(lane, item)
            except RequestError as error:
                _log.warning("publishing failed", extra={"item": str(item)}, exc_info=error)
                self._return(lane, items[given:])
                return given
        return len(items)

    def overdue(self, lane: str, *, patience_s: float) -> list[Item]:
        """Items given to Celery more than `patience_s` ago that no attempt has claimed."""
        return [Item.parse(text) for text in self._overdue(lane, patience_s * 1000)]

    def put_back(self, lane: str, items: Sequence[Item], *, patience_s: float) -> list[Item]:
        """Take items out of the window to be released again; those that it was done to.

        Leaves those alone that were claimed, or given to Celery in the last `patience_s`.
        Raises: RequestError `queue.unavailable`.
        """
        back = self._put_back(lane, patience_s * 1000, *map(str, items))
        return [Item.parse(text) for text in back]

    def _return(self, lane: str, items: Sequence[Item]) -> None:
        """Put back what was not given; while Redis is away too, reconcile finds it later."""
        with suppress(RequestError):
            self.put_back(lane, items, patience_s=0)
