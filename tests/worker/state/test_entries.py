"""Entries: seen by name once they have a version, moved, replaced, removed, rebuilt."""

from collections.abc import Iterator

import pytest

from tests.worker.state.shelves import (
    CREATED_MS,
    PLACE,
    Shelf,
    again,
    directory,
    picture,
    version,
)
from worker.contracts.libraries import ROOT, Entry, Place
from worker.errors import RequestError
from worker.state.entry_pages import Wanted

NAMES = [
    *("a.jpg", "Größe.jpg", "照片 1.png", "🎬.mp4", "a+b%2F.jpg", "a:b", "{x}", "..", " ", "é"),
    *("e\u0301", "a\\b", "a\nb", "a\x00b", '"q"', "x" * 255, "-", "root", "\u200f\u202e.jpg"),
]


@pytest.mark.parametrize("name", NAMES, ids=[ascii(name)[:20] for name in NAMES])
def test_a_name_is_kept_as_given(shelf_of_one_server: Shelf, name: str) -> None:
    shelf = shelf_of_one_server
    folder = shelf.make("ent_d", name)
    inside = shelf.add("ent_1", name, parent="ent_d")

    assert shelf.index.resolve(PLACE, [name]) == shelf.now(folder.id)
    assert shelf.index.resolve(PLACE, [name, name]) == inside
    assert shelf.listed("ent_d") == [name]


def test_names_that_look_alike_are_different(shelf: Shelf) -> None:
    for number, name in enumerate(("é", "e\u0301", "E\u0301", "É")):
        shelf.add(f"ent_{number}", name)

    assert shelf.listed() == ["E\u0301", "e\u0301", "É", "é"]


def test_a_path_leads_segment_by_segment(shelf: Shelf) -> None:
    shelf.make("ent_d", "d")
    shelf.make("ent_e", "e", parent="ent_d")
    found = shelf.add("ent_1", "a.jpg", parent="ent_e")

    assert shelf.index.resolve(PLACE, ["d", "e", "a.jpg"]) == found
    for path in (["d", "a.jpg"], ["a.jpg"], ["d", "e", "a.jpg", "a.jpg"], ["d", "", "e"], [""]):
        assert shelf.index.resolve(PLACE, path) is None


def test_the_empty_path_is_the_top_directory(shelf: Shelf) -> None:
    root = shelf.index.resolve(PLACE, [])

    assert root == directory(ROOT, "", parent="")
    assert shelf.index.read(PLACE, ROOT) == root


@pytest.mark.parametrize("place", [Place("lib1", "x"), Place("lib2", "-"), Place("lib1:-", "-")])
def test_an_unknown_space_has_nothing_and_takes_nothing(shelf: Shelf, place: Place) -> None:
    before = set(shelf.redis.keys())

    assert shelf.index.resolve(place, []) is None
    assert shelf.index.read(place, ROOT) is None
    assert not shelf.index.remove(place, "ent_1")
    with pytest.raises(RequestError, match=r"library\.not_found"):
        shelf.index.put(picture("ent_1", "a.jpg", place=place))
    with pytest.raises(RequestError, match=r"library\.not_found"):
        shelf.index.load(place, [picture("ent_1", "a.jpg", place=place)])

    assert set(shelf.redis.keys()) == before


def test_a_space_that_is_being_deleted_takes_nothing_more(shelf: Shelf) -> None:
    entry = shelf.add("ent_1", "a.jpg")
    shelf.make("ent_d", "d")
    shelf.redis.delete("ff:space:lib1:-")

    with pytest.raises(RequestError, match=r"library\.not_found"):
        shelf.index.put(again(entry, at_ms=CREATED_MS + 50, upload="x"), instead_of=entry)
    with pytest.raises(RequestError, match=r"library\.not_found"):
        shelf.add("ent_2", "b.jpg", parent="ent_d")


def test_a_new_version_moves_only_the_time_of_modification(shelf: Shelf) -> None:
    first = shelf.add("ent_1", "a.jpg", at_ms=CREATED_MS + 1)
    shelf.add("ent_2", "b.jpg", at_ms=CREATED_MS + 2, size=9)

    shelf.index.put(again(first, at_ms=CREATED_MS + 5, upload="x", size=50), instead_of=first)

    seen = shelf.now("ent_1")
    assert (seen.created_ms, seen.modified_ms) == (CREATED_MS + 1, CREATED_MS + 5)
    assert seen.version == version(CREATED_MS + 5, upload="x", size=50)
    assert shelf.listed(wanted=Wanted("creation")) == ["a.jpg", "b.jpg"]
    assert shelf.listed(wanted=Wanted("modification")) == ["b.jpg", "a.jpg"]
    assert shelf.listed(wanted=Wanted("size")) == ["b.jpg", "a.jpg"]


