"""The workers that are alive: heartbeats with lanes and slots."""

import json
from typing import Final, NamedTuple

import redis

from worker.state.connection import redis_errors_as_ours
from worker.state.scripts import Script

WORKERS_KEY: Final = "ff:workers"

_BEAT: Final = """
local id, worker, alive_ms = ARGV[1], cjson.decode(ARGV[2]), tonumber(ARGV[3])
local now = clock_ms()
local known = redis.call('HGETALL', 'ff:workers')
for i = 1, #known, 2 do
  if cjson.decode(known[i + 1]).until_ms < now then redis.call('HDEL', 'ff:workers', known[i]) end
end
worker.at_ms = math.floor(now)
worker.until_ms = math.floor(now + alive_ms)
redis.call('HSET', 'ff:workers', id, cjson.encode(worker))
"""

_LIVE: Final = """
local now, live, known = clock_ms(), {}, redis.call('HVALS', 'ff:workers')
for _, worker in ipairs(known) do
  if cjson.decode(worker).until_ms >= now then table.insert(live, worker) end
end
return live
"""


class WorkerInfo(NamedTuple):
    """A worker as it announces itself; `slots` is how many jobs it runs at once."""

    id: str
    lanes: tuple[str, ...]
    slots: int
    host: str
    pid: int
    at_ms: int = 0


class Workers:
    """Who is alive: a worker counts for three heartbeats after its last one."""

    def __init__(self, client: redis.Redis, *, heartbeat_s: float) -> None:
        self._redis = client
        self._alive_ms = heartbeat_s * 3000
        self._beat = Script(client, _BEAT)
        self._live = Script(client, _LIVE)

    def beat(self, worker: WorkerInfo) -> None:
        """Say that the worker is alive, and forget those that fell silent."""
        self._beat(worker.id, json.dumps(worker._asdict()), self._alive_ms)

    def leave(self, worker_id: str) -> None:
        """Take a worker that stops off the list."""
        with redis_errors_as_ours():
            self._redis.hdel(WORKERS_KEY, worker_id)

    def live(self) -> list[WorkerInfo]:
        rows = [json.loads(row) for row in self._live()]
        return [
            WorkerInfo(r["id"], tuple(r["lanes"]), r["slots"], r["host"], r["pid"], r["at_ms"])
            for r in rows
        ]
