import hashlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from urllib.parse import parse_qs, urlsplit

import pytest

from worker.errors import RequestError, StorageError
from worker.rules.keys import public_key, upload_key
from worker.signing.links import verify
from worker.stores.local import LocalStore

DATA = b"\xff\xd8 not quite a picture"
COVER = public_key("covers", hashlib.sha256(DATA).hexdigest(), "jpg")
UPLOAD = upload_key("acme", "upl_01JC6Z5G0Q8V2N3M4P5R6S7T8W")
SECRET = "s3cret"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "objects"
    made.mkdir()
    return made


@pytest.fixture
def store(folder: Path) -> LocalStore:
    return store_of(folder)


def store_of(folder: Path, link_secret: str | None = SECRET) -> LocalStore:
    return LocalStore(
        folder=folder, public_base_url="http://127.0.0.1:8000/objects/", link_secret=link_secret
    )


def put(store: LocalStore) -> None:
    store.put(COVER, DATA, content_type="image/jpeg")


def run(script: str, *arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", dedent(script), *map(str, arguments)])


def test_an_object_is_a_plain_file_of_the_same_bytes(store: LocalStore, folder: Path) -> None:
    put(store)

    assert store.path_of(COVER) == folder / COVER
    assert (folder / COVER).read_bytes() == DATA


def test_a_signed_link_verifies_until_it_expires(store: LocalStore) -> None:
    url = urlsplit(store.signed_url(UPLOAD, expires_s=60))
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    link = {"method": "GET", "key": UPLOAD, "secret": SECRET, **query}

    assert url.path == f"/objects/{UPLOAD}"
    assert verify(**link, now_s=time.time() + 50)
    assert not verify(**link, now_s=time.time() + 61)


def test_without_a_secret_no_link_is_made(folder: Path) -> None:
    with pytest.raises(StorageError, match=r"storage\.misconfigured"):
        store_of(folder, link_secret=None).signed_url(UPLOAD, expires_s=60)


@pytest.mark.parametrize("linked", ["file", "folder"])
def test_a_link_in_the_folder_leads_nowhere(
    store: LocalStore, folder: Path, tmp_path: Path, linked: str
) -> None:
    outside = tmp_path / "outside"
    (outside / COVER).parent.mkdir(parents=True)
    (outside / COVER).write_bytes(b"secret")
    if linked == "file":
        (folder / COVER).parent.mkdir(parents=True)
        (folder / COVER).symlink_to(outside / COVER)
    else:
        (folder / "covers").symlink_to(outside / "covers")

    assert store.find(COVER) is None
    assert list(store.list("")) == []
    with pytest.raises(RequestError, match=r"request\.not_found"):
        store.path_of(COVER)
    store.delete(COVER)
    assert (outside / COVER).read_bytes() == b"secret"


def test_nothing_is_put_through_a_linked_folder(
    store: LocalStore, folder: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder / "covers").symlink_to(outside)

    with pytest.raises(StorageError, match=r"storage\.misconfigured"):
        put(store)

    assert list(outside.iterdir()) == []


def test_a_folder_that_is_gone_is_told_and_not_made_anew(store: LocalStore, folder: Path) -> None:
    put(store)
    folder.rename(folder.with_name("unmounted"))

    uses: list[Callable[[], object]] = [
        store.check,
        lambda: put(store),
        lambda: store.find(COVER),
        lambda: list(store.list("")),
    ]
    for use in uses:
        with pytest.raises(StorageError, match=r"storage\.misconfigured"):
            use()
    assert not folder.exists()

    folder.with_name("unmounted").rename(folder)
    put(store)
    assert store.read(COVER, 0, 100) == DATA


def test_a_file_where_a_folder_should_be_is_told(store: LocalStore, folder: Path) -> None:
    (folder / "covers").write_bytes(b"in the way")

    with pytest.raises(StorageError, match=r"storage\.misconfigured"):
        put(store)

    assert store.find(COVER) is None


def test_a_full_disk_is_told_and_leaves_nothing(store: LocalStore, folder: Path) -> None:
    """A limit on the size of files stands for the disk: the kernel refuses the bytes the same."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(StorageError, match=r"storage\.full"):
            store.put(UPLOAD, bytes(200_000), content_type="application/octet-stream")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert store.find(UPLOAD) is None
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_a_writer_killed_half_way_leaves_no_object(
    store: LocalStore, folder: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large"
    large.touch()
    os.truncate(large, 1024**3)
    writer = run(
        """
        import sys
        from pathlib import Path
        from worker.stores.local import LocalStore

        store = LocalStore(folder=Path(sys.argv[1]), public_base_url="", link_secret=None)
        store.put_file(sys.argv[2], Path(sys.argv[3]), content_type="application/octet-stream")
        """,
        folder,
        UPLOAD,
        large,
    )
    try:
        unfinished = waited_for(folder)
    finally:
        writer.kill()
        assert writer.wait() == -signal.SIGKILL

    assert store.find(UPLOAD) is None
    assert list(store.list("")) == []

    long_ago_s = time.time() - 2 * 3600
    os.utime(unfinished, (long_ago_s, long_ago_s))
    put(store)
    assert not unfinished.exists()


def test_another_writers_unfinished_file_is_left_alone(store: LocalStore, folder: Path) -> None:
    unfinished = folder / ".incoming" / "of-another-process"
    unfinished.parent.mkdir()
    unfinished.write_bytes(b"half")

    put(store)

    assert unfinished.exists()


def waited_for(folder: Path) -> Path:
    """The file a writer has begun, once it has some bytes."""
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s:
        begun = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size]
        if begun:
            return begun[0]
        time.sleep(0.01)
    raise AssertionError("nothing was written")
