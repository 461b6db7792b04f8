"""The lease under which one process does the chores, however many were started."""

import secrets
from typing import Final

import redis

from worker.state.scripts import Script

CHORE_LEASE_S: Final = 10.0

_HOLD: Final = """
local holder = redis.call('GET', 'ff:chores')
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', 'ff:chores', ARGV[1], 'PX', ARGV[2])
return 1
"""

_LEAVE: Final = """
if redis.call('GET', 'ff:chores') == ARGV[1] then redis.call('DEL', 'ff:chores') end
"""


class ChoreLease:
    """Held by at most one process; taken over 10 s after its holder fell silent."""

    def __init__(self, client: redis.Redis) -> None:
        self._token = secrets.token_hex(8)
        self._hold = Script(client, _HOLD)
        self._leave = Script(client, _LEAVE)

    def hold(self) -> bool:
        """Take or keep the lease; False while another process has it."""
        return bool(self._hold(self._token, int(CHORE_LEASE_S * 1000)))

    def leave(self) -> None:
        """Let the next process have it at once."""
        self._leave(self._token)
