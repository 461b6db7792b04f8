from pathlib import Path
from random import Random

import pytest

from tests.worker.commands.smh_program import Operator
from worker import wiring
from worker.contracts.libraries import Entry, Place
from worker.rules.crc64 import Crc64

BODY = Random(6).randbytes(10_000)
ALBUMS = Place("albums", "-")


@pytest.fixture
def shelves(smh: Operator) -> Operator:
    """An operator with a library of albums, one without, and one of files in spaces."""
    smh.told("library", "create", "albums", "--kind", "media", "--multi-album")
    smh.told("library", "create", "flat", "--kind", "media", "--tenant", "acme")
    smh.told("library", "create", "files", "--kind", "file", "--multi-tenant")
    smh.run("space", "create", "files", "s1")
    return smh


@pytest.fixture
def beach(tmp_path: Path) -> Path:
    path = tmp_path / "beach.jpg"
    path.write_bytes(BODY)
    return path


def found(smh: Operator, place: Place, *path: str) -> Entry | None:
    return smh.state().entries.resolve(place, path)


def test_a_file_is_stored_with_its_album_and_told(shelves: Operator, beach: Path) -> None:
    (told,) = shelves.told("put", "albums/-/Sommer 2024/Straße +1%.jpg", beach)

    entry = found(shelves, ALBUMS, "Sommer 2024", "Straße +1%.jpg")
    assert entry is not None
    assert entry.version is not None
    checksum = Crc64()
    checksum.update(BODY)
    assert told == {
        "library_id": "albums",
        "space_id": "-",
        "path": "Sommer 2024/Straße +1%.jpg",
        "name": "Straße +1%.jpg",
        "kind": "image",
        "entry_id": entry.id,
        "version_id": entry.version.id,
        "content_type": "image/jpeg",
        "bytes": len(BODY),
        "crc64": str(checksum),
    }
    library = wiring.library(shelves.settings)
    kept = library.read(ALBUMS, entry.id, entry.version.id, offset=0, length=10**6)
    assert kept == BODY
    assert {each.kind for each in library.entries(ALBUMS)} == {"dir", "image"}


def test_a_person_is_told_where_it_is_and_what_it_is(shelves: Operator, beach: Path) -> None:
    done = shelves.run("put", "flat/-/", beach)

    where, which, what = done.stdout.splitlines()
    assert where == "flat/-/beach.jpg"
    assert which.startswith("entry ent_")
    assert what.startswith("image/jpeg  10000 bytes  crc64 ")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("options", "names", "versions"),
    [
        pytest.param([], ["beach.jpg"], 2, id="overwrite"),
        pytest.param(["--rename"], ["beach (1).jpg", "beach.jpg"], 1, id="rename"),
    ],
)
def test_a_name_that_is_taken_is_dealt_with_as_told(
    shelves: Operator, beach: Path, options: list[str], names: list[str], versions: int
) -> None:
    place = Place("flat", "-")
    shelves.run("put", "flat/-/beach.jpg", beach)

    assert shelves.run("put", "flat/-/beach.jpg", beach, *options).exit_code == 0

    children = shelves.state().entries.children(place, "root", limit=10)
    assert [entry.name for entry in children] == names
    kept = wiring.library(shelves.settings).versions(place, children[-1].id)
    assert len(kept) == versions


def test_asking_fails_where_the_name_is_taken(shelves: Operator, beach: Path) -> None:
    shelves.run("put", "flat/-/beach.jpg", beach)

    assert "library.conflict" in shelves.refused("put", "flat/-/beach.jpg", beach, "--ask")


def test_directories_of_files_are_made_as_deep_as_needed(shelves: Operator, beach: Path) -> None:
    shelves.told("put", "files/s1/a/b/c/notes.txt", beach)
    shelves.told("put", "files/s1/a/b/other.bin", beach)

    place = Place("files", "s1")
    for path in (["a"], ["a", "b"], ["a", "b", "c"]):
        entry = found(shelves, place, *path)
        assert entry is not None
        assert entry.kind == "dir"
    assert found(shelves, place, "a", "b", "c", "notes.txt") is not None


@pytest.mark.parametrize(
    ("target", "status", "reason"),
    [
        pytest.param("albums/-/a.jpg", 2, "stand in an album", id="beside-albums"),
        pytest.param("albums/-/a/b/a.jpg", 2, "stand in an album", id="below-an-album"),
        pytest.param("flat/-/a/a.jpg", 2, "in the space itself", id="album-that-cannot-be"),
        pytest.param("flat/-/a.txt", 2, "no picture or video", id="no-medium"),
        pytest.param("flat/-/../a.jpg", 2, "no entry is named '..'", id="up"),
        pytest.param("flat", 2, "expected LIB/SPACE/PATH", id="no-space"),
        pytest.param("none/-/a.jpg", 1, "no library 'none'", id="no-library"),
        pytest.param("files/s9/a.jpg", 1, "no space 's9'", id="no-such-space"),
        pytest.param("flat/s1/a.jpg", 1, "only space is '-'", id="single-tenant"),
    ],
)
def test_where_nothing_can_be_nothing_is_made(
    shelves: Operator, beach: Path, target: str, status: int, reason: str
) -> None:
    assert reason in shelves.refused("put", target, beach, status=status)

    library = wiring.library(shelves.settings)
    assert not any(list(library.entries(Place(name, "-"))) for name in ("albums", "flat"))


def test_a_file_is_no_directory(shelves: Operator, beach: Path) -> None:
    shelves.run("put", "files/s1/a.txt", beach)

    assert "is a file" in shelves.refused("put", "files/s1/a.txt/b.txt", beach)


def test_a_file_that_is_not_there_is_a_mistake_of_the_command_line(
    shelves: Operator, tmp_path: Path
) -> None:
    assert "does not exist" in shelves.refused("put", "flat/-/", tmp_path / "none.jpg", status=2)
    assert "exclude" in shelves.refused(
        *("put", "flat/-/", __file__, "--rename", "--ask"), status=2
    )
