"""The records of uploads to libraries on their way, for a day."""

from typing import Final, Literal, NamedTuple, cast

import redis

from worker.contracts.libraries import Conflict, Part, Transfer
from worker.errors import RequestError
from worker.state.connection import redis_errors_as_ours
from worker.state.scripts import Script

# How many uploads a library may have that are begun and not confirmed.
MAX_OPEN: Final = 10_000
# What is sent again beyond twice of what a file may have, so that small files can be mended too.
SENT_AGAIN_BYTES: Final = 1024 * 1024

Sealing = Literal["sealed", "incomplete", "gone"]

KEPT_MS: Final = 24 * 3600 * 1000

# The sweep asks for a piece by its own name, so each has a key that lives as long as its transfer.
_PIECES: Final = """
local key = 'ff:transfer:' .. ARGV[1]
local function hold(piece, life_ms)
  redis.call('SET', 'ff:piece:' .. piece, ARGV[1], 'PX', life_ms)
end
local function piece_of(number)
  local told = redis.call('HGET', key, 'part:' .. number)
  return told and cjson.decode(told) or nil
end
local function open_key()
  return 'ff:transfers:' .. cjson.decode(redis.call('HGET', key, 'transfer')).place[1]
end
local function note(number, told, life_ms)
  local part, before = cjson.decode(told), piece_of(number)
  redis.call('HSET', key, 'part:' .. number, told)
  redis.call('HINCRBY', key, 'received', whole(part.size_bytes))
  redis.call('HINCRBY', key, 'bytes', whole(part.size_bytes - (before and before.size_bytes or 0)))
  if before then
    redis.call('DEL', 'ff:piece:' .. before.upload)
  else
    redis.call('HINCRBY', key, 'pieces', 1)
  end
  if tonumber(number) > tonumber(redis.call('HGET', key, 'highest') or 0) then
    redis.call('HSET', key, 'highest', number)
  end
  hold(part.upload, life_ms)
end
"""

_CREATE: Final = (
    _PIECES
    + f"""
local open, now = 'ff:transfers:' .. ARGV[3], clock_ms()
redis.call('ZREMRANGEBYSCORE', open, '-inf', now)
local is_new = not redis.call('ZSCORE', open, ARGV[1])
if is_new and redis.call('ZCARD', open) >= {MAX_OPEN} then return 0 end
redis.call('ZADD', open, whole(now + {KEPT_MS}), ARGV[1])
redis.call('PEXPIRE', open, {KEPT_MS})
redis.call('DEL', key)
redis.call('HSET', key, 'transfer', ARGV[2])
for at = 4, #ARGV, 2 do note(ARGV[at], ARGV[at + 1], {KEPT_MS}) end
redis.call('PEXPIRE', key, {KEPT_MS})
return 1
"""
)

# A repeated call may come after the seal, or after what it noted was counted.
_ADD_PART: Final = (
    _PIECES
    + """
local left_ms = redis.call('PTTL', key)
if left_ms <= 0 then return {'library.not_found', ''} end
local part, before = cjson.decode(ARGV[3]), piece_of(ARGV[2])
if before and before.upload == part.upload then return {'', ''} end
if redis.call('HEXISTS', key, 'confirmed') == 1 then return {'library.not_found', ''} end
local sums = redis.call('HMGET', key, 'bytes', 'received')
local bytes = tonumber(sums[1] or 0) - (before and before.size_bytes or 0) + part.size_bytes
local received = tonumber(sums[2] or 0) + part.size_bytes
if bytes > tonumber(ARGV[4]) or received > tonumber(ARGV[5]) then
  return {'request.too_large', ''}
end
note(ARGV[2], ARGV[3], left_ms)
return {'', before and before.upload or ''}
"""
)

_SEAL: Final = (
    _PIECES
    + f"""
if redis.call('EXISTS', key) == 0 then return 'gone' end
local counts = redis.call('HMGET', key, 'pieces', 'highest')
if not counts[1] or counts[1] ~= counts[2] then return 'incomplete' end
redis.call('HSET', key, 'confirmed', ARGV[2])
redis.call('ZREM', open_key(), ARGV[1])
redis.call('PEXPIRE', key, {KEPT_MS})
for number = 1, tonumber(counts[2]) do hold(piece_of(number).upload, {KEPT_MS}) end
return 'sealed'
"""
)

