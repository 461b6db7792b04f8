import fcntl
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.library_facts import DATA, ENTRY, PLACE, draft, entry
from worker.contracts.libraries import Version
from worker.errors import RequestError, StorageError
from worker.libraries.local import LocalLibrary
from worker.ports import LinkLook

SPACE = Path("smh1albums/-")
LOOK = LinkLook(expires_s=60, name="clip.mp4")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "libraries"
    made.mkdir()
    return made


@pytest.fixture
def library(folder: Path) -> LocalLibrary:
    return library_in(folder)


def library_in(folder: Path, link_secret: str | None = "s3cret") -> LocalLibrary:
    url = "http://127.0.0.1:8000/library-objects/"
    return LocalLibrary(folder=folder, public_base_url=url, link_secret=link_secret)


@pytest.fixture
def put(library: LocalLibrary, tmp_path: Path) -> Callable[..., Version]:
    """Keeps bytes as a version of the entry."""

    def keep(data: bytes = DATA, **changes: Any) -> Version:
        file = tmp_path / "file"
        file.write_bytes(data)
        return library.put(PLACE, ENTRY, file, draft(data, **changes))

    return keep


Put = Callable[..., Version]


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_names_of_files_are_ids_only(library: LocalLibrary, folder: Path, put: Put) -> None:
    version = put()
    library.note(entry(name="../../昨日"))

    at = SPACE / ENTRY
    assert files_below(folder) == {
        str(at / name) for name in (version.id, f"{version.id}.json", "entry.json")
    }
    assert (folder / at / version.id).read_bytes() == DATA


def test_versions_are_in_the_order_of_their_coming_whatever_the_clock_says(
    library: LocalLibrary, put: Put
) -> None:
    kept = [put(str(number).encode(), at_ms=10_000 - number) for number in range(12)]

    assert library.versions(PLACE, ENTRY) == kept[::-1]


def test_a_link_leads_below_its_base_and_names_ids_only(library: LocalLibrary, put: Put) -> None:
    version = put()

    link = library.link(PLACE, ENTRY, version, look=LOOK._replace(name="../x"))

    start = f"http://127.0.0.1:8000/library-objects/smh1albums/-/{ENTRY}/{version.id}?"
    assert link.startswith(f"{start}name=..%2Fx&attachment=0&expires=")


def test_without_a_secret_no_link_is_made(folder: Path, put: Put) -> None:
    with pytest.raises(StorageError, match=r"storage\.misconfigured"):
        library_in(folder, link_secret=None).link(PLACE, ENTRY, put(), look=LOOK)


def test_no_link_is_made_to_what_is_no_version(library: LocalLibrary, put: Put) -> None:
    foreign = put().model_copy(update={"id": "../entry.json"})

    with pytest.raises(RequestError, match=r"request\.invalid"):
        library.link(PLACE, ENTRY, foreign, look=LOOK)


@pytest.mark.parametrize("linked", ["entry", "space"])
def test_a_symbolic_link_leads_nowhere(
    library: LocalLibrary, folder: Path, tmp_path: Path, put: Put, linked: str
) -> None:
    kept = put()
    library.note(entry())
    place = folder / SPACE / ENTRY if linked == "entry" else folder / SPACE
    outside = tmp_path / "outside"
    place.rename(outside)
    place.symlink_to(outside)
    before = files_below(outside)

    assert library.version(PLACE, ENTRY, kept.id) is None
    assert library.versions(PLACE, ENTRY) == []
    assert list(library.entries(PLACE)) == []
    library.delete(PLACE, ENTRY)
    for write in (put, lambda: library.note(entry())):
        with pytest.raises(StorageError, match=r"storage\.misconfigured"):
            write()
    assert files_below(outside) == before


def test_a_folder_that_is_gone_is_told_and_not_made_anew(
    library: LocalLibrary, folder: Path, put: Put
) -> None:
    kept = put()
    folder.rename(folder.with_name("unmounted"))
    uses: list[Callable[[], object]] = [
        put,
        lambda: library.version(PLACE, ENTRY, kept.id),
        lambda: library.versions(PLACE, ENTRY),
        lambda: library.read(PLACE, ENTRY, kept.id, offset=0, length=1),
        lambda: library.note(entry()),
        lambda: list(library.entries(PLACE)),
        lambda: library.delete(PLACE, ENTRY),
    ]

    for use in uses:
        with pytest.raises(StorageError, match=r"storage\.misconfigured"):
            use()
    assert not folder.exists()


