"""Removes what uploads left in a library that died between their bytes and their document."""

import time
from collections.abc import Callable, Iterable
from typing import Final

from worker.contracts.libraries import Leftover, Place
from worker.state.entries import EntryIndex
from worker.state.transfers import KEPT_MS

# No upload that can still be completed has done nothing for so long.
KEEP_S: Final = KEPT_MS / 1000


def remove_leftovers(
    index: EntryIndex,
    place: Place,
    leftovers: Iterable[Leftover],
    delete: Callable[[Place, str], None],
) -> int:
    """Delete what was written last `KEEP_S` ago or earlier, but nothing that the index shows.

    Answers how many there were. Raises: RequestError `queue.unavailable`, and what `leftovers`
    and `delete` raise.
    """
    removed = 0
    for leftover in leftovers:
        old = time.time() - leftover.modified_at_s > KEEP_S
        if old and index.read(place, leftover.entry_id) is None:
            delete(place, leftover.entry_id)
            removed += 1
    return removed
