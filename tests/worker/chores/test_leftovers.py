"""What died a day ago goes; what is young, whole, or shown by the index stays."""

import time
from collections.abc import Iterator

import pytest

from tests.worker.state.shelves import PLACE, Shelf
from worker.chores.leftovers import KEEP_S, remove_leftovers
from worker.contracts.libraries import Leftover, Place


@pytest.fixture
def shelf(one_redis_url: str) -> Iterator[Shelf]:
    made = Shelf(one_redis_url)
    yield made
    made.redis.close()


def test_only_old_leftovers_that_nobody_sees_are_removed(shelf: Shelf) -> None:
    shelf.add("ent_seen", "a.jpg")
    now_s = time.time()
    found = [
        Leftover("ent_old", now_s - KEEP_S - 60),
        Leftover("ent_young", now_s - KEEP_S + 60),
        Leftover("ent_seen", now_s - KEEP_S - 60),
        Leftover("ent_older", 0),
    ]
    deleted: list[tuple[Place, str]] = []

    removed = remove_leftovers(
        shelf.index, PLACE, found, lambda place, entry_id: deleted.append((place, entry_id))
    )

    assert removed == 2
    assert deleted == [(PLACE, "ent_old"), (PLACE, "ent_older")]
