"""Files on a disk are whole or not there; what a crash left is removed when it is nobody's."""

import errno
import hashlib
import os
import time
from pathlib import Path

import pytest

from worker.disk import Disk, chunks_of, digest_of, spool_errors_as_ours
from worker.errors import StorageError

LONG_AGO_S = 2 * 3600


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    folder = tmp_path / "kept"
    folder.mkdir()
    return Disk(folder)


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_a_file_is_what_was_written_and_its_digest_is_told(disk: Disk, algorithm: str) -> None:
    path = disk.folder / "a" / "b" / "file"

    digest = disk.write(path, (b"one ", b"two"), algorithm=algorithm)

    assert path.read_bytes() == b"one two"
    assert digest == hashlib.new(algorithm, b"one two").hexdigest()
    with path.open("rb") as file:
        assert digest_of(file, algorithm) == digest
        file.seek(0)
        assert b"".join(chunks_of(file)) == b"one two"


def test_nothing_is_written_through_a_link(disk: Disk, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (disk.folder / "a").symlink_to(outside)

    with pytest.raises(StorageError, match=r"storage\.misconfigured"):
        disk.write(disk.folder / "a" / "file", (b"x",))

    assert list(outside.iterdir()) == []


def test_a_tree_is_gone_with_all_that_was_in_it(disk: Disk) -> None:
    disk.write(disk.folder / "a" / "b" / "file", (b"x",))

    disk.remove_tree(disk.folder / "a")

    assert [path for path in disk.folder.rglob("*") if path.name != ".incoming"] == []


def test_what_a_crash_left_is_removed_by_the_next_process_when_it_is_old(disk: Disk) -> None:
    left = disk.folder / ".incoming"
    (left / "half-removed" / "b").mkdir(parents=True)
    (left / "half-removed" / "b" / "file").write_bytes(b"x")
    (left / "half-written").write_bytes(b"x")
    (left / "being-written").write_bytes(b"x")
    for name in ("half-removed", "half-written"):
        os.utime(left / name, (time.time() - LONG_AGO_S,) * 2)

    disk.write(disk.folder / "file", (b"x",))

    assert [path.name for path in left.iterdir()] == ["being-written"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(errno.ENOSPC, "storage.full", id="full"),
        pytest.param(errno.EDQUOT, "storage.full", id="over-quota"),
        pytest.param(errno.EACCES, "storage.unavailable", id="closed"),
    ],
)
def test_a_passing_file_that_cannot_be_kept_is_told_of_without_its_path(
    number: int, code: str
) -> None:
    with pytest.raises(StorageError, match="no room") as caught, spool_errors_as_ours("no room"):
        raise OSError(number, "system's text", "/secret/path")

    assert caught.value.code == code
    assert "secret" not in str(caught.value)
