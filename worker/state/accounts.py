"""The records of accounts of the served vendor APIs, as their operator makes them."""

from collections.abc import Sequence
from typing import Final, cast

import redis

from worker.contracts.accounts import Account
from worker.errors import RequestError
from worker.state.connection import redis_errors_as_ours
from worker.state.record import time_of
from worker.state.scripts import Script

_STATED: Final = {"disabled", "previous_until"}

# Who asks again because the answer was lost is known by what was sealed, which is never the same.
_CREATE: Final = """
local name, access_key, info, sealed = unpack(ARGV)
local key = 'ff:account:' .. access_key
if redis.call('HGET', key, 'secret') == sealed then return end
if redis.call('HEXISTS', 'ff:account_names', name) == 1 or redis.call('EXISTS', key) == 1 then
  return 'account.conflict'
end
redis.call('HSET', key, 'info', info, 'secret', sealed, 'generation', 1)
redis.call('HSET', 'ff:account_names', name, access_key)
"""

# Tokens have the generation of the secret that they were given for, and go with it.
_ROTATE: Final = """
local access_key, sealed, overlap_ms = unpack(ARGV)
local key = 'ff:account:' .. access_key
local had = redis.call('HGET', key, 'secret')
if not had then return 'account.not_found' end
if had == sealed then return end
redis.call('HDEL', key, 'previous', 'previous_ms')
if tonumber(overlap_ms) > 0 then
  redis.call('HSET', key, 'previous', had,
    'previous_ms', whole(clock_ms() + tonumber(overlap_ms)))
end
redis.call('HSET', key, 'secret', sealed)
redis.call('HINCRBY', key, 'generation', 1)
"""

_SET_DISABLED: Final = """
local key = 'ff:account:' .. ARGV[1]
if redis.call('EXISTS', key) == 0 then return 'account.not_found' end
redis.call('HSET', key, 'disabled', ARGV[2])
"""


class AccountRecords:
    """All accounts of all tenants; their secrets come here sealed, and none is ever told.

    Every method raises RequestError `queue.unavailable` when Redis does not do its part.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._create = Script(client, _CREATE)
        self._rotate = Script(client, _ROTATE)
        self._set_disabled = Script(client, _SET_DISABLED)

    def create(self, account: Account, *, sealed: str) -> None:
        """Record an account. Raises: RequestError `account.conflict` for a name that is taken."""
        info = account.model_dump_json(exclude=_STATED)
        _check(self._create(account.name, account.access_key, info, sealed))

    def read(self, name_or_key: str) -> Account | None:
        """The account of that name or access key."""
        with redis_errors_as_ours():
            named = cast(str | None, self._redis.hget("ff:account_names", name_or_key))
            record = self._redis.hmget(
                f"ff:account:{named or name_or_key}", ["info", "disabled", "previous_ms"]
            )
        return account_of(cast(Sequence[str | None], record))

    def list(self) -> list[Account]:
        """All accounts, by their names."""
        with redis_errors_as_ours():
            names = sorted(cast(list[str], self._redis.hkeys("ff:account_names")))
        read = [self.read(name) for name in names]
        return [account for account in read if account is not None]

    def rotate(self, access_key: str, *, sealed: str, overlap_s: float) -> None:
        """Have a new secret count, and the old one for `overlap_s` more; tokens of it as long.

        Raises: RequestError `account.not_found`.
        """
        _check(self._rotate(access_key, sealed, int(overlap_s * 1000)))

    def set_disabled(self, access_key: str, disabled: bool) -> None:
        """Have the account's calls refused, or taken again.

        Raises: RequestError `account.not_found`.
        """
        _check(self._set_disabled(access_key, int(disabled)))


def account_of(record: Sequence[str | None]) -> Account | None:
    """The account that `info`, `disabled` and `previous_ms` of its record tell of."""
    info, disabled, previous_ms = record
    if info is None:
        return None
    stated = {"disabled": disabled == "1", "previous_until": time_of(previous_ms)}
    return Account.model_validate_json(info).model_copy(update=stated)


def _check(refused: str | None) -> None:
    if refused:
        raise RequestError(refused)
