"""What every library promises: a version never changes, and entries are all found again."""

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.library_shelves import LIBRARIES, Shelf, new_id
from tests.library_facts import DATA, ENTRY, OTHER, PLACE, draft, entry
from worker import registry
from worker.contracts.libraries import Version
from worker.errors import RequestError, StorageError


def test_every_registered_library_is_held_to_these_laws() -> None:
    assert LIBRARIES.keys() == registry.LIBRARIES.keys()


def test_an_empty_library_has_nothing(shelf: Shelf) -> None:
    assert list(shelf.library.entries(PLACE)) == []
    assert shelf.library.versions(PLACE, ENTRY) == []
    assert shelf.library.version(PLACE, ENTRY, "00000001-0123456789abcdef") is None


def test_a_version_is_what_was_put(shelf: Shelf) -> None:
    given = draft(
        created_by="王 \x7f\u2028",
        meta={"note": 'über  "quoted" \\ <&>', "empty": ""},
        way="updated",
    )

    kept = shelf.library.put(PLACE, ENTRY, shelf.file(DATA), given)

    assert kept == Version(**dict(given), id=kept.id, etag=kept.etag)
    assert kept.etag == f'"{hashlib.md5(DATA).hexdigest()}"'
    assert shelf.library.version(PLACE, ENTRY, kept.id) == kept
    assert shelf.library.versions(PLACE, ENTRY) == [kept]
    assert shelf.read(kept) == DATA


def test_a_file_without_bytes_is_a_version_too(shelf: Shelf) -> None:
    kept = shelf.put(b"")

    assert kept.size_bytes == 0
    assert shelf.read(kept) == b""


def test_a_new_version_never_changes_an_old_one(shelf: Shelf) -> None:
    first = shelf.put(b"first", content_type="image/png")
    second = shelf.put(b"the second", way="updated")
    third = shelf.put(b"first", way="updated")

    assert shelf.library.versions(PLACE, ENTRY) == [third, second, first]
    assert [shelf.read(each) for each in (first, second, third)] == [
        b"first",
        b"the second",
        b"first",
    ]
    assert shelf.library.version(PLACE, ENTRY, first.id) == first


def test_the_same_upload_put_again_is_the_same_version(shelf: Shelf) -> None:
    given = draft()
    first = shelf.library.put(PLACE, ENTRY, shelf.file(DATA), given)

    again = shelf.again().put(PLACE, ENTRY, shelf.file(DATA), given)

    assert again == first
    assert shelf.library.versions(PLACE, ENTRY) == [first]


def test_many_uploads_of_one_file_are_all_kept(shelf: Shelf) -> None:
    contents = [f"content {number}".encode() for number in range(8)]

    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(shelf.put, contents))

    assert [shelf.read(each) for each in kept] == contents
    found = shelf.library.versions(PLACE, ENTRY)
    assert sorted(each.id for each in found) == sorted(each.id for each in kept)


def test_the_newest_version_is_the_one_that_was_complete_last(shelf: Shelf) -> None:
    """Whatever its draft says of the time: the clocks of those who draft differ."""
    assert shelf.library.newest(PLACE, ENTRY) is None
    for at_ms in (3000, 1000, 2000):
        kept = shelf.put(at_ms=at_ms)

        assert shelf.library.newest(PLACE, ENTRY) == kept
        assert shelf.library.versions(PLACE, ENTRY)[0] == kept

    shelf.library.note(entry())
    assert [each.version for each in shelf.library.entries(PLACE)] == [kept]
    for place, entry_id in ((OTHER, ENTRY), (PLACE, new_id()), (PLACE, "..")):
        assert shelf.library.newest(place, entry_id) is None


def test_versions_are_listed_since_one_of_them(shelf: Shelf) -> None:
    first, second, third = (shelf.put(data) for data in (b"1", b"2", b"3"))

    told = [shelf.library.versions(PLACE, ENTRY, since=each.id) for each in (first, second, third)]

    assert told == [[third, second], [third], []]
    assert shelf.library.versions(PLACE, ENTRY, since="gone") == [third, second, first]


def test_a_file_that_is_not_as_long_as_was_said_is_not_kept(shelf: Shelf) -> None:
    with pytest.raises(StorageError, match=r"storage\.integrity"):
        shelf.put(DATA, size_bytes=len(DATA) - 1)

    assert shelf.library.versions(PLACE, ENTRY) == []


