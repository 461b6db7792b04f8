"""A receiver's memory of webhook messages, for all its processes."""

import secrets
from typing import Final

import redis

from worker.state.scripts import Script

# A command that is repeated over a lost connection finds its own mark, which is no earlier message.
_SEE: Final = """
local key = 'ff:seen:' .. ARGV[1]
if redis.call('SET', key, ARGV[2], 'NX', 'EX', ARGV[3]) then return 0 end
return redis.call('GET', key) == ARGV[2] and 0 or 1
"""

_FORGET: Final = "redis.call('DEL', 'ff:seen:' .. ARGV[1])"


class SeenMessages:
    """What a `Verifier` takes as its `seen`. Safe to use from several threads."""

    def __init__(self, client: redis.Redis) -> None:
        self._see = Script(client, _SEE)
        self._forget = Script(client, _FORGET)

    def __call__(self, message_id: str, seconds: int) -> bool:
        """Whether the message was here before; it is remembered for `seconds` from the first time.

        Raises: RequestError `queue.unavailable`: then answer with 503, and it comes again.
        """
        return bool(self._see(message_id, secrets.token_hex(8), seconds))

    def forget(self, message_id: str) -> None:
        """Let the next attempt pass, because handling the message failed."""
        self._forget(message_id)
