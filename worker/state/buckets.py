"""Buckets: how often an account may be called, in all workers together, by the clock of Redis."""

import secrets
import time
from typing import Final, NamedTuple

import redis

from worker.errors import CoverError, ProviderError
from worker.rules.retry import LONGEST_TURN_S, MAX_DELAY_S
from worker.state.breakers import BREAKER, LONGEST_REST_S, BreakerRules, is_failure
from worker.state.scripts import Script

# What is slept in the slot; whoever has to wait longer makes room for others.
PATIENCE_S: Final = 1.0
# An account that asks to be left alone without saying how long.
_PAUSE_S: Final = 1.0
_KEPT_S: Final = 3600
# Calls leave a little later than their moments: without room between them, the provider would now
# and then count one more in a second than it allows.
_ROOM: Final = 1.03

_READ: Final = (
    BREAKER
    + """
local key, holder, now = 'ff:pace:' .. ARGV[1], ARGV[2], clock_ms()
local kept, rows = {}, redis.call('HGETALL', key)
for i = 1, #rows, 2 do kept[rows[i]] = rows[i + 1] end
"""
)

# GCRA without a burst: each call has its own moment, one interval after the one before. A late
# caller does not move the others. Who cannot have a moment soon is given a place in a line of
# come-backs, one interval apart, so that thousands who wait do not all ask again at once.
_TAKE: Final = (
    _READ
    + """
local bucket, interval_ms, patience_ms, longest_ms, probe_ms, slack_ms = ARGV[3],
  tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local rest_ms = rest_left(kept, holder, now)
local free = math.max(now, tonumber(kept[bucket] or 0), tonumber(kept.blocked_until or 0))
if rest_ms == 0 and free - now <= patience_ms then
  take_probe(key, kept, holder, now, probe_ms)
  redis.call('HSET', key, bucket, string.format('%.3f', free + interval_ms))
  redis.call('PEXPIRE', key, whole(slack_ms + math.max(free - now, 0)))
  return {'go', string.format('%.3f', free - now), (kept.failures or kept.rests_until) and 1 or 0}
end
free = math.max(free, now + rest_ms)
local line = math.max(tonumber(kept[bucket .. '_line'] or 0), free) + interval_ms
if line > now + longest_ms then line = free end
redis.call('HSET', key, bucket .. '_line', string.format('%.3f', line))
redis.call('PEXPIRE', key, whole(slack_ms + line - now))
return {rest_ms > 0 and 'rests' or 'wait', string.format('%.3f', line - now)}
"""
)

_TELL: Final = (
    _READ
    + """
local failed, pause_ms = ARGV[3], tonumber(ARGV[4])
local most, rest_ms, longest_ms, kept_ms = tonumber(ARGV[5]), tonumber(ARGV[6]),
  tonumber(ARGV[7]), tonumber(ARGV[8])
if failed == '1' then
  call_failed(key, kept, holder, now, most, rest_ms, longest_ms)
elseif kept.failures then
  call_went_well(key, kept, holder)
end
if pause_ms > 0 and now + pause_ms > tonumber(kept.blocked_until or 0) then
  redis.call('HSET', key, 'blocked_until', whole(now + pause_ms))
end
redis.call('PEXPIRE', key, whole(kept_ms + math.max(pause_ms, 0)))
"""
)


class Paces:
    """The paces of all accounts."""

    def __init__(self, client: redis.Redis, rules: BreakerRules) -> None:
        self.rules = rules
        self.take = Script(client, _TAKE)
        self.tell = Script(client, _TELL)

    def of(self, account: str, *, writes_per_minute: float, reads_per_minute: float) -> "Pacer":
        """The pace of an account, for one attempt."""
        return Pacer(self, account, Rates(writes_per_minute, reads_per_minute))


class Rates(NamedTuple):
    """Calls that an account takes, by the minute."""

    write: float
    read: float


class Pacer:
    """An account's budget of calls as one attempt spends it; see `worker.ports.recording.Pace`.

    Every method raises RequestError `queue.unavailable`.
    """

    def __init__(self, paces: Paces, account: str, rates: Rates) -> None:
        self._paces, self._account, self._rates = paces, account, rates
        self._holder = secrets.token_hex(8)
        self._is_ailing = True

    def write(self) -> None:
        """Wait for a write's turn: up to `PATIENCE_S` here, else with others in the lane.

        Raises: ProviderError `provider.throttled`, or `provider.paused` while the account rests
        after failures, with `delay_s`.
        """
        self._take("write", self._rates.write)

    def read(self) -> None:
        """The same for a read."""
        self._take("read", self._rates.read)

    def tell(self, error: Exception | None) -> None:
        """Say how a call ended: failures in a row let the account rest, `Retry-After` too.

        Of a call that went well nobody has to know where no failures were counted when it began.
        """
        if error is None and not self._is_ailing:
            return
        rules, pause_s = self._paces.rules, 0.0
        if isinstance(error, CoverError):
            untold_s = _PAUSE_S if error.code == "provider.throttled" else 0
            pause_s = min(error.delay_s or untold_s, MAX_DELAY_S)
        self._paces.tell(
            *(self._account, self._holder, int(is_failure(error)), pause_s * 1000),
            *(rules.failures, rules.rest_s * 1000, LONGEST_REST_S * 1000, _KEPT_S * 1000),
        )

    def _take(self, bucket: str, per_minute: float) -> None:
        word, told, *ailing = self._paces.take(
            *(self._account, self._holder, bucket, 60_000 / per_minute * _ROOM),
            *(PATIENCE_S * 1000, LONGEST_TURN_S * 1000, self._paces.rules.probe_s * 1000),
            _KEPT_S * 1000,
        )
        wait_s = float(told) / 1000
        if word == "go":
            self._is_ailing = ailing == [1]
            time.sleep(wait_s)
        else:
            code = "provider.paused" if word == "rests" else "provider.throttled"
            raise ProviderError(code, delay_s=wait_s)
