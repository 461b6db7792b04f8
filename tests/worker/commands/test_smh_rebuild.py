import os
import time
from pathlib import Path

import pytest
from ulid import ULID

from tests.library_facts import DATA, draft
from tests.worker.commands.smh_program import Operator
from worker import wiring
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


def test_what_a_dead_upload_left_is_removed_a_day_later(filled: Operator, tmp_path: Path) -> None:
    library, place = wiring.library(filled.settings), Place("pics", "s1")
    entry_ids = [f"ent_{ULID()}" for _ in range(2)]
    body = tmp_path / "body"
    body.write_bytes(DATA)
    for entry_id in entry_ids:
        library.put(place, entry_id, body, draft(DATA))
    long_ago_s = time.time() - 25 * 3600
    folder = filled.settings.libraries.folder / "pics" / "s1" / entry_ids[0]
    os.utime(folder, (long_ago_s, long_ago_s))

    told = filled.run("rebuild", "pics").stdout.splitlines()

    assert told[1] == "pics/s1: removed what 1 dead upload(s) left"
    assert len(told) == 3
    assert [len(library.versions(place, entry_id)) for entry_id in entry_ids] == [0, 1]


@pytest.mark.parametrize(
    ("target", "reason"),
    [("none", "no library 'none'"), ("pics/s9", "no space 's9'")],
    ids=["library", "space"],
)
def test_what_is_not_there_is_told(filled: Operator, target: str, reason: str) -> None:
    assert reason in filled.refused("rebuild", target)
