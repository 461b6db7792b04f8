"""Where covers are that were asked for a moment ago, so that the next caller asks nobody."""

import time
from collections import OrderedDict
from typing import Final, Generic, TypeVar

KEPT_S: Final = 10.0
MOST: Final = 10_000

Name = TypeVar("Name")


class Known(Generic[Name]):
    """Keys by what they are of, each for a few seconds; at most `most`, the oldest go first.

    What was found stays true: versions never change, nor do covers under their keys. That a cover
    is still stored is looked at again after these seconds. Lives on the event loop.
    """

    def __init__(self, *, kept_s: float = KEPT_S, most: int = MOST) -> None:
        self._kept_s, self._most = kept_s, most
        self._keys: OrderedDict[Name, tuple[float, str]] = OrderedDict()

    def find(self, name: Name) -> str | None:
        """The key, unless it was kept too long ago."""
        kept = self._keys.get(name)
        return kept[1] if kept and time.monotonic() < kept[0] else None

    def keep(self, name: Name, key: str) -> None:
        """Know the key for a few seconds from now."""
        self._keys[name] = (time.monotonic() + self._kept_s, key)
        self._keys.move_to_end(name)
        if len(self._keys) > self._most:
            self._keys.popitem(last=False)
