"""The first medium of an album by upload time: which entry of a listing it is.

The seed page "Retrieving Album Cover" says "first media sorted by upload time"; which end is first
is a setting, ties go to the lesser name by code points, so that the choice is stable.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from worker.contracts.libraries import First
from worker.errors import SourceError

PAGE_ENTRIES: Final = 20
SCAN_ENTRIES: Final = 100
# The vendor's page mode reaches no farther.
_MAX_PAGED_ENTRIES: Final = 10_000
_MEDIA: Final = frozenset({"image", "video"})
_UNSAFE_NAMES: Final = frozenset({"", ".", ".."})


class Listed(NamedTuple):
    """An entry as a listing tells it; `created_us` counts from 1970, None where it is not told."""

    name: str
    type: str
    created_us: int | None
    removed: bool = False

    @property
    def is_eligible(self) -> bool:
        """Whether a cover may be made of it: an image or video that still has its content."""
        named = self.name not in _UNSAFE_NAMES and "/" not in self.name
        return self.type in _MEDIA and not self.removed and named


class ListingPage(NamedTuple):
    """A piece of a listing. `total` counts all entries, where it is told."""

    entries: tuple[Listed, ...]
    total: int | None = None
    next_marker: str | None = None


ListPage = Callable[[int], ListingPage | None]
ListAfter = Callable[[str | None], ListingPage | None]


class _Paged(NamedTuple):
    """What page mode gave; without trust, everything has to be looked at."""

    trusted: bool
    best: Listed | None = None


def find_first(list_page: ListPage, list_after: ListAfter, *, first: First) -> Listed | None:
    """The first medium, None where there is none.

    `list_page(number)` gives the entries sorted by upload time in the wanted direction, None when
    that way of listing is refused; `list_after(marker)` gives them in any order, None when the
    marker is not known any more. Raises: SourceError, and what the two raise.
    """
    paged = _first_of_pages(list_page, first)
    return paged.best if paged.trusted else _scanned(list_after, first)


def _first_of_pages(list_page: ListPage, first: First) -> _Paged:
    """Page by page until one has a medium, and on while its upload time goes on."""
    best: Listed | None = None
    last_us: int | None = None
    for number in range(1, _MAX_PAGED_ENTRIES // PAGE_ENTRIES + 1):
        page = list_page(number)
        times = [] if page is None else _times(page.entries)
        before = [] if last_us is None else [last_us]
        if page is None or not is_sorted([*before, *times], first):
            return _Paged(trusted=False)
        last_us = times[-1] if times else last_us
        best = best_of([best, *page.entries], first)
        if _is_last(page, number) or (best is not None and best.created_us != last_us):
            return _Paged(trusted=True, best=best)
    return _Paged(trusted=False)


def _is_last(page: ListingPage, number: int) -> bool:
    if page.total is not None and number * PAGE_ENTRIES >= page.total:
        return True
    return len(page.entries) < PAGE_ENTRIES if page.total is None else not page.entries


def _times(entries: Iterable[Listed]) -> list[int]:
    """Upload times in the order of the listing; directories are sorted apart."""
    return [e.created_us for e in entries if e.type != "dir" and e.created_us is not None]


def is_sorted(times: Sequence[int], first: First) -> bool:
    """Whether the times really run from the first on: not every server sorts as it is asked."""
    if first == "newest":
        return all(one >= other for one, other in pairwise(times))
    return all(one <= other for one, other in pairwise(times))


def best_of(entries: Iterable[Listed | None], first: First) -> Listed | None:
    """The first of the eligible entries, in whatever order they come.

    Raises: SourceError for a medium without upload time: any choice could be the wrong one.
    """
    eligible = [entry for entry in entries if entry is not None and entry.is_eligible]
    return min(eligible, key=lambda entry: _rank(entry, first), default=None)


def _rank(entry: Listed, first: First) -> tuple[int, str]:
    if entry.created_us is None:
        raise SourceError("source.rejected", "A medium is listed without its upload time.")
    return (-entry.created_us if first == "newest" else entry.created_us, entry.name)


def _scanned(list_after: ListAfter, first: First) -> Listed | None:
    """The first of all entries; a listing whose marker is lost begins anew once."""
    for _ in range(2):
        best: Listed | None = None
        marker: str | None = None
        seen: set[str] = set()
        while (page := list_after(marker)) is not None:
            best = best_of([best, *page.entries], first)
            marker = page.next_marker
            if marker is None:
                return best
            if marker in seen:
                raise SourceError("source.rejected", "The listing goes round in a circle.")
            seen.add(marker)
    raise SourceError("source.changed", "The listing's marker was lost twice.")
