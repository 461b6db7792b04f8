"""Directories made with those above them, by many at once, and by callers that die on the way."""

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread
from typing import NamedTuple

import pytest

from tests.worker.state.shelves import PLACE, Shelf
from worker.chores.reindex import reindex
from worker.contracts.libraries import ROOT, Conflict, Entry
from worker.errors import RequestError, StorageError
from worker.libraries.local import LocalLibrary
from worker.state.directories import Directories
from worker.state.entries import EntryIndex


class DyingIndex(EntryIndex):
    """An index whose caller dies before it shows a directory."""

    def make_directory(self, directory: Entry, *, conflict: Conflict = "ask") -> Entry:
        raise KeyboardInterrupt


class QuickIndex(EntryIndex):
    """An index in which somebody else is quicker with a name, once."""

    def make_directory(self, directory: Entry, *, conflict: Conflict = "ask") -> Entry:
        if self.resolve(directory.place, [directory.name]) is None:
            super().make_directory(directory.model_copy(update={"id": "ent_quick"}))
        return super().make_directory(directory, conflict=conflict)


class Stock(NamedTuple):
    """What makes directories, and what it makes them in."""

    shelf: Shelf
    library: LocalLibrary

    @property
    def directories(self) -> Directories:
        return Directories(self.shelf.index, self.library)

    def documents(self) -> list[Entry]:
        return sorted(self.library.entries(PLACE), key=lambda entry: entry.name)


@pytest.fixture
def stock(one_redis_url: str, tmp_path: Path) -> Iterator[Stock]:
    shelf = Shelf(one_redis_url)
    yield Stock(shelf, LocalLibrary(folder=tmp_path, public_base_url="", link_secret=None))
    shelf.redis.close()


def test_a_directory_is_made_with_those_above_it_and_with_documents(stock: Stock) -> None:
    made = stock.directories.make(PLACE, ["a", "b", "c"])

    assert stock.shelf.index.resolve(PLACE, ["a", "b", "c"]) == made
    names = [(entry.name, stock.shelf.now(entry.id).name) for entry in stock.documents()]
    assert names == [("a", "a"), ("b", "b"), ("c", "c")]
    assert stock.directories.reach(PLACE, ["a", "b", "c"]) == made.id
    assert stock.directories.reach(PLACE, []) == ROOT
    assert len(stock.documents()) == 3


def test_a_taken_name_is_refused_or_numbered_and_leaves_no_document(stock: Stock) -> None:
    stock.directories.make(PLACE, ["a"])

    with pytest.raises(RequestError, match=r"library\.conflict"):
        stock.directories.make(PLACE, ["a"])
    renamed = stock.directories.make(PLACE, ["a"], conflict="rename")

    assert renamed.name == "a (1)"
    assert [entry.name for entry in stock.documents()] == ["a", "a (1)"]


def test_a_file_is_in_the_way(stock: Stock) -> None:
    stock.shelf.add("ent_1", "a")

    for ask in (stock.directories.reach, stock.directories.make):
        with pytest.raises(RequestError, match=r"library\.conflict.*'a' is a file"):
            ask(PLACE, ["a", "b"])

    assert stock.documents() == []


def test_a_caller_that_dies_on_the_way_leaves_at_most_a_document(
    stock: Stock,
) -> None:
    dying = Directories(DyingIndex(stock.shelf.redis), stock.library)
    with pytest.raises(KeyboardInterrupt):
        dying.make(PLACE, ["a"])
    assert stock.shelf.listed() == []

    reindex(stock.shelf.index, PLACE, stock.library.entries(PLACE), stock.library)

    assert stock.shelf.listed() == ["a"]


def test_a_library_that_takes_no_document_has_no_directory(stock: Stock) -> None:
    class Full(LocalLibrary):
        def note(self, entry: Entry) -> None:
            raise StorageError("storage.full")

    full = Full(folder=Path("/nowhere"), public_base_url="", link_secret=None)
    with pytest.raises(StorageError):
        Directories(stock.shelf.index, full).make(PLACE, ["a"])

    assert stock.shelf.listed() == []


@pytest.mark.parametrize("reached", [True, False], ids=["reach", "make"])
def test_whoever_is_not_the_first_leaves_no_document(stock: Stock, reached: bool) -> None:
    late = Directories(QuickIndex(stock.shelf.redis), stock.library)

    if reached:
        assert late.reach(PLACE, ["a"]) == "ent_quick"
    else:
        with pytest.raises(RequestError, match=r"library\.conflict"):
            late.make(PLACE, ["a"])

    assert stock.documents() == []
    assert stock.shelf.listed() == ["a"]


def test_many_who_reach_for_the_same_directory_get_the_same(stock: Stock) -> None:
    reached: list[str] = []
    together = Barrier(6)

    def reach() -> None:
        together.wait()
        reached.append(stock.directories.reach(PLACE, ["a", "b"]))

    threads = [Thread(target=reach) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(reached), len(set(reached))) == (6, 1)
    assert [entry.name for entry in stock.documents()] == ["a", "b"]
