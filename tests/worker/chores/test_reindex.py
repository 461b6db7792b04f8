"""The index is put right by a real library, over a real Redis, while others use both."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ulid import ULID

from tests.worker.state.shelves import PLACE, Shelf, upload
from worker.chores.reindex import Reindexed, reindex
from worker.contracts.libraries import ROOT, Entry, Place, VersionDraft
from worker.errors import RequestError
from worker.libraries.local import LocalLibrary
from worker.state.entry_pages import Wanted


@dataclass
class Stock:
    """An index and the library it is of; what is added is in both."""

    shelf: Shelf
    library: LocalLibrary
    folder: Path

    def directory(self, name: str, parent_id: str = ROOT) -> Entry:
        entry_id = f"ent_{ULID()}"
        made = self.shelf.make(entry_id, name, parent=parent_id)
        self.library.note(made)
        return made

    def file(self, name: str, parent_id: str = ROOT, *, at_ms: int = 1000) -> Entry:
        kept = self.kept(f"ent_{ULID()}", name, parent_id, at_ms=at_ms)
        self.shelf.index.put(kept)
        return kept

    def kept(self, entry_id: str, name: str, parent_id: str = ROOT, *, at_ms: int = 1000) -> Entry:
        """A file that the library has, and nobody else knows of yet."""
        body = self.folder / "body"
        body.write_text(name)
        draft = VersionDraft(
            transfer=f"trn_{ULID()}",
            size_bytes=body.stat().st_size,
            crc64="0",
            content_type="image/jpeg",
            at_ms=at_ms,
            way="created",
        )
        entry = Entry(
            id=entry_id,
            place=PLACE,
            parent_id=parent_id,
            name=name,
            kind="image",
            created_ms=at_ms,
            modified_ms=at_ms,
            version=self.library.put(PLACE, entry_id, body, draft),
        )
        self.library.note(entry)
        return entry

    def reindexed(self) -> Reindexed:
        return self.reindexed_by(self.library.entries(PLACE))

    def reindexed_by(self, listed: Iterable[Entry]) -> Reindexed:
        return reindex(self.shelf.index, PLACE, listed, self.library)

    def told(self, directory_id: str = ROOT) -> list[Entry]:
        """What a listing by creation tells, all the way down."""
        wanted = Wanted(order="creation", descending=True)
        page = self.shelf.index.page(PLACE, directory_id, wanted, offset=0, limit=1000)
        below = [self.told(entry.id) for entry in page.entries if entry.kind == "dir"]
        return [*page.entries, *(entry for entries in below for entry in entries)]

    def lose(self) -> None:
        """Let Redis forget every entry, but no library."""
        self.shelf.index.clear(PLACE)


@pytest.fixture
def stock(one_redis_url: str, tmp_path: Path) -> Iterator[Stock]:
    folder = tmp_path / "libraries"
    folder.mkdir()
    library = LocalLibrary(folder=folder, public_base_url="http://a.example", link_secret=None)
    shelf = Shelf(one_redis_url)
    yield Stock(shelf, library, tmp_path)
    shelf.redis.close()


@pytest.fixture
def filled(stock: Stock) -> Stock:
    album = stock.directory("album")
    deeper = stock.directory("deeper", album.id)
    for number in range(5):
        stock.file(f"{number}.jpg", album.id, at_ms=1000 - number)
        stock.file(f"{number}.jpg", deeper.id, at_ms=1000 + number)
    stock.file("a.jpg")
    return stock


def test_an_index_that_was_lost_tells_the_same_again(filled: Stock) -> None:
    before = filled.told()
    filled.lose()
    assert filled.told() == []

    done = filled.reindexed()

    assert done == Reindexed(entries=13, added=13, moved=0, removed=0, noted=0)
    assert filled.told() == before


def test_an_index_that_is_right_stays_as_it_is(filled: Stock) -> None:
    before, revision = filled.told(), filled.shelf.revision()

    assert filled.reindexed() == filled.reindexed() == Reindexed(13, 0, 0, 0, 0)

    assert (filled.told(), filled.shelf.revision()) == (before, revision)


def test_an_index_that_was_broken_off_goes_on(filled: Stock) -> None:
    before = filled.told()
    filled.lose()
    entries = filled.library.entries(PLACE)

    def breaking() -> Iterator[Entry]:
        yield next(entries)
        raise RequestError("queue.unavailable")

    with pytest.raises(RequestError):
        filled.reindexed_by(breaking())
    filled.reindexed()

    assert filled.told() == before


def test_a_file_that_the_library_does_not_have_is_removed(stock: Stock) -> None:
    gone = stock.file("gone.jpg", stock.directory("album").id)
    stock.file("kept.jpg")
    stock.library.forget(PLACE, gone.id)

    assert stock.reindexed() == Reindexed(entries=2, added=0, moved=0, removed=1, noted=0)

    assert [entry.name for entry in stock.told()] == ["album", "kept.jpg"]


def test_a_directory_without_a_document_gets_one_and_hides_nothing(stock: Stock) -> None:
    above = stock.directory("above")
    album = stock.directory("album", above.id)
    stock.file("kept.jpg", album.id)
    for entry in (above, album):
        stock.library.delete(PLACE, entry.id)

    assert stock.reindexed() == Reindexed(entries=1, added=0, moved=0, removed=0, noted=2)

    stock.lose()
    assert stock.reindexed() == Reindexed(entries=3, added=3, moved=0, removed=0, noted=0)
    assert stock.shelf.index.resolve(PLACE, ["above", "album", "kept.jpg"])


def test_a_directory_that_is_removed_meanwhile_is_not_noted(stock: Stock) -> None:
    stock.directory("album")

    class Meanwhile:
        """Documents of a library, while others remove the directory."""

        def note(self, entry: Entry) -> None:
            stock.shelf.index.remove(PLACE, entry.id)
            stock.library.note(entry)

        def delete(self, place: Place, entry_id: str) -> None:
            stock.library.delete(place, entry_id)

    assert reindex(stock.shelf.index, PLACE, [], Meanwhile()) == Reindexed(0, 0, 0, 0, 0)

    assert (stock.told(), list(stock.library.entries(PLACE))) == ([], [])


def test_an_entry_stands_where_its_document_says(stock: Stock) -> None:
    album, entry = stock.directory("album"), stock.file("a.jpg")
    moved = entry.model_copy(update={"parent_id": album.id, "name": "b.jpg"})
    stock.library.note(moved)

    assert stock.reindexed() == Reindexed(entries=2, added=0, moved=1, removed=0, noted=0)

    assert stock.shelf.now(entry.id) == moved


def test_an_entry_that_is_moved_meanwhile_stays_where_it_is(stock: Stock) -> None:
    album, entry = stock.directory("album"), stock.file("a.jpg")
    listed = list(stock.library.entries(PLACE))

    def meanwhile() -> Iterator[Entry]:
        moved = stock.shelf.index.move(PLACE, entry.id, parent_id=album.id, name="b.jpg").entry
        stock.library.note(moved)
        yield from listed

    assert stock.reindexed_by(meanwhile()).moved == 0
    assert stock.shelf.now(entry.id).parent_id == album.id


def test_what_is_deleted_meanwhile_does_not_come_back(stock: Stock) -> None:
    entry = stock.file("a.jpg")
    listed = list(stock.library.entries(PLACE))

    def meanwhile() -> Iterator[Entry]:
        stock.shelf.index.remove(PLACE, entry.id)
        stock.library.delete(PLACE, entry.id)
        yield from listed

    stock.reindexed_by(meanwhile())
    assert stock.told() == []


def test_what_is_uploaded_meanwhile_is_seen_whether_it_was_listed_or_not(stock: Stock) -> None:
    listed = list(stock.library.entries(PLACE))

    def meanwhile() -> Iterator[Entry]:
        stock.file("new.jpg", stock.directory("new").id)
        yield from listed

    stock.reindexed_by(meanwhile())
    assert [entry.name for entry in stock.told()] == ["new", "new.jpg"]
    assert stock.reindexed() == Reindexed(2, 0, 0, 0, 0)


def test_an_upload_that_is_about_to_be_seen_keeps_its_name(stock: Stock) -> None:
    claim = stock.shelf.index.claim(upload(1, "a.jpg"), entry_id=f"ent_{ULID()}")
    entry = stock.kept(claim.entry_id, claim.name)

    stock.reindexed()
    stock.shelf.index.put(entry)

    assert [each.name for each in stock.told()] == ["a.jpg"]


@pytest.mark.parametrize("at_ms", [1000, 1001, 999], ids=["same", "later", "earlier"])
def test_the_newest_of_the_library_counts_whatever_clocks_said(stock: Stock, at_ms: int) -> None:
    older = stock.file("a.jpg", at_ms=1000)
    newer = stock.kept(older.id, "a.jpg", at_ms=at_ms)

    stock.reindexed()

    assert stock.shelf.now(older.id).version == newer.version


def test_an_older_listing_never_takes_a_newer_version_back(stock: Stock) -> None:
    older = stock.file("a.jpg", at_ms=1000)
    newer = stock.kept(older.id, "a.jpg", at_ms=900)

    def meanwhile() -> Iterator[Entry]:
        stock.shelf.index.put(newer, instead_of=older)
        yield older.model_copy(update={"version": stock.kept(older.id, "a.jpg").version})

    stock.reindexed_by(meanwhile())

    assert stock.shelf.now(older.id).version == newer.version


def test_a_space_that_nobody_made_is_not_found(stock: Stock) -> None:
    with pytest.raises(RequestError, match=r"library\.not_found"):
        reindex(stock.shelf.index, PLACE._replace(space_id="other"), [], stock.library)
