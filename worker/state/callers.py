"""What the served vendor APIs ask about a caller: secrets, locks, nonces, pace, tokens."""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, cast

import redis.asyncio

from worker.contracts.accounts import Account
from worker.state.accounts import account_of
from worker.state.admissions import (
    ADMIT,
    ADMIT_AND_READ,
    Admission,
    Subject,
    admission_of,
    reading,
)
from worker.state.connection import redis_errors_as_ours
from worker.state.scripts import SHARED
from worker.state.sealing import Seal

KEPT_S: Final = 2.0
# A signature may be dated 15 minutes ahead and counts until 15 minutes after: no nonce is forgotten
# in that very moment.
NONCE_S: Final = 1810
LOCK_S: Final = 300
MOST_FAILURES: Final = 5
MOST_TOKENS: Final = 1000
_MOST_KEPT: Final = 10_000

_READ: Final = """
local told = redis.call('HMGET', 'ff:account:' .. ARGV[1], 'info', 'disabled', 'previous_ms',
  'secret', 'previous', 'generation')
local left_ms = told[3] and tonumber(told[3]) - clock_ms() or 0
told[7] = whole(math.max(left_ms, 0))
return told
"""

_FAILED: Final = """
local shown_by, most, lock_ms = unpack(ARGV)
local locked, failures = 'ff:account_locked:' .. shown_by, 'ff:account_failures:' .. shown_by
if redis.call('EXISTS', locked) == 1 then return end
local count = redis.call('INCR', failures)
redis.call('PEXPIRE', failures, lock_ms)
if count > tonumber(most) then
  redis.call('SET', locked, 1, 'PX', lock_ms)
  redis.call('DEL', failures)
end
"""

# More tokens than anybody uses: the oldest go.
_GIVE: Final = """
local key, generation, digest, life_ms, most = unpack(ARGV)
local all, now = 'ff:account_tokens:' .. key, clock_ms()
redis.call('SET', 'ff:account_token:' .. digest, key .. ':' .. generation, 'PX', life_ms)
redis.call('ZREMRANGEBYSCORE', all, '-inf', now)
redis.call('ZADD', all, now + tonumber(life_ms), digest)
redis.call('PEXPIRE', all, life_ms)
local over = redis.call('ZCARD', all) - tonumber(most)
if over > 0 then
  for _, old in ipairs(redis.call('ZPOPMIN', all, over)) do
    redis.call('DEL', 'ff:account_token:' .. old)
  end
end
"""


class Known(NamedTuple):
    """An account and its secrets that count, the newest first, each with its generation."""

    account: Account
    secrets: tuple[tuple[int, str], ...]

    def __repr__(self) -> str:
        return f"Known({self.account.name!r})"


class Callers:
    """Callers of the served APIs, for an event loop.

    What is known of an account is kept for 2 s: so long a change of it may go unnoticed.
    Every method raises RequestError `queue.unavailable` when Redis does not do its part.
    """

    def __init__(self, client: redis.asyncio.Redis, seal: Seal, *, calls_per_second: float) -> None:
        self._client = client
        self._seal = seal
        self._calls_per_second = calls_per_second
        self._kept: OrderedDict[str, tuple[float, Known]] = OrderedDict()
        self._read = client.register_script(SHARED + _READ)
        self._admit = client.register_script(SHARED + ADMIT)
        self._admit_and_read = client.register_script(SHARED + ADMIT_AND_READ)
        self._failed = client.register_script(SHARED + _FAILED)
        self._give = client.register_script(SHARED + _GIVE)

    async def close(self) -> None:
        """End the connection."""
        await self._client.aclose()

    async def find(self, access_key: str) -> Known | None:
        """The account of an access key; disabled ones too.

        Raises: RequestError `account.key` where no key opens its secret.
        """
        kept = self._kept.get(access_key)
        if kept and time.monotonic() < kept[0]:
            return kept[1]
        with redis_errors_as_ours():
            told = cast(Sequence[str | None], await self._read(args=[access_key]))
        known = self._known(access_key, told)
        if known is not None:
            self._keep(access_key, known, previous_ms=int(told[6] or 0))
        return known

    async def find_named(self, name: str) -> Known | None:
        """As `find`, by the account's name."""
        with redis_errors_as_ours():
            access_key = await cast(Any, self._client.hget("ff:account_names", name))
        return await self.find(access_key) if access_key else None

    async def admit(
        self,
        access_key: str,
        *,
        nonce: str | None = None,
        shown_by: str | None = None,
        reads: tuple[str, Subject] | None = None,
    ) -> Admission:
        """Whether a call that was proved to be the account's is taken, and else for how many s not.

        A nonce counts once in half an hour. Failures of what it was `shown_by` count anew from
        here, unless they have locked it; None where failures are not counted. A call that is taken
        is told of what it `reads`, a tenant's subject.
        """
        nonce_ms, pace = NONCE_S * 1000, self._calls_per_second
        arguments = (access_key, pace, nonce or "", nonce_ms, shown_by or "")
        with redis_errors_as_ours():
            if reads is None:
                return admission_of(await self._admit(args=arguments), "", None)
            told = await self._admit_and_read(args=(*arguments, *reading(*reads)))
        return admission_of(told, *reads)

    async def note_failure(self, shown_by: str) -> None:
        """Count a wrong signature or secret: the sixth in a row locks what it came with for 5 min.

        That is an access key or a name, each by itself: names can be guessed, keys cannot.
        """
        with redis_errors_as_ours():
            await self._failed(args=[shown_by, MOST_FAILURES, LOCK_S * 1000])

    async def give_token(self, access_key: str, generation: int, *, life_s: int) -> str:
        """A new token of the account; only its SHA-256 is kept, and of 1,000 at most."""
        token = secrets.token_urlsafe(48)
        arguments = (access_key, generation, _digest(token), life_s * 1000, MOST_TOKENS)
        with redis_errors_as_ours():
            await self._give(args=arguments)
        return token

    async def holder(self, token: str) -> Known | None:
        """Whose token it is; None for one that is over, or whose secret counts no more."""
        with redis_errors_as_ours():
            told = cast(str | None, await self._client.get(f"ff:account_token:{_digest(token)}"))
        if told is None:
            return None
        access_key, _, generation = told.partition(":")
        known = await self.find(access_key)
        if known is None or int(generation) not in dict(known.secrets):
            return None
        return known

    def _known(self, access_key: str, told: Sequence[str | None]) -> Known | None:
        account = account_of(told[:3])
        if account is None:
            return None
        current, previous, generation = told[3], told[4], int(told[5] or 0)
        assert current is not None, "an account has a secret"
        sealed = [(generation, current)]
        if previous and told[6] != "0":
            sealed.append((generation - 1, previous))
        opened = [(number, self._seal.open(each, bound_to=access_key)) for number, each in sealed]
        return Known(account, tuple(opened))

    def _keep(self, access_key: str, known: Known, *, previous_ms: int) -> None:
        kept_s = min(KEPT_S, previous_ms / 1000) if previous_ms else KEPT_S
        self._kept[access_key] = (time.monotonic() + kept_s, known)
        self._kept.move_to_end(access_key)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
