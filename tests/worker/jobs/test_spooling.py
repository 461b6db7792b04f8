from pathlib import Path

import pytest

from worker.errors import StorageError
from worker.jobs.spooling import spooled


def test_what_comes_is_kept_counted_and_summed_up(tmp_path: Path) -> None:
    with spooled([b"1234", b"", b"56789"], tmp_path / "made") as spool:
        assert (spool.size_bytes, spool.crc64) == (9, str(0x995DC9BBDF1939FA))
        assert [spool.path.read_bytes() for _ in range(2)] == [b"123456789"] * 2
        assert spool.path.stat().st_size == 9


def test_the_file_has_no_name_that_could_be_left_behind(tmp_path: Path) -> None:
    with spooled([b"bytes"], tmp_path):
        assert list(tmp_path.iterdir()) == []


def test_what_the_bytes_raise_is_raised(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), spooled((bytes(1 // n) for n in (1, 0)), tmp_path):
        pytest.fail("there was more to come")


def test_a_folder_that_cannot_be_is_an_error_of_storage(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_bytes(b"")

    with pytest.raises(StorageError) as caught, spooled([b"bytes"], taken):
        pytest.fail("there was nowhere to keep it")

    assert caught.value.code == "storage.unavailable"