def test_a_full_disk_is_told_and_leaves_nothing(
    library: LocalLibrary, folder: Path, tmp_path: Path
) -> None:
    """A limit on the size of files stands for the disk: the kernel refuses the bytes the same."""
    file = tmp_path / "file"
    file.write_bytes(bytes(200_000))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(StorageError, match=r"storage\.full"):
            library.put(PLACE, ENTRY, file, draft(bytes(200_000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert library.versions(PLACE, ENTRY) == []
    assert files_below(folder) == set()


@pytest.mark.parametrize("damaged", ["version", "document"])
def test_damaged_facts_are_told(
    library: LocalLibrary, folder: Path, put: Put, damaged: str
) -> None:
    version = put()
    library.note(entry())
    name = "entry.json" if damaged == "document" else f"{version.id}.json"
    (folder / SPACE / ENTRY / name).write_bytes(b'{"id": 1')

    with pytest.raises(StorageError, match=r"storage\.integrity.*damaged"):
        list(library.entries(PLACE))


def test_a_document_of_another_entry_is_told(library: LocalLibrary, folder: Path, put: Put) -> None:
    library.note(entry(kind="dir"))
    (folder / SPACE / ENTRY).rename(folder / SPACE / f"{ENTRY[:-1]}X")

    with pytest.raises(StorageError, match=r"storage\.integrity.*another"):
        list(library.entries(PLACE))


def test_what_is_not_ours_is_passed_over(library: LocalLibrary, folder: Path, put: Put) -> None:
    kept = put()
    library.note(entry())
    space = folder / SPACE
    (space / "notes.txt").write_text("?")
    (space / "lost+found").mkdir()
    (space / f"{ENTRY[:-1]}X").write_text("?")
    (space / ENTRY / "notes.json").write_text("?")
    (space / ENTRY / "thumbs").mkdir()

    assert [each.version for each in library.entries(PLACE)] == [kept]
    assert library.versions(PLACE, ENTRY) == [kept]


def test_a_put_killed_half_way_leaves_no_version(
    library: LocalLibrary, folder: Path, tmp_path: Path, put: Put
) -> None:
    library.note(entry())
    large = tmp_path / "large"
    large.touch()
    os.truncate(large, 1024**3)
    writer = run_put(folder, large)
    try:
        wait_until(lambda: any((folder / ".incoming").glob("*")))
        time.sleep(0.05)
    finally:
        writer.kill()
        assert writer.wait() == -signal.SIGKILL

    assert any((folder / ".incoming").iterdir())
    again = library_in(folder)
    assert list(again.entries(PLACE)) == []
    assert again.versions(PLACE, ENTRY) == []
    kept = put()
    assert [each.version for each in again.entries(PLACE)] == [kept]


def test_bytes_that_were_left_without_facts_are_never_seen_and_go_with_the_next_put(
    library: LocalLibrary, folder: Path, put: Put
) -> None:
    first = put()
    unseen = folder / SPACE / ENTRY / "00000002-0123456789abcdef"
    unseen.write_bytes(b"half of a put")

    assert library.versions(PLACE, ENTRY) == [first]
    assert library.version(PLACE, ENTRY, unseen.name) is None
    with pytest.raises(RequestError, match=r"request\.not_found"):
        library.read(PLACE, ENTRY, unseen.name, offset=0, length=1)

    second = put(b"second")

    assert not unseen.exists()
    assert library.versions(PLACE, ENTRY) == [second, first]


def test_a_put_waits_for_another_process_and_for_its_deletion(
    library: LocalLibrary, folder: Path, tmp_path: Path, put: Put
) -> None:
    """Writers take turns, and a folder that was removed meanwhile is made anew."""
    file = tmp_path / "same"
    file.write_bytes(DATA)
    writers = [run_put(folder, file) for _ in range(3)]
    for _ in range(40):
        put()
        library.delete(PLACE, ENTRY)

    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert files_below(folder / ".incoming") == set()


def test_a_writer_that_is_stopped_holds_nobody_up_for_long(
    library: LocalLibrary, folder: Path, put: Put
) -> None:
    kept = put()
    started_s = time.monotonic()
    stopped = os.open(folder / SPACE / ENTRY, os.O_RDONLY)
    try:
        fcntl.flock(stopped, fcntl.LOCK_EX)
        with pytest.raises(StorageError, match=r"storage\.unavailable: another writer"):
            library.delete(PLACE, ENTRY)
    finally:
        os.close(stopped)

    assert 4 < time.monotonic() - started_s < 8
    assert library.versions(PLACE, ENTRY) == [kept]
    assert files_below(folder / ".incoming") == set()


def test_while_a_large_file_is_written_the_entry_is_free(
    library: LocalLibrary, folder: Path, tmp_path: Path, put: Put
) -> None:
    first = put()
    given = tmp_path / "pipe"
    os.mkfifo(given)
    with ThreadPoolExecutor(1) as pool:
        putting = pool.submit(library.put, PLACE, ENTRY, given, draft(b"12345678"))
        with given.open("wb", buffering=0) as slow:
            slow.write(b"1234")
            wait_until(lambda: any((folder / ".incoming").iterdir()))
            started_s = time.monotonic()
            library.note(entry())
            noted_s = time.monotonic() - started_s
            slow.write(b"5678")

    assert noted_s < 2
    assert library.versions(PLACE, ENTRY) == [putting.result(), first]


def run_put(folder: Path, file: Path) -> subprocess.Popen[bytes]:
    script = """
        import sys
        from pathlib import Path
        from tests.library_facts import ENTRY, PLACE, draft
        from worker.libraries.local import LocalLibrary

        folder, file = map(Path, sys.argv[1:])
        library = LocalLibrary(folder=folder, public_base_url="", link_secret=None)
        for number in range(20):
            facts = draft(b"", size_bytes=file.stat().st_size)
            library.put(PLACE, ENTRY, file, facts)
        """
    return subprocess.Popen([sys.executable, "-c", dedent(script), str(folder), str(file)])


def wait_until(met: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 20
    while not met():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)
