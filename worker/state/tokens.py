"""Access tokens of providers, shared by all workers: one asks for a new one, the others wait.

Redis holds them encrypted: who reads it, or a copy of it, gets into no library.
"""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Final

import redis
from Crypto.Cipher import AES
from Crypto.Cipher._mode_siv import SivMode

from worker.contracts.tokens import VendorToken
from worker.errors import SourceError
from worker.state.scripts import Script

EARLY_S: Final = 60.0
MAX_LIFE_S: Final = 315_360_000.0
# Who asks and dies holds up the others no longer than this, and than half of their time.
_MAX_LOCK_S: Final = 10.0
_LOOK_AGAIN_S: Final = 0.05

_TAKE: Final = """
local key, lock = 'ff:token:' .. ARGV[1], 'ff:token_lock:' .. ARGV[1]
local refused, holder, awaited = ARGV[2], ARGV[3], ARGV[4]
local lock_ms, early_ms = ARGV[5], tonumber(ARGV[6])
local text = redis.call('GET', key)
if text and text == refused then
  redis.call('DEL', key)
  text = false
end
if text and redis.call('PTTL', key) > early_ms then return {'use', text} end
local failure = redis.call('GET', 'ff:token_failure:' .. awaited)
if failure and not text then return {'fail', failure} end
if redis.call('SET', lock, holder, 'NX', 'PX', lock_ms) then return {'make', text or ''} end
if text then return {'use', text} end
return {'wait', redis.call('GET', lock)}
"""

_KEEP: Final = """
local lock = 'ff:token_lock:' .. ARGV[1]
if redis.call('GET', lock) == ARGV[2] then redis.call('DEL', lock) end
redis.call('SET', 'ff:token:' .. ARGV[1], ARGV[3], 'PX', ARGV[4])
"""

_GIVE_UP: Final = """
local lock, holder, failure = 'ff:token_lock:' .. ARGV[1], ARGV[2], ARGV[3]
if redis.call('GET', lock) == holder then redis.call('DEL', lock) end
if failure ~= '' then redis.call('SET', 'ff:token_failure:' .. holder, failure, 'PX', 5000) end
"""


class VendorTokens:
    """Keeps a token for as long as it lives, and has it renewed a minute before.

    `secret` is what tokens are made with: all who have it share them, and can read them.
    """

    def __init__(self, client: redis.Redis, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"firstframe.tokens.v1", "sha512")
        self._take = Script(client, _TAKE)
        self._keep = Script(client, _KEEP)
        self._give_up = Script(client, _GIVE_UP)

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
        that, or wait. Raises: SourceError `source.timeout` after `wait_s`; what `make` raises, and
        the same SourceError for all who waited for it; RequestError `queue.unavailable`.
        """
        digest = hmac.digest(self._key, scope.encode(), "sha256").hex()
        holder, unwanted = secrets.token_hex(8), self._sealed(refused, digest) if refused else ""
        lock_ms, early_ms = _lock_ms(wait_s), int(EARLY_S * 1000)
        until_s, awaited = time.monotonic() + wait_s, ""
        while True:
            then, text = self._take(digest, unwanted, holder, awaited, lock_ms, early_ms)
            if then == "use":
                return self._opened(text, digest)
            if then == "make":
                old = self._opened(text, digest) if text else None
                return self._made(digest, holder, partial(make, old))
            if then == "fail":
                raise SourceError(**json.loads(text))
            if time.monotonic() >= until_s:
                raise SourceError("source.timeout", "No access token was given in time.")
            awaited = str(text)
            time.sleep(_LOOK_AGAIN_S)

    def _made(self, digest: str, holder: str, make: Callable[[], VendorToken]) -> str:
        try:
            token = make()
            life_s = min(max(token.life_s, 1.0), MAX_LIFE_S)
            sealed = self._sealed(token.text, digest)
            self._keep(digest, holder, sealed, int(life_s * 1000))
        except SourceError as error:
            told = {"code": error.code, "message": error.message, "delay_s": error.delay_s}
            self._give_up(digest, holder, json.dumps(told))
            raise
        except BaseException:
            self._give_up(digest, holder, "")
            raise
        return token.text

    def _sealed(self, token: str, digest: str) -> str:
        """The token encrypted by AES-SIV (RFC 5297), which makes the same of the same: one that
        was refused is known without being opened.
        """
        text, tag = self._cipher(digest).encrypt_and_digest(token.encode())
        return base64.b64encode(tag + text).decode()

    def _opened(self, sealed: str, digest: str) -> str:
        data = base64.b64decode(sealed)
        tag, text = data[: AES.block_size], data[AES.block_size :]
        return self._cipher(digest).decrypt_and_verify(text, tag).decode()

    def _cipher(self, digest: str) -> SivMode:
        cipher = AES.new(self._key, AES.MODE_SIV)
        cipher.update(digest.encode())
        return cipher


def _lock_ms(wait_s: float) -> int:
    return int(min(max(wait_s / 2, 1.0), _MAX_LOCK_S) * 1000)