_DELETE: Final = (
    _PIECES
    + """
if redis.call('EXISTS', key) == 0 then return end
redis.call('ZREM', open_key(), ARGV[1])
redis.call('DEL', key)
"""
)


class Arriving(NamedTuple):
    """What a piece that comes has to know of its transfer, which is told without its parts.

    `bytes` count in the other parts, `received` came altogether, replaced pieces too.
    """

    transfer: Transfer
    is_sealed: bool
    bytes: int
    received: int

    def left_bytes(self, max_bytes: int) -> int:
        """What the piece may have at most; below 0 where too much has come already."""
        return min(max_bytes - self.bytes, _max_received(max_bytes) - self.received)


class TransferRecords:
    """Uploads that were started; a day after their start, or their seal, they are gone.

    As long as a transfer is there, `Retention` says that its pieces are needed.
    Every method raises RequestError `queue.unavailable` when Redis does not do its part.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._create = Script(client, _CREATE)
        self._add_part = Script(client, _ADD_PART)
        self._seal = Script(client, _SEAL)
        self._delete = Script(client, _DELETE)

    def create(self, transfer: Transfer) -> bool:
        """Record an upload; False when `MAX_OPEN` of the library are neither sealed nor over."""
        told = transfer.model_dump_json(exclude={"parts", "total_bytes"})
        parts = [
            text
            for number, part in transfer.parts.items()
            for text in (str(number), part.model_dump_json())
        ]
        return bool(self._create(transfer.id, told, transfer.place.library_id, *parts))

    def read(self, transfer_id: str) -> Transfer | None:
        """The upload with all its parts; once it is sealed, with what was said then."""
        with redis_errors_as_ours():
            record = cast(dict[str, str], self._redis.hgetall(f"ff:transfer:{transfer_id}"))
        if not record:
            return None
        transfer = Transfer.model_validate_json(record["transfer"])
        parts = {
            int(field.removeprefix("part:")): Part.model_validate_json(told)
            for field, told in record.items()
            if field.startswith("part:")
        }
        changes: dict[str, object] = {"parts": dict(sorted(parts.items()))}
        if "confirmed" in record:
            changes |= {"conflict": record["confirmed"], "total_bytes": int(record["bytes"])}
        return transfer.model_copy(update=changes)

    def arriving(self, transfer_id: str, number: int) -> Arriving | None:
        """What is known before the piece with the number comes, in work that parts do not add to.

        None when the transfer is gone.
        """
        fields = ["transfer", "confirmed", "bytes", "received", f"part:{number}"]
        with redis_errors_as_ours():
            told = self._redis.hmget(f"ff:transfer:{transfer_id}", fields)
        transfer, confirmed, counted, received, before = cast(list[str | None], told)
        if transfer is None:
            return None
        replaced = Part.model_validate_json(before).size_bytes if before else 0
        return Arriving(
            transfer=Transfer.model_validate_json(transfer),
            is_sealed=confirmed is not None,
            bytes=int(counted or 0) - replaced,
            received=int(received or 0),
        )

    def add_part(self, transfer_id: str, number: int, part: Part, *, max_bytes: int) -> str | None:
        """Note a piece that has come; the upload that it replaces, needed no longer.

        What may be a number is the caller's to say. Raises: RequestError `library.not_found` when
        the transfer is gone or sealed, `request.too_large` where all parts together would have
        more than `max_bytes`, or about twice of it has come already.
        """
        sizes = (max_bytes, _max_received(max_bytes))
        refused, replaced = self._add_part(transfer_id, number, part.model_dump_json(), *sizes)
        if refused:
            raise RequestError(refused)
        return replaced or None

    def seal(self, transfer_id: str, *, conflict: Conflict) -> Sealing:
        """Take no more pieces, since a job reads them now; they are kept for another day.

        Sealed again it has the newer `conflict`. Nothing changes where pieces are missing.
        """
        return cast(Sealing, self._seal(transfer_id, conflict))

    def delete(self, transfer_id: str) -> None:
        self._delete(transfer_id)


def _max_received(max_bytes: int) -> int:
    return 2 * max_bytes + SENT_AGAIN_BYTES
