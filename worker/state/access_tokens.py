"""Access tokens of the served API: made, used, renewed, deleted; kept as their SHA-256 only."""

import hashlib
import secrets
from typing import Final

import redis

from worker.contracts.libraries import Grant
from worker.state.scripts import Script

# A use within a second of the last one that was noted writes nothing: most of what is asked for
# again and again would else be written to disk each time. A token that is bound to spaces has the
# mark of each, so it opens no later space of the same id. A look in a space where the token opens
# nothing is no use of it; without a space it is one.
USE: Final = """
local function use_token(library, digest, slack_ms, space, mark)
  local key = 'ff:access_token:' .. digest
  local had = redis.call('HMGET', key, 'library', 'period_ms', 'grant', 'bound', 'space:' .. space)
  if had[1] ~= library then return false, false end
  local opens = space == '' or (mark and (not had[4] or had[5] == mark))
  local period_ms = tonumber(had[2])
  if opens and redis.call('PTTL', key) < period_ms - slack_ms then
    redis.call('PEXPIRE', key, period_ms)
    redis.call('ZADD', 'ff:access_tokens:' .. library, clock_ms() + period_ms, digest)
  end
  return had[3], opens
end
"""

_CREATE: Final = """
local library, digest, period_ms, grant = unpack(ARGV)
local key, all, now = 'ff:access_token:' .. digest, 'ff:access_tokens:' .. library, clock_ms()
redis.call('HSET', key, 'library', library, 'period_ms', period_ms, 'grant', grant)
for number = 5, #ARGV do
  local space = redis.call('HMGET', 'ff:space:' .. library .. ':' .. ARGV[number], 'info', 'call')
  redis.call('HSET', key, 'bound', 1)
  if space[1] then redis.call('HSET', key, 'space:' .. ARGV[number], space[2] or '') end
end
redis.call('PEXPIRE', key, period_ms)
redis.call('ZREMRANGEBYSCORE', all, '-inf', now)
redis.call('ZADD', all, now + tonumber(period_ms), digest)
"""

_RENEW: Final = USE + "return (use_token(ARGV[1], ARGV[2], 0, ''))"

_DELETE: Final = """
local library, digest = unpack(ARGV)
local key = 'ff:access_token:' .. digest
if redis.call('HGET', key, 'library') ~= library then return 0 end
redis.call('ZREM', 'ff:access_tokens:' .. library, digest)
return redis.call('DEL', key)
"""

_READ: Final = """
local key = 'ff:access_token:' .. ARGV[2]
local had = redis.call('HMGET', key, 'library', 'grant')
if had[1] ~= ARGV[1] then return false end
return {had[2], redis.call('PTTL', key)}
"""

# A step of a scan, which comes to every token that is there from its begin to its end.
_DELETE_OF: Final = """
local library, cursor = ARGV[1], ARGV[2]
local wanted = {user_id = ARGV[3], client_id = ARGV[4], session_id = ARGV[5]}
local all, deleted = 'ff:access_tokens:' .. library, 0
local function is_wanted(grant)
  for name, value in pairs(wanted) do
    if value ~= '' and grant[name] ~= value then return false end
  end
  return true
end
local found = redis.call('ZSCAN', all, cursor, 'COUNT', 200)
for at = 1, #found[2], 2 do
  local key = 'ff:access_token:' .. found[2][at]
  local grant = redis.call('HGET', key, 'grant')
  if grant and is_wanted(cjson.decode(grant)) then
    redis.call('ZREM', all, found[2][at])
    deleted = deleted + redis.call('DEL', key)
  end
end
return {found[1], deleted}
"""

_LIST: Final = """
local told = {}
for _, digest in ipairs(redis.call('ZRANGE', 'ff:access_tokens:' .. ARGV[1], 0, -1)) do
  local key = 'ff:access_token:' .. digest
  local grant, left_ms = redis.call('HGET', key, 'grant'), redis.call('PTTL', key)
  if grant then table.insert(told, {grant, left_ms}) end
end
return told
"""


class AccessTokens:
    """What each token allows, until a period of its own has passed without a use.

    Every method raises RequestError `queue.unavailable` when Redis does not do its part.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._create = Script(client, _CREATE)
        self._renew = Script(client, _RENEW)
        self._delete = Script(client, _DELETE)
        self._read = Script(client, _READ)
        self._delete_of = Script(client, _DELETE_OF)
        self._list = Script(client, _LIST)

    def create(self, grant: Grant) -> str:
        """A new token; its text is told here and nowhere else.

        Of the spaces it is bound to, it opens those that are there now.
        """
        token = f"acctk{secrets.token_urlsafe(32)}"
        told = grant.model_dump_json()
        period_ms = grant.period_s * 1000
        self._create(grant.library_id, digest_of(token), period_ms, told, *grant.space_ids)
        return token

    def renew(self, library_id: str, token: str) -> Grant | None:
        """Let a full period begin; None for an unknown, expired or another library's token."""
        told = self._renew(library_id, digest_of(token))
        return Grant.model_validate_json(told) if told else None

    def delete(self, library_id: str, token: str) -> bool:
        """False for a token that the library does not have."""
        return bool(self._delete(library_id, digest_of(token)))

    def read(self, library_id: str, token: str) -> tuple[Grant, float] | None:
        """What the token allows and the seconds it has left, which stay as they are.

        It is no use of the token. None for an unknown, expired or another library's token.
        """
        told = self._read(library_id, digest_of(token))
        return (Grant.model_validate_json(told[0]), told[1] / 1000) if told else None

    def delete_of(
        self,
        library_id: str,
        *,
        user_id: str | None = None,
        client_id: str | None = None,
        session_id: str | None = None,
    ) -> int:
        """Delete the library's tokens that were made for all who are told; how many these were.

        At least one must be told. The work is done in short steps, and may be repeated.
        """
        wanted = (user_id or "", client_id or "", session_id or "")
        assert any(wanted), "without anybody told all tokens would go"
        cursor, deleted = "0", 0
        while True:
            cursor, step = self._delete_of(library_id, cursor, *wanted)
            deleted += int(step)
            if cursor == "0":
                return deleted

    def list(self, library_id: str) -> list[tuple[Grant, float]]:
        """What the library's tokens allow and the seconds each has left, the first to end first."""
        return [
            (Grant.model_validate_json(told), left_ms / 1000)
            for told, left_ms in self._list(library_id)
        ]


def digest_of(token: str) -> str:
    """Under which a token is kept: hexadecimal SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()