@pytest.mark.parametrize("at_ms", [CREATED_MS + 10, CREATED_MS, CREATED_MS + 99])
def test_a_version_is_shown_instead_of_the_one_that_was_there_whatever_clocks_said(
    shelf: Shelf, at_ms: int
) -> None:
    first = shelf.add("ent_1", "a.jpg", at_ms=CREATED_MS + 10)
    # Ids have no order: that of the newer one stands before the other, and behind it.
    second, third = (again(first, at_ms=at_ms, upload=upload) for upload in ("a", "z"))

    assert shelf.index.put(second, instead_of=first) == second
    assert shelf.index.put(third, instead_of=first) is None
    assert shelf.now("ent_1") == second
    assert shelf.index.put(third, instead_of=second) == third
    assert shelf.now("ent_1") == third


def test_a_new_version_brings_no_file_back_that_was_removed(shelf: Shelf) -> None:
    entry = shelf.add("ent_1", "a.jpg")
    shelf.index.remove(PLACE, "ent_1")

    newer = again(entry, at_ms=CREATED_MS + 50, upload="x")

    assert shelf.index.put(newer, instead_of=entry) is None
    assert shelf.listed() == []


def test_a_put_that_is_repeated_changes_nothing(shelf: Shelf) -> None:
    entry = shelf.add("ent_1", "a.jpg")
    newer = again(entry, at_ms=CREATED_MS + 50, upload="x")
    assert shelf.index.put(newer, instead_of=entry) == newer
    before = shelf.revision()

    for _ in range(2):
        assert shelf.index.put(newer, instead_of=entry) == newer
    assert shelf.index.put(entry) is None

    assert shelf.revision() == before
    assert shelf.now("ent_1") == newer


def test_a_file_is_put_only_where_its_directory_is_and_its_name_is_free(shelf: Shelf) -> None:
    shelf.add("ent_1", "a.jpg")

    with pytest.raises(RequestError, match=r"library\.not_found"):
        shelf.add("ent_2", "a.jpg", parent="ent_d")
    with pytest.raises(RequestError, match=r"library\.not_found"):
        shelf.add("ent_2", "a.jpg", parent="ent_1")
    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.add("ent_2", "a.jpg")

    assert shelf.index.read(PLACE, "ent_2") is None


def test_a_new_version_of_a_file_that_was_moved_stays_where_the_file_is(shelf: Shelf) -> None:
    entry = shelf.add("ent_1", "a.jpg")
    shelf.make("ent_d", "d")
    shelf.index.move(PLACE, "ent_1", parent_id="ent_d", name="b.jpg")

    shelf.index.put(again(entry, at_ms=CREATED_MS + 50, upload="x"), instead_of=entry)

    assert (shelf.listed(), shelf.listed("ent_d")) == (["d"], ["b.jpg"])
    assert shelf.now("ent_1").modified_ms == CREATED_MS + 50


def test_a_directory_is_made_once(shelf: Shelf) -> None:
    made = shelf.make("ent_d", "d")
    assert made == directory("ent_d", "d")
    assert shelf.make("ent_d", "d") == made

    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.make("ent_e", "d")
    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.make("ent_d", "other")
    with pytest.raises(RequestError, match=r"library\.not_found"):
        shelf.make("ent_e", "e", parent="ent_none")
    assert shelf.listed() == ["d"]


def test_a_file_and_a_directory_cannot_have_one_name(shelf: Shelf) -> None:
    shelf.add("ent_1", "a")
    shelf.make("ent_d", "d")

    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.make("ent_e", "a")
    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.add("ent_2", "d")


def test_the_times_and_revisions_of_directories_tell_of_their_children(shelf: Shelf) -> None:
    shelf.make("ent_d", "d")
    revisions = [shelf.revision("ent_d")]
    entry = shelf.add("ent_1", "a.jpg", parent="ent_d", at_ms=CREATED_MS + 500)
    assert shelf.now("ent_d").modified_ms == CREATED_MS + 500
    revisions.append(shelf.revision("ent_d"))

    shelf.index.put(again(entry, at_ms=CREATED_MS + 900, upload="x"), instead_of=entry)
    assert shelf.now("ent_d").modified_ms == CREATED_MS + 500
    revisions.append(shelf.revision("ent_d"))

    shelf.index.remove(PLACE, "ent_1")
    assert shelf.now("ent_d").modified_ms > CREATED_MS + 1000
    revisions.append(shelf.revision("ent_d"))

    assert revisions == sorted(set(revisions))
    assert shelf.listed(wanted=Wanted("modification", descending=True)) == ["d"]


