"""What every library promises: versions never change, and no name reaches out of its space."""

import hashlib
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from ulid import ULID

from tests.library_facts import DATA, ENTRY, OTHER, PLACE, draft, entry
from tests.minio_library import library_of
from tests.minio_server import Minio
from worker import registry
from worker.contracts.libraries import Place, Version
from worker.errors import RequestError, StorageError
from worker.libraries.local import LocalLibrary
from worker.ports import Library, LinkLook

LOOK = LinkLook(expires_s=60, name="clip.mp4")
URL = "http://media.example/library-objects"


def a_local_library(request: pytest.FixtureRequest) -> Library:
    """A new object over the test's one folder, as after a restart."""
    folder: Path = request.getfixturevalue("tmp_path") / "libraries"
    folder.mkdir(exist_ok=True)
    return LocalLibrary(folder=folder, public_base_url=URL, link_secret="s3cret")


def a_minio_library(request: pytest.FixtureRequest) -> Library:
    minio: Minio = request.getfixturevalue("minio")
    return library_of(minio, bucket=request.getfixturevalue("bucket"))


LIBRARIES: dict[str, Callable[[pytest.FixtureRequest], Library]] = {
    "local": a_local_library,
    "minio": a_minio_library,
}


class Shelf(NamedTuple):
    """A library, and how to make files and another object over the same bytes."""

    library: Library
    again: Callable[[], Library]
    folder: Path

    def put(self, data: bytes = DATA, entry_id: str = ENTRY, **changes: Any) -> Version:
        """Keep `data` as a version; `changes` are of its draft."""
        return self.library.put(
            changes.pop("place", PLACE), entry_id, self.file(data), draft(data, **changes)
        )

    def file(self, data: bytes) -> Path:
        path = self.folder / str(ULID())
        path.write_bytes(data)
        return path

    def read(self, version: Version, **changes: Any) -> bytes:
        given = {"place": PLACE, "entry_id": ENTRY, "offset": 0, "length": 10**8, **changes}
        place, entry_id = given.pop("place"), given.pop("entry_id")
        return self.library.read(place, entry_id, version.id, **given)


@pytest.fixture(
    params=[
        pytest.param(name, marks=[pytest.mark.minio] if name == "minio" else [])
        for name in LIBRARIES
    ]
)
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    """An empty library."""
    make = LIBRARIES[request.param]
    files = tmp_path / "files"
    files.mkdir()
    return Shelf(make(request), lambda: make(request), files)


def new_id() -> str:
    return f"ent_{ULID()}"


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


def test_a_file_that_is_not_as_long_as_was_said_is_not_kept(shelf: Shelf) -> None:
    with pytest.raises(StorageError, match=r"storage\.integrity"):
        shelf.put(DATA, size_bytes=len(DATA) - 1)

    assert shelf.library.versions(PLACE, ENTRY) == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"meta": {"note": "x" * 2100}}, id="too-long"),
        pytest.param({"meta": {"note": "汉" * 400}}, id="too-long-as-ascii"),
        pytest.param({"created_by": "\ud800"}, id="no-text"),
        pytest.param({"content_type": "video"}, id="no-type"),
        pytest.param({"content_type": ""}, id="empty-type"),
        pytest.param({"content_type": "text/plain\r\nX-Evil: 1"}, id="type-with-a-header"),
        pytest.param({"content_type": "text/plain; x=\u4e2d"}, id="type-not-ascii"),
        pytest.param({"content_type": "text/" + "x" * 300}, id="long-type"),
    ],
)
def test_a_draft_that_cannot_be_kept_is_refused(shelf: Shelf, changes: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match=r"request\.invalid"):
        shelf.put(**changes)

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


STRANGE_VERSIONS = [
    pytest.param("", id="empty"),
    pytest.param("null", id="null"),
    pytest.param("nope", id="word"),
    pytest.param("../entry", id="parent"),
    pytest.param("..", id="above"),
    pytest.param("entry.json", id="document"),
    pytest.param("00000001-0123456789abcdef", id="of-a-local-form"),
    pytest.param("6ba7b810-9dad-11d1-80b4-00c04fd430c8", id="of-a-minio-form"),
    pytest.param("x" * 900, id="long"),
    pytest.param("x" * 5000, id="very-long"),
    pytest.param("a\x00b", id="nul"),
    pytest.param("a b&c=d", id="query"),
]


@pytest.mark.parametrize("version_id", STRANGE_VERSIONS)
def test_a_version_that_is_not_there_is_not_found(shelf: Shelf, version_id: str) -> None:
    shelf.put()
    shelf.library.note(entry())

    assert shelf.library.version(PLACE, ENTRY, version_id) is None
    with pytest.raises(RequestError, match=r"request\.not_found"):
        shelf.library.read(PLACE, ENTRY, version_id, offset=0, length=1)


