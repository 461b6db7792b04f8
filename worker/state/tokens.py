"""Access tokens of providers, shared by all workers: one asks for a new one, the others wait."""

import secrets
import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Final

import redis

from worker.contracts.tokens import VendorToken
from worker.errors import SourceError
from worker.state.scripts import Script

EARLY_S: Final = 60.0
_LOOK_AGAIN_S: Final = 0.05

_TAKE: Final = """
local key, lock = 'ff:token:' .. ARGV[1], 'ff:token_lock:' .. ARGV[1]
local refused, holder, lock_ms, early_ms = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local text = redis.call('GET', key)
if text and text == refused then
  redis.call('DEL', key)
  text = false
end
if text and redis.call('PTTL', key) > early_ms then return {'use', text} end
if redis.call('SET', lock, holder, 'NX', 'PX', lock_ms) then return {'make', text or ''} end
if text then return {'use', text} end
return {'wait', ''}
"""

_KEEP: Final = """
local key, lock = 'ff:token:' .. ARGV[1], 'ff:token_lock:' .. ARGV[1]
if ARGV[3] ~= '' then redis.call('SET', key, ARGV[3], 'PX', ARGV[4]) end
if redis.call('GET', lock) == ARGV[2] then redis.call('DEL', lock) end
"""


class VendorTokens:
    """Keeps a token for as long as it lives, and has it renewed a minute before."""

    def __init__(self, client: redis.Redis) -> None:
        self._take = Script(client, _TAKE)
        self._keep = Script(client, _KEEP)

    def get(
        self,
        scope: str,
        make: Callable[[str | None], VendorToken],
        *,
        refused: str | None,
        wait_s: float,
    ) -> str:
        """The token for `scope`, unless it is `refused`; else one that `make` gives.

        `make` is told the token that lives a little longer, if there is one; meanwhile others use
        that, or wait. Raises: SourceError `source.timeout` after `wait_s`; what `make` raises;
        RequestError `queue.unavailable`.
        """
        digest, holder = sha256(scope.encode()).hexdigest(), secrets.token_hex(8)
        lock_ms, early_ms = int(max(wait_s, 1) * 1000), int(EARLY_S * 1000)
        until_s = time.monotonic() + wait_s
        while True:
            then, text = self._take(digest, refused or "", holder, lock_ms, early_ms)
            if then == "use":
                return str(text)
            if then == "make":
                return self._made(digest, holder, partial(make, text or None))
            if time.monotonic() >= until_s:
                raise SourceError("source.timeout", "No access token was given in time.")
            time.sleep(_LOOK_AGAIN_S)

    def _made(self, digest: str, holder: str, make: Callable[[], VendorToken]) -> str:
        try:
            token = make()
        except BaseException:
            self._keep(digest, holder, "", 0)
            raise
        self._keep(digest, holder, token.text, int(token.life_s * 1000))
        return token.text
