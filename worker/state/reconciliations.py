"""When the ledger was compared with its providers, and what came of it; one process at a time."""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple, cast

import redis

from worker.state.connection import redis_errors_as_ours
from worker.state.record import time_of
from worker.state.scripts import Script

# Longer than a look may take, with all its waits: then its process is taken for dead.
SILENCE_S: Final = 300.0
_KEY: Final = "ff:reconciliation"

_BEGIN: Final = f"""
local key, token, every_ms, silence_ms = '{_KEY}', ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = clock_ms()
local had = redis.call('HMGET', key, 'token', 'seen_ms', 'began_ms')
if had[1] and had[1] ~= token and tonumber(had[2]) + silence_ms > now then return 0 end
if not had[1] and had[3] and tonumber(had[3]) + every_ms > now then return 0 end
redis.call('HSET', key, 'token', token, 'began_ms', whole(now), 'seen_ms', whole(now))
return 1
"""

_GO_ON: Final = f"""
if redis.call('HGET', '{_KEY}', 'token') ~= ARGV[1] then return 0 end
redis.call('HSET', '{_KEY}', 'seen_ms', whole(clock_ms()))
return 1
"""

_END: Final = f"""
local key = '{_KEY}'
if redis.call('HGET', key, 'token') ~= ARGV[1] then return end
redis.call('HSET', key, 'counts', ARGV[2], 'last_began_ms', redis.call('HGET', key, 'began_ms'),
  'last_ended_ms', whole(clock_ms()))
redis.call('HDEL', key, 'token', 'seen_ms')
"""


class LastRun(NamedTuple):
    """The last run that came to its end; `counts` are targets by what they were found to show."""

    began_at: datetime
    ended_at: datetime
    counts: Mapping[str, int]


class Run(NamedTuple):
    """A run that is under way in this process."""

    runs: "Reconciliations"
    token: str

    def goes_on(self) -> bool:
        """Show that it lives; False when another has taken it over."""
        return bool(self.runs.go_on(self.token))

    def end(self, counts: Mapping[str, int]) -> None:
        """Note what was found."""
        self.runs.note_end(self.token, json.dumps(counts))


class Reconciliations:
    """The runs of all processes. Every method raises RequestError `queue.unavailable`."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._begin = Script(client, _BEGIN)
        self.go_on = Script(client, _GO_ON)
        self.note_end = Script(client, _END)

    def begin(self, *, every_s: float) -> Run | None:
        """The next run; None where one is under way, or the last began less than `every_s` ago."""
        token = secrets.token_hex(8)
        is_mine = self._begin(token, every_s * 1000, SILENCE_S * 1000)
        return Run(self, token) if is_mine else None

    def last(self) -> LastRun | None:
        """The last run that ended; None when there was none yet."""
        with redis_errors_as_ours():
            kept = cast(dict[str, str], self._redis.hgetall(_KEY))
        began_at, ended_at = time_of(kept.get("last_began_ms")), time_of(kept.get("last_ended_ms"))
        if began_at is None or ended_at is None:
            return None
        return LastRun(began_at, ended_at, json.loads(kept["counts"]))