def test_a_version_of_another_entry_or_space_is_not_found(shelf: Shelf) -> None:
    kept, other_id = shelf.put(), new_id()
    shelf.put(b"other", entry_id=other_id)

    for place, entry_id in ((PLACE, other_id), (OTHER, ENTRY)):
        assert shelf.library.version(place, entry_id, kept.id) is None
        with pytest.raises(RequestError, match=r"request\.not_found"):
            shelf.read(kept, place=place, entry_id=entry_id)
    assert shelf.library.versions(OTHER, ENTRY) == []


STRANGE_ENTRIES = [
    pytest.param(PLACE, "", id="empty"),
    pytest.param(PLACE, "../x", id="parent"),
    pytest.param(PLACE, f"../space2/{ENTRY}", id="another-space"),
    pytest.param(PLACE, f"{ENTRY}/../{ENTRY}", id="around"),
    pytest.param(PLACE, f"{ENTRY}.json", id="document"),
    pytest.param(PLACE, f"{ENTRY}\n", id="line-end"),
    pytest.param(PLACE, f"{ENTRY[:-1]}\x00", id="nul"),
    pytest.param(PLACE, f"{ENTRY}{'W' * 3000}", id="very-long"),
    pytest.param(PLACE, "root", id="root"),
    pytest.param(Place("", "-"), ENTRY, id="no-library"),
    pytest.param(Place("smh1albums", ""), ENTRY, id="no-space"),
    pytest.param(Place("smh1albums", ".."), ENTRY, id="parent-space"),
    pytest.param(Place("smh1albums/space2", "-"), ENTRY, id="library-with-a-slash"),
    pytest.param(Place("smh1albums", "../smh1albums/space2"), ENTRY, id="space-with-a-slash"),
    pytest.param(Place(".incoming", "-"), ENTRY, id="hidden"),
    pytest.param(Place("smh1albums", "-\x00"), ENTRY, id="space-with-nul"),
    pytest.param(Place("smh1albums", "s" * 3000), ENTRY, id="very-long-space"),
]


@pytest.mark.parametrize(("place", "entry_id"), STRANGE_ENTRIES)
def test_a_strange_id_is_refused_and_names_nothing(
    shelf: Shelf, place: Place, entry_id: str
) -> None:
    kept = shelf.put(place=OTHER)
    library = shelf.library
    writes: list[Callable[[], object]] = [
        lambda: shelf.put(place=place, entry_id=entry_id),
        lambda: library.note(entry(entry_id, place=place)),
        lambda: library.link(place, entry_id, kept, look=LOOK),
    ]

    for write in writes:
        with pytest.raises(RequestError, match=r"request\.invalid"):
            write()
    assert library.version(place, entry_id, kept.id) is None
    assert library.versions(place, entry_id) == []
    with pytest.raises(RequestError, match=r"request\.not_found"):
        shelf.read(kept, place=place, entry_id=entry_id)
    library.delete(place, entry_id)
    assert library.versions(OTHER, ENTRY) == [kept]


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


@pytest.mark.parametrize(
    "place", [Place("../x", "-"), Place("", ""), Place("smh1albums", ""), Place("a/b", "-")]
)
def test_a_strange_place_has_no_entries(shelf: Shelf, place: Place) -> None:
    shelf.library.note(entry(kind="dir"))

    assert list(shelf.library.entries(place)) == []


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


def test_everything_is_found_again_after_a_restart(shelf: Shelf) -> None:
    kept = shelf.put()
    shelf.library.note(entry())

    library = shelf.again()

    assert library.versions(PLACE, ENTRY) == [kept]
    assert [each.version for each in library.entries(PLACE)] == [kept]
    assert library.read(PLACE, ENTRY, kept.id, offset=0, length=10**6) == DATA


def test_a_link_names_one_version_and_carries_a_query(shelf: Shelf) -> None:
    first, second = shelf.put(b"first"), shelf.put(b"second")

    links = [shelf.library.link(PLACE, ENTRY, each, look=LOOK) for each in (first, second)]

    assert first.id in links[0]
    assert second.id in links[1]
    for link in links:
        assert ENTRY in urlsplit(link).path
        assert "ignature=" in urlsplit(link).query


@pytest.mark.parametrize("expires_s", [-1, 0, 7201])
def test_a_link_lives_two_hours_at_most(shelf: Shelf, expires_s: int) -> None:
    kept = shelf.put()

    with pytest.raises(RequestError, match=r"request\.invalid"):
        shelf.library.link(PLACE, ENTRY, kept, look=LOOK._replace(expires_s=expires_s))


def test_making_a_link_takes_no_time(shelf: Shelf) -> None:
    kept = shelf.put()
    shelf.library.link(PLACE, ENTRY, kept, look=LOOK)
    start_s = time.perf_counter()

    for _ in range(20):
        shelf.library.link(PLACE, ENTRY, kept, look=LOOK)

    assert (time.perf_counter() - start_s) / 20 < 0.005