@pytest.mark.parametrize(
    ("offset", "length"),
    [
        pytest.param(0, 1, id="first-byte"),
        pytest.param(0, 0, id="no-bytes"),
        pytest.param(100, 300, id="middle"),
        pytest.param(len(DATA) - 5, 500, id="over-the-end"),
        pytest.param(len(DATA), 5, id="at-the-end"),
        pytest.param(len(DATA) + 9, 5, id="behind-the-end"),
    ],
)
def test_a_range_is_what_a_slice_would_be(shelf: Shelf, offset: int, length: int) -> None:
    kept = shelf.put()

    assert shelf.read(kept, offset=offset, length=length) == DATA[offset : offset + length]


def test_a_large_file_arrives_whole(shelf: Shelf) -> None:
    data = os.urandom(1024 * 1024) * 33 + b"end"

    kept = shelf.put(data)

    assert shelf.read(kept) == data
    assert shelf.library.version(PLACE, ENTRY, kept.id) == kept
    assert shelf.library.versions(PLACE, ENTRY) == [kept]


def test_entries_have_their_newest_version(shelf: Shelf) -> None:
    album = entry(new_id(), kind="dir", name="Sommer/../昨日")
    clip = entry(name="a\nb\x00.mp4", parent_id=album.id)
    unfinished = entry(new_id())
    for each in (album, clip, unfinished, entry(place=OTHER)):
        shelf.library.note(each)
    shelf.put(b"old")
    newest = shelf.put(b"new")
    shelf.put(b"other", place=OTHER)
    shelf.put(b"without a document", entry_id=new_id())

    found = sorted(shelf.again().entries(PLACE), key=lambda each: each.kind)

    assert found == [album, clip.model_copy(update={"version": newest})]


def test_a_document_is_the_last_one_noted(shelf: Shelf) -> None:
    shelf.put()
    for name in ("a.mp4", "b.mp4", "b.mp4", "c.mp4"):
        shelf.library.note(entry(name=name))

    assert [each.name for each in shelf.library.entries(PLACE)] == ["c.mp4"]


def test_a_document_noted_by_many_at_once_is_one_of_theirs(shelf: Shelf) -> None:
    names = [f"{number}.mp4" for number in range(8)]
    shelf.put()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: shelf.library.note(entry(name=name)), names * 3))

    (found,) = shelf.library.entries(PLACE)
    assert found.name in names


def test_a_listing_is_stable_while_others_write(shelf: Shelf) -> None:
    """What is there all the time is seen once, whatever comes, goes and moves meanwhile."""
    steady = [new_id() for _ in range(12)]
    for entry_id in steady:
        shelf.library.note(entry(entry_id, kind="dir", name=entry_id))
    doomed = new_id()
    shelf.library.note(entry(doomed, kind="dir", name="doomed"))
    seen = []

    for number, each in enumerate(shelf.library.entries(PLACE)):
        seen.append(each.id)
        shelf.library.note(entry(new_id(), kind="dir", name=f"new {number}"))
        shelf.library.note(entry(steady[-1], kind="dir", name=f"moved {number}"))
        shelf.library.delete(PLACE, doomed)

    assert sorted(set(seen) & set(steady)) == steady
    assert len(seen) == len(set(seen))


def test_deleting_leaves_nothing_and_may_be_repeated(shelf: Shelf) -> None:
    kept = [shelf.put(b"1"), shelf.put(b"2")]
    neighbour = shelf.put(b"3", place=OTHER)
    shelf.library.note(entry())

    for _ in range(2):
        shelf.library.delete(PLACE, ENTRY)

    assert list(shelf.library.entries(PLACE)) == []
    assert shelf.library.versions(PLACE, ENTRY) == []
    for each in kept:
        assert shelf.library.version(PLACE, ENTRY, each.id) is None
        with pytest.raises(RequestError, match=r"request\.not_found"):
            shelf.read(each)
    assert shelf.library.versions(OTHER, ENTRY) == [neighbour]
    assert shelf.put(b"1").id not in {each.id for each in kept}


