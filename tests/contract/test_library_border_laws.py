"""What no library does: let an id, a name or a link reach out of its space."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.contract.library_shelves import Shelf, new_id
from tests.library_facts import ENTRY, OTHER, PLACE, entry
from worker.contracts.libraries import Place
from worker.errors import RequestError
from worker.ports import LinkLook

LOOK = LinkLook(expires_s=60, name="clip.mp4")


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


@pytest.mark.parametrize(
    "place", [Place("../x", "-"), Place("", ""), Place("smh1albums", ""), Place("a/b", "-")]
)
def test_a_strange_place_has_no_entries(shelf: Shelf, place: Place) -> None:
    shelf.library.note(entry(kind="dir"))

    assert list(shelf.library.entries(place)) == []


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