def test_a_removed_entry_is_gone_and_its_name_free(shelf: Shelf) -> None:
    before = set(shelf.redis.keys())
    shelf.make("ent_d", "d")
    shelf.add("ent_1", "a.jpg", parent="ent_d")

    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.index.remove(PLACE, "ent_d")
    assert shelf.index.remove(PLACE, "ent_1")
    assert not shelf.index.remove(PLACE, "ent_1")
    assert shelf.index.remove(PLACE, "ent_d")
    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.index.remove(PLACE, ROOT)

    assert shelf.index.resolve(PLACE, ["d"]) is None
    shelf.add("ent_2", "d")
    shelf.index.remove(PLACE, "ent_2")
    left = {str(key) for key in set(shelf.redis.keys()) - before}
    assert left == {"ff:entries:lib1:-", "ff:directories:lib1:-"}


def test_the_children_of_a_directory_come_in_pieces(shelf: Shelf) -> None:
    shelf.make("ent_d", "z")
    for number in range(3):
        shelf.add(f"ent_{number}", f"{number}.jpg")

    assert [e.name for e in shelf.index.children(PLACE, ROOT, limit=3)] == ["z", "0.jpg", "1.jpg"]
    assert shelf.index.children(PLACE, "ent_d", limit=3) == []
    with pytest.raises(RequestError, match=r"library\.not_found"):
        shelf.index.children(PLACE, "ent_0", limit=3)


def test_a_rebuilt_index_shows_what_the_library_knows(shelf: Shelf) -> None:
    entries = [
        picture("ent_3", "a.jpg", parent="ent_2", at_ms=CREATED_MS + 70),
        picture("ent_4", "b.jpg"),
        directory("ent_2", "e", parent="ent_1", at_ms=CREATED_MS + 3),
        directory("ent_1", "d", at_ms=CREATED_MS + 2),
    ]
    shelf.index.load(PLACE, entries)
    revision = shelf.revision()
    shelf.add("ent_9", "left over.jpg")
    shelf.index.clear(PLACE)
    assert shelf.listed() == []

    assert shelf.index.load(PLACE, iter(entries)) == 4

    assert shelf.listed() == ["d", "b.jpg"]
    assert shelf.index.resolve(PLACE, ["d", "e", "a.jpg"]) == entries[0]
    assert shelf.now("ent_1").modified_ms == CREATED_MS + 3
    assert shelf.now("ent_2").modified_ms == CREATED_MS + 70
    assert shelf.now("ent_4") == entries[1]
    assert shelf.revision() > revision


def test_a_directory_that_is_loaded_behind_its_children_has_their_time(shelf: Shelf) -> None:
    entries = [
        picture("ent_2", "a.jpg", parent="ent_1", at_ms=CREATED_MS + 70),
        directory("ent_3", "d", parent="ent_1", at_ms=CREATED_MS + 90),
        directory("ent_1", "d", at_ms=CREATED_MS + 2),
    ]

    for entry in entries:
        shelf.index.load(PLACE, [entry])

    assert shelf.now("ent_1").modified_ms == CREATED_MS + 90
    assert shelf.listed(wanted=Wanted("modification")) == ["d"]


def test_what_is_loaded_stands_instead_of_what_was_there_before_only(shelf: Shelf) -> None:
    old = shelf.add("ent_1", "a.jpg")
    new = again(old, at_ms=CREATED_MS - 99, upload="x")

    shelf.index.load(PLACE, [new])
    assert shelf.now("ent_1") == old
    for _ in range(2):
        shelf.index.load(PLACE, [new], before={"ent_1": "ver_ent_1"})
    assert shelf.now("ent_1") == new
    shelf.index.remove(PLACE, "ent_1")
    shelf.index.load(PLACE, [new], before={"ent_1": "ver_x"})

    assert shelf.listed() == []


def test_of_two_loaded_files_with_one_name_none_is_hidden(shelf: Shelf) -> None:
    shelf.index.load(PLACE, [picture(f"ent_{n}", "a.jpg") for n in range(3)])

    assert shelf.listed() == ["a (1).jpg", "a (2).jpg", "a.jpg"]
    assert shelf.now("ent_0").name == "a.jpg"


def test_a_rebuild_takes_entries_as_they_come(shelf_of_one_server: Shelf) -> None:
    shelf = shelf_of_one_server
    behind: list[int] = []

    def entries() -> Iterator[Entry]:
        for number in range(2000):
            behind.append(number - int(str(shelf.redis.hlen("ff:entries:lib1:-"))))
            yield picture(f"ent_{number}", f"{number}.jpg")

    assert shelf.index.load(PLACE, entries()) == 2000

    assert max(behind) <= 200
