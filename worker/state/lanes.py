"""The lanes: who waits, and whose turn it is to be given to Celery."""

import logging
from typing import Final, Protocol

import redis

from worker.contracts.jobs import Item
from worker.errors import RequestError
from worker.state.scripts import Script

_log = logging.getLogger(__name__)

# Tenants take turns by a virtual clock, `ff:turn`: who was served stands behind all who wait in
# this round, who comes new stands at the end of the next, and one with nothing due stands aside.
_RELEASE: Final = """
local lane = ARGV[1]
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
  elseif tonumber(head[2]) > now then
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

_AGAIN: Final = """
local lane, item, patience_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
local now, at = clock_ms(), redis.call('ZSCORE', 'ff:window:' .. lane, item)
if not at or tonumber(at) > now - patience_ms or redis.call('ZSCORE', 'ff:leases', item) then
  return 0
end
redis.call('ZADD', 'ff:window:' .. lane, now, item)
return 1
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
        self._again = Script(client, _AGAIN)

    def connect(self) -> None:
        """Make the way to the workers ready, so that the first release is as quick as the others.

        Raises: RequestError `queue.unavailable`.
        """
        self._publisher.connect()

    def release(self, lane: str) -> int:
        """Give the next items to Celery while the window has room, and say how many.

        An item that could not be given stays in the window, and `publish_again` finds it.
        Raises: RequestError `queue.unavailable` when Redis did not even say whose turn it is.
        """
        items = [Item.parse(text) for text in self._release(lane)]
        for item in items:
            self._give(lane, item)
        return len(items)

    def overdue(self, lane: str, *, patience_s: float) -> list[Item]:
        """Items given to Celery more than `patience_s` ago that no attempt has claimed."""
        return [Item.parse(text) for text in self._overdue(lane, patience_s * 1000)]

    def publish_again(self, lane: str, item: Item, *, patience_s: float) -> bool:
        """Give an overdue item to Celery once more, unless it was claimed or given meanwhile."""
        if not self._again(lane, str(item), patience_s * 1000):
            return False
        self._give(lane, item)
        return True

    def _give(self, lane: str, item: Item) -> None:
        try:
            self._publisher.publish(lane, item)
        except RequestError as error:
            _log.warning("publishing failed, reconcile will see to it", extra={"item": str(item)})
            _log.debug("publishing failed", exc_info=error)
