"""The records of uploads to libraries on their way, for a day."""

from typing import Final, cast

import redis

from worker.contracts.libraries import Part, Transfer
from worker.state.connection import redis_errors_as_ours
from worker.state.scripts import Script

_KEPT_MS: Final = 24 * 3600 * 1000

_CREATE: Final = f"""
local key = 'ff:transfer:' .. ARGV[1]
redis.call('DEL', key)
redis.call('HSET', key, 'transfer', ARGV[2])
for at = 3, #ARGV, 2 do redis.call('HSET', key, ARGV[at], ARGV[at + 1]) end
redis.call('PEXPIRE', key, {_KEPT_MS})
"""

_ADD_PART: Final = """
local key = 'ff:transfer:' .. ARGV[1]
if redis.call('EXISTS', key) == 0 then return 0 end
redis.call('HSET', key, ARGV[2], ARGV[3])
return 1
"""


class TransferRecords:
    """Uploads that were started and not confirmed yet; a day after their start they are gone.

    Every method raises RequestError `queue.unavailable` when Redis does not do its part.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._create = Script(client, _CREATE)
        self._add_part = Script(client, _ADD_PART)

    def create(self, transfer: Transfer) -> None:
        told = transfer.model_dump_json(exclude={"parts"})
        parts = [
            text
            for number, part in transfer.parts.items()
            for text in (f"part:{number}", part.model_dump_json())
        ]
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
        return bool(self._add_part(transfer_id, f"part:{number}", part.model_dump_json()))

    def delete(self, transfer_id: str) -> None:
        with redis_errors_as_ours():
            self._redis.delete(f"ff:transfer:{transfer_id}")
