"""Files of commands: all of a source's come into the folder, or none."""

from pathlib import Path

import pytest

from worker.errors import MediaError, StorageError
from worker.ports import Output
from worker.rules.keys import unfinished_name
from worker.stores.destinations import FolderDestination

FIRST, SECOND = (Output("covers", label, "jpg", "image/jpeg") for label in ("64", "128"))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_come_into_the_folder_together(tmp_path: Path) -> None:
    with FolderDestination(folder=tmp_path, stem="clip") as destination:
        destination.put(b"1", FIRST)
        placed = destination.put(b"2", SECOND)
        assert names(tmp_path) == [unfinished_name("clip")]

    assert placed.path == str(tmp_path / "clip-128.jpg")
    assert names(tmp_path) == ["clip-128.jpg", "clip-64.jpg"]
    assert (tmp_path / "clip-64.jpg").read_bytes() == b"1"


def put_both(folder: Path, error: Exception | None = None) -> None:
    with FolderDestination(folder=folder, stem="clip") as destination:
        destination.put(b"1", FIRST)
        destination.put(b"2", SECOND)
        if error:
            raise error


def test_a_source_that_fails_leaves_nothing_but_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "clip-64.jpg").write_bytes(b"older")

    with pytest.raises(MediaError):
        put_both(tmp_path, MediaError("media.corrupt"))

    assert names(tmp_path) == ["clip-64.jpg"]
    assert (tmp_path / "clip-64.jpg").read_bytes() == b"older"


def test_where_one_file_cannot_be_none_stays(tmp_path: Path) -> None:
    in_the_way = tmp_path / "clip-128.jpg"
    in_the_way.mkdir()

    with pytest.raises(StorageError, match=r"clip-128\.jpg: Is a directory"):
        put_both(tmp_path)

    assert names(tmp_path) == [in_the_way.name]


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"clip-64\.jpg: No such file"):
        put_both(tmp_path / "gone")


def test_what_a_killed_process_left_does_not_come_with_the_files(tmp_path: Path) -> None:
    left = tmp_path / unfinished_name("clip")
    left.mkdir()
    (left / "clip-256.jpg").touch()

    with FolderDestination(folder=tmp_path, stem="clip") as destination:
        destination.put(b"1", FIRST)

    assert names(tmp_path) == ["clip-64.jpg"]


def test_nothing_is_made_where_nothing_is_put(tmp_path: Path) -> None:
    with FolderDestination(folder=tmp_path / "plan", stem="clip"):
        pass

    assert names(tmp_path) == []
