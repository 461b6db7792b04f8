"""What a space has in all: its files, their bytes, its directories."""

import time
from typing import Any, Final, NamedTuple

import redis

from worker.contracts.libraries import ROOT, Place
from worker.state.entry_records import RECORDS
from worker.state.scripts import Script

# So many in one run keep others waiting in Redis for a few milliseconds.
_BATCH: Final = 500

_SCAN: Final = (
    RECORDS
    + """
local step = redis.call('HSCAN', RECORDS, ARGV[3], 'COUNT', ARGV[4])
local told = {step[1]}
for at = 1, #step[2], 2 do
  local found = cmsgpack.unpack(step[2][at + 1])
  table.insert(told, step[2][at])
  table.insert(told, found.kind == 'dir' and '' or whole(tonumber(found.size)))
end
return told
"""
)


class Totals(NamedTuple):
    """Counts of a space without its top directory; `size_bytes` of the newest versions."""

    files: int
    dirs: int
    size_bytes: int


class SpaceTotals:
    """Counts spaces entry by entry, so that nothing has to be kept right by every change."""

    def __init__(self, client: redis.Redis) -> None:
        self._scan = Script(client, _SCAN)

    def count(self, place: Place, *, ends_at_s: float) -> Totals | None:
        """What is there all the while is counted once; None if it takes beyond `ends_at_s`.

        The time is that of the monotonic clock. Raises: RequestError `queue.unavailable`.
        """
        # A hash that grows meanwhile may tell an entry twice.
        sizes: dict[str, str] = {}
        cursor = "0"
        while time.monotonic() < ends_at_s:
            cursor, *told = self._step(place, cursor)
            sizes.update(zip(told[::2], told[1::2], strict=True))
            if cursor == "0":
                sizes.pop(ROOT, None)
                files = [int(size) for size in sizes.values() if size]
                return Totals(len(files), len(sizes) - len(files), sum(files))
        return None

    def _step(self, place: Place, cursor: str) -> list[Any]:
        told: list[Any] = self._scan(*place, cursor, _BATCH)
        return told
