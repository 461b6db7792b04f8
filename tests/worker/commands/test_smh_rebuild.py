from pathlib import Path

import pytest

from tests.worker.commands.smh_program import Operator
from worker.contracts.libraries import Place
from worker.state.sights import Sights


@pytest.fixture
def filled(smh: Operator, tmp_path: Path) -> Operator:
    """An operator with albums in two spaces."""
    smh.told("library", "create", "pics", "--kind", "media", "--multi-album", "--multi-tenant")
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"a picture")
    for space_id in ("s1", "s2"):
        smh.run("space", "create", "pics", space_id)
        for album in ("one", "two"):
            smh.told("put", f"pics/{space_id}/{album}/", picture)
    return smh


def looked_at(smh: Operator, space_id: str) -> object:
    """What a reader sees of an album: its entry, its first medium, its listing."""
    state, place = smh.state(), Place("pics", space_id)
    sight = Sights(smh.client).look(*place, token=None, path=("two",), first="oldest")
    assert sight.entry is not None
    return sight, state.entries.children(place, sight.entry.id, limit=10)


def forget(smh: Operator) -> None:
    """Let Redis lose the index, and nothing else."""
    state = smh.state()
    for space_id in ("s1", "s2"):
        state.entries.clear(Place("pics", space_id))


def test_an_index_that_was_lost_is_made_anew(filled: Operator) -> None:
    before = [looked_at(filled, space_id) for space_id in ("s1", "s2")]
    forget(filled)

    told = filled.run("rebuild", "pics").stdout

    assert told == (
        "pics/s1: 4 entries (4 added, 0 moved, 0 removed)\n"
        "pics/s2: 4 entries (4 added, 0 moved, 0 removed)\n"
    )
    assert [looked_at(filled, space_id) for space_id in ("s1", "s2")] == before
    again = filled.run("rebuild", "pics/s2").stdout
    assert again == "pics/s2: 4 entries (0 added, 0 moved, 0 removed)\n"


def test_one_space_may_be_made_anew_alone(filled: Operator) -> None:
    forget(filled)

    filled.run("rebuild", "pics/s1")

    entries = filled.state().entries
    assert len(entries.children(Place("pics", "s1"), "root", limit=10)) == 2
    assert entries.children(Place("pics", "s2"), "root", limit=10) == []


@pytest.mark.parametrize(
    ("target", "reason"),
    [("none", "no library 'none'"), ("pics/s9", "no space 's9'")],
    ids=["library", "space"],
)
def test_what_is_not_there_is_told(filled: Operator, target: str, reason: str) -> None:
    assert reason in filled.refused("rebuild", target)
