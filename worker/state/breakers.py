"""Breakers: an account whose calls fail in a row is left alone, then tried by exactly one."""

from typing import Final, NamedTuple

from worker.errors import CoverError

LONGEST_REST_S: Final = 600.0
# What shows that nobody is there, or that our credentials would be locked by trying on.
_FAILURES: Final = frozenset({"provider.unavailable", "provider.auth", "webhook.delivery_failed"})


class BreakerRules(NamedTuple):
    """After `failures` in a row an account rests for `rest_s`, then twice that, at most 10 min.

    Who tries first after a rest has `probe_s` to tell how it went; then the next one may try.
    """

    failures: int
    rest_s: float
    probe_s: float


# An account's breaker, in fields of its pace: `failures` in a row; `rests_until`, beyond which one
# `prober` may try until `probe_until`; how often it rested, `rests`, since it was last well.
BREAKER: Final = """
local function rest_left(kept, holder, now)
  local until_ms = tonumber(kept.rests_until or 0)
  if until_ms == 0 or kept.prober == holder then return 0 end
  if until_ms > now then return until_ms - now end
  return math.max(tonumber(kept.probe_until or 0) - now, 0)
end

local function take_probe(key, kept, holder, now, probe_ms)
  if not kept.rests_until or kept.prober == holder then return end
  redis.call('HSET', key, 'prober', holder, 'probe_until', whole(now + probe_ms))
end

local function call_failed(key, kept, holder, now, most, rest_ms, longest_ms)
  if kept.rests_until and kept.prober ~= holder then return end
  local failures = redis.call('HINCRBY', key, 'failures', 1)
  if not kept.rests_until and failures < most then return end
  local rests = redis.call('HINCRBY', key, 'rests', 1)
  local rest = math.min(rest_ms * 2 ^ math.min(rests - 1, 30), longest_ms)
  redis.call('HSET', key, 'rests_until', whole(now + rest))
  redis.call('HDEL', key, 'prober', 'probe_until')
end

local function call_went_well(key, kept, holder)
  if kept.rests_until and kept.prober ~= holder then return end
  redis.call('HDEL', key, 'failures', 'rests', 'rests_until', 'prober', 'probe_until')
end
"""


def is_failure(error: Exception | None) -> bool:
    """Whether a call's end counts against its account."""
    return isinstance(error, CoverError) and error.code in _FAILURES