def test_a_forgotten_entry_is_listed_no_more_and_keeps_its_versions(shelf: Shelf) -> None:
    kept = shelf.put()
    for name in ("a.mp4", "b.mp4"):
        shelf.library.note(entry(name=name))

    for _ in range(2):
        shelf.library.forget(PLACE, ENTRY)

    assert list(shelf.library.entries(PLACE)) == []
    assert shelf.library.versions(PLACE, ENTRY) == [kept]
    shelf.library.forget(PLACE, new_id())
    shelf.library.note(entry())
    assert [each.version for each in shelf.library.entries(PLACE)] == [kept]


def test_a_space_that_is_cleared_keeps_nothing_of_whatever_is_in_it(shelf: Shelf) -> None:
    whole, bytes_only, document_only = (new_id() for _ in range(3))
    kept = [shelf.put(entry_id=entry_id) for entry_id in (whole, bytes_only)]
    for entry_id in (whole, document_only):
        shelf.library.note(entry(entry_id))
    neighbour = shelf.put(b"3", place=OTHER)
    shelf.library.note(entry(place=OTHER))

    for _ in range(2):
        shelf.library.clear(PLACE)

    assert [shelf.library.versions(PLACE, each) for each in (whole, bytes_only)] == [[], []]
    for entry_id, version in zip((whole, bytes_only), kept, strict=True):
        assert shelf.library.version(PLACE, entry_id, version.id) is None
        shelf.library.note(entry(entry_id))
    assert list(shelf.library.entries(PLACE)) == []
    assert [each.version for each in shelf.library.entries(OTHER)] == [neighbour]


def test_a_version_is_deleted_alone_and_the_last_one_with_its_document(shelf: Shelf) -> None:
    first, second, third = (shelf.put(data) for data in (b"1", b"2", b"3"))
    neighbour = shelf.put(b"4", place=OTHER)
    shelf.library.note(entry())

    for unwanted in (third, first, third):
        shelf.library.delete_version(PLACE, ENTRY, unwanted.id)

    assert shelf.library.versions(PLACE, ENTRY) == [second]
    assert [each.version for each in shelf.library.entries(PLACE)] == [second]
    assert shelf.library.version(PLACE, ENTRY, third.id) is None
    fourth = shelf.put(b"5")
    assert fourth.id not in {first.id, third.id}
    for unwanted in (fourth, second):
        shelf.library.delete_version(PLACE, ENTRY, unwanted.id)
    assert (shelf.library.versions(PLACE, ENTRY), list(shelf.library.entries(PLACE))) == ([], [])
    assert list(shelf.library.leftovers(PLACE)) == []
    assert shelf.library.versions(OTHER, ENTRY) == [neighbour]


def test_a_version_that_is_not_there_is_deleted_without_harm(shelf: Shelf) -> None:
    album = entry(new_id(), kind="dir", name="album")
    shelf.library.note(album)
    kept = shelf.put()
    shelf.library.note(entry())

    for entry_id, version_id in ((ENTRY, "none"), (ENTRY, ".."), (album.id, kept.id), ("..", "x")):
        shelf.library.delete_version(PLACE, entry_id, version_id)

    assert len(list(shelf.library.entries(PLACE))) == 2


def test_what_no_entry_came_of_is_left_over(shelf: Shelf) -> None:
    bytes_only, document_only = new_id(), new_id()
    began_s = time.time()
    shelf.put(b"no document", entry_id=bytes_only)
    shelf.put(b"nor this", entry_id=bytes_only)
    shelf.library.note(entry(document_only))
    shelf.put()
    shelf.library.note(entry())
    shelf.library.note(entry(new_id(), kind="dir", name="album"))
    shelf.put(b"elsewhere", place=OTHER)

    left = list(shelf.library.leftovers(PLACE))

    assert {each.entry_id for each in left} == {bytes_only, document_only}
    assert all(began_s - 5 < each.modified_at_s < time.time() + 5 for each in left)
    for each in left:
        shelf.library.delete(PLACE, each.entry_id)
    assert list(shelf.library.leftovers(PLACE)) == []
    assert len(list(shelf.library.entries(PLACE))) == 2


def test_everything_is_found_again_after_a_restart(shelf: Shelf) -> None:
    kept = shelf.put()
    shelf.library.note(entry())

    library = shelf.again()

    assert library.versions(PLACE, ENTRY) == [kept]
    assert [each.version for each in library.entries(PLACE)] == [kept]
    assert library.read(PLACE, ENTRY, kept.id, offset=0, length=10**6) == DATA
