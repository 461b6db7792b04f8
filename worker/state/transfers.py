"""The records of uploads to libraries on their way, for a day."""

from typing import Final, cast

import redis

from worker.contracts.libraries import Part, Transfer
from worker.state.connection import redis_errors_as_ours
from worker.state.scripts import Script

_KEPT_MS: Final = 24 * 3600 * 1000

# The sweep asks for a piece by its own name, so each has a key that lives as long as its transfer.
_PIECES: Final = """
local key = 'ff:transfer:' .. ARGV[1]
local function hold(piece, life_ms)
  redis.call('SET', 'ff:piece:' .. piece, ARGV[1], 'PX', life_ms)
end
"""

_CREATE: Final = (
    _PIECES
    + f"""
redis.call('DEL', key)
redis.call('HSET', key, 'transfer', ARGV[2])
for at = 3, #ARGV, 3 do
  redis.call('HSET', key, ARGV[at], ARGV[at + 1])
  hold(ARGV[at + 2], {_KEPT_MS})
end
redis.call('PEXPIRE', key, {_KEPT_MS})
"""
)

_ADD_PART: Final = (
    _PIECES
    + """
local left_ms = redis.call('PTTL', key)
if left_ms <= 0 then return 0 end
redis.call('HSET', key, ARGV[2], ARGV[3])
hold(ARGV[4], left_ms)
return 1
"""
)

_KEEP: Final = (
    _PIECES
    + f"""
if redis.call('PEXPIRE', key, {_KEPT_MS}) == 0 then return 0 end
local record = redis.call('HGETALL', key)
for at = 1, #record, 2 do
  if record[at] ~= 'transfer' then hold(cjson.decode(record[at + 1]).upload, {_KEPT_MS}) end
end
return 1
"""
)


class TransferRecords:
    """Uploads that were started; a day after their start, or a job's, they are gone.

    As long as a transfer is there, `Retention` says that its pieces are needed.
    Every method raises RequestError `queue.unavailable` when Redis does not do its part.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._create = Script(client, _CREATE)
        self._add_part = Script(client, _ADD_PART)
        self._keep = Script(client, _KEEP)

    def create(self, transfer: Transfer) -> None:
        told = transfer.model_dump_json(exclude={"parts"})
        parts = [text for at, part in transfer.parts.items() for text in _part_facts(at, part)]
        self._create(transfer.id, told, *parts)

    def read(self, transfer_id: str) -> Transfer | None:
        with redis_errors_as_ours():
            record = cast(dict[str, str], self._redis.hgetall(f"ff:transfer:{transfer_id}"))
        if not record:
            return None
        transfer = Transfer.model_validate_json(record.pop("transfer"))
        parts = {
            int(field.removeprefix("part:")): Part.model_validate_json(told)
            for field, told in record.items()
        }
        return transfer.model_copy(update={"parts": dict(sorted(parts.items()))})

    def add_part(self, transfer_id: str, number: int, part: Part) -> bool:
        """Note a piece that has come, instead of an earlier one with its number.

        False when the transfer is gone. What may be a number is the caller's to say.
        """
        return bool(self._add_part(transfer_id, *_part_facts(number, part)))

    def keep(self, transfer_id: str) -> bool:
        """Let the transfer and its pieces live for another day, since a job needs them now.

        False when the transfer is gone.
        """
        return bool(self._keep(transfer_id))

    def delete(self, transfer_id: str) -> None:
        with redis_errors_as_ours():
            self._redis.delete(f"ff:transfer:{transfer_id}")


def _part_facts(number: int, part: Part) -> tuple[str, str, str]:
    """A piece as the scripts take it: its field, what is kept there, its upload."""
    return f"part:{number}", part.model_dump_json(), part.upload
