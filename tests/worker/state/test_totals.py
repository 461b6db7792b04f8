"""A space is counted as it is: every file with its newest version, every directory once."""

import time

from tests.worker.state.shelves import PLACE, Shelf, again, picture
from worker.contracts.libraries import Place
from worker.state.totals import SpaceTotals, Totals


def totals(shelf: Shelf, place: Place = PLACE, *, within_s: float = 20) -> Totals | None:
    return SpaceTotals(shelf.redis).count(place, ends_at_s=time.monotonic() + within_s)


def test_files_directories_and_bytes_are_counted_at_any_depth(shelf: Shelf) -> None:
    assert totals(shelf) == Totals(0, 0, 0)
    shelf.make("ent_d1", "trip")
    shelf.make("ent_d2", "day", parent="ent_d1")
    first = shelf.add("ent_1", "a.jpg", size=5)
    shelf.add("ent_2", "b.jpg", parent="ent_d2", size=2**40)

    assert totals(shelf) == Totals(2, 2, 5 + 2**40)
    shelf.index.put(again(first, at_ms=first.modified_ms + 1, upload="2", size=7), instead_of=first)
    assert totals(shelf) == Totals(2, 2, 7 + 2**40)
    shelf.index.remove(PLACE, "ent_2")
    assert totals(shelf) == Totals(1, 2, 7)


def test_many_entries_are_counted_in_steps(shelf_of_one_server: Shelf) -> None:
    shelf = shelf_of_one_server
    pictures = [picture(f"ent_{number}", f"{number}.jpg", size=3) for number in range(5000)]
    shelf.index.load(PLACE, pictures)

    assert totals(shelf) == Totals(5000, 0, 15_000)
    assert totals(shelf, Place("lib1", "other")) == Totals(0, 0, 0)


def test_counting_ends_when_its_time_is_over(shelf: Shelf) -> None:
    assert totals(shelf, within_s=0) is None
