"""Moves: every file is found where it went, and none is lost on the way."""

import pytest

from tests.worker.state.shelves import (
    CREATED_MS,
    PLACE,
    Shelf,
)
from worker.contracts.libraries import ROOT, Conflict
from worker.errors import RequestError


def test_a_moved_directory_takes_along_what_is_in_it(shelf: Shelf) -> None:
    for entry_id, name in (("ent_d", "d"), ("ent_e", "e")):
        shelf.make(entry_id, name)
    inside = shelf.add("ent_1", "a.jpg", parent="ent_d")
    before = (shelf.revision(), shelf.revision("ent_e"), shelf.revision("ent_d"))

    moved = shelf.index.move(PLACE, "ent_d", parent_id="ent_e", name="f")

    assert (moved.entry.parent_id, moved.entry.name, moved.replaced) == ("ent_e", "f", None)
    assert shelf.index.resolve(PLACE, ["e", "f", "a.jpg"]) == inside
    assert (shelf.listed(), shelf.listed("ent_e")) == (["e"], ["f"])
    after = (shelf.revision(), shelf.revision("ent_e"), shelf.revision("ent_d"))
    assert (after[0] > before[0], after[1] > before[1], after[2]) == (True, True, before[2])
    assert shelf.now(ROOT).modified_ms > CREATED_MS + 1000
    assert shelf.now("ent_e").modified_ms > CREATED_MS + 1000


def test_a_move_to_where_it_is_changes_nothing(shelf: Shelf) -> None:
    entry = shelf.add("ent_1", "a.jpg")
    before = shelf.revision()

    moved = shelf.index.move(PLACE, "ent_1", parent_id=ROOT, name="a.jpg", conflict="overwrite")

    assert (moved.entry, moved.replaced, shelf.revision()) == (entry, None, before)


@pytest.mark.parametrize("target", ["ent_d", "ent_e", "ent_f"])
def test_a_directory_is_never_moved_below_itself(shelf: Shelf, target: str) -> None:
    shelf.make("ent_d", "d")
    shelf.make("ent_e", "e", parent="ent_d")
    shelf.make("ent_f", "f", parent="ent_e")

    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.index.move(PLACE, "ent_d", parent_id=target, name="x", conflict="overwrite")
    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.index.move(PLACE, ROOT, parent_id=target, name="x")

    assert shelf.index.resolve(PLACE, ["d", "e", "f"]) == shelf.now("ent_f")


@pytest.mark.parametrize(
    ("entry_id", "parent_id"),
    [("ent_none", ROOT), ("ent_1", "ent_none"), ("ent_1", "ent_2")],
    ids=["unknown entry", "unknown directory", "into a file"],
)
def test_a_move_needs_an_entry_and_a_directory(shelf: Shelf, entry_id: str, parent_id: str) -> None:
    shelf.add("ent_1", "a.jpg")
    shelf.add("ent_2", "b.jpg")

    with pytest.raises(RequestError, match=r"library\.not_found"):
        shelf.index.move(PLACE, entry_id, parent_id=parent_id, name="x")


def test_a_file_that_is_moved_over_takes_the_place_of_a_file_only_if_told(shelf: Shelf) -> None:
    mine, theirs = shelf.add("ent_1", "a.jpg"), shelf.add("ent_2", "b.jpg")
    shelf.make("ent_d", "d")

    refused: list[tuple[str, str, Conflict]] = [
        ("ent_1", "b.jpg", "ask"),
        ("ent_1", "d", "overwrite"),
        ("ent_d", "b.jpg", "overwrite"),
    ]
    for entry_id, name, conflict in refused:
        with pytest.raises(RequestError, match=r"library\.conflict"):
            shelf.index.move(PLACE, entry_id, parent_id=ROOT, name=name, conflict=conflict)
    moved = shelf.index.move(PLACE, "ent_1", parent_id=ROOT, name="b.jpg", conflict="overwrite")

    assert moved.entry == mine.model_copy(update={"name": "b.jpg"})
    assert moved.replaced == theirs
    assert shelf.listed() == ["d", "b.jpg"]
    assert shelf.index.read(PLACE, "ent_2") is None
