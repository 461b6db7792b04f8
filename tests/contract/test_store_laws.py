"""What every store promises: what was put is there, whole, under its key and no other."""

import hashlib
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.minio_server import Minio
from tests.minio_store import store_of
from worker import registry
from worker.errors import CoverError, RequestError
from worker.ports import Store, StoredObject
from worker.rules.keys import CONTENT_TYPES, private_key, public_key, upload_key
from worker.stores.local import LocalStore

JPEG = "image/jpeg"
BYTES = "application/octet-stream"
DATA = bytes(range(256)) * 80
COVER = public_key("covers", hashlib.sha256(DATA).hexdigest(), "jpg")
UPLOAD = upload_key("acme", "upl_01JC6Z5G0Q8V2N3M4P5R6S7T8W")


URL = "http://covers.example/objects"


def a_local_store(request: pytest.FixtureRequest) -> Store:
    folder: Path = request.getfixturevalue("tmp_path") / "objects"
    folder.mkdir()
    return LocalStore(folder=folder, public_base_url=URL, link_secret="s3cret")


def a_minio_store(request: pytest.FixtureRequest) -> Store:
    minio: Minio = request.getfixturevalue("minio")
    return store_of(minio, bucket=request.getfixturevalue("bucket"), public_base_url=URL)


STORES: dict[str, Callable[[pytest.FixtureRequest], Store]] = {
    "local": a_local_store,
    "minio": a_minio_store,
}


@pytest.fixture(
    params=[
        pytest.param(name, marks=[pytest.mark.minio] if name == "minio" else []) for name in STORES
    ]
)
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store."""
    return STORES[request.param](request)


def keys(store: Store, prefix: str) -> list[str]:
    return [found.key for found in store.list(prefix)]


def facts(store: Store, key: str) -> StoredObject:
    (found,) = store.list(key)
    return found


def test_every_registered_store_is_held_to_these_laws() -> None:
    assert STORES.keys() == registry.STORES.keys()


def test_an_empty_store_can_take_objects(store: Store) -> None:
    store.check()

    assert keys(store, "") == []


@pytest.mark.parametrize(
    ("key", "content_type"),
    [
        pytest.param(COVER, JPEG, id="cover"),
        pytest.param(public_key("covers", "a" * 64, "webp"), "image/webp", id="webp"),
        pytest.param(public_key("covers", "a" * 64, "avif"), "image/avif", id="avif"),
        pytest.param(private_key("acme", "a" * 64, "png"), "image/png", id="private-cover"),
        *(
            pytest.param(
                public_key("snapshots", "a" * 64, ending), CONTENT_TYPES[ending], id=ending
            )
            for ending in ("vtt", "m3u8", "mpd", "gif", "mp4")
        ),
        pytest.param(UPLOAD, BYTES, id="upload"),
    ],
)
def test_what_was_put_is_there_with_its_type(store: Store, key: str, content_type: str) -> None:
    before_s = time.time()

    store.put(key, DATA, content_type=content_type)

    found = store.find(key)
    assert found is not None
    assert (found.key, found.size_bytes, found.content_type) == (key, len(DATA), content_type)
    assert before_s - 2 <= found.modified_at_s <= time.time() + 2
    assert store.read(key, 0, len(DATA)) == DATA


def test_nothing_is_an_object_too(store: Store) -> None:
    store.put(UPLOAD, b"", content_type=BYTES)

    found = store.find(UPLOAD)
    assert found is not None
    assert found.size_bytes == 0
    assert store.read(UPLOAD, 0, 10) == b""


def test_putting_the_same_again_writes_nothing(store: Store, tmp_path: Path) -> None:
    store.put(COVER, DATA, content_type=JPEG)
    first = facts(store, COVER)
    same = tmp_path / "same"
    same.write_bytes(DATA)
    time.sleep(0.02)

    store.put(COVER, DATA, content_type=JPEG)
    store.put_file(COVER, same, content_type=JPEG)

    assert facts(store, COVER) == first


@pytest.mark.parametrize(
    "wrong", [pytest.param(b"half", id="shorter"), pytest.param(DATA[::-1], id="same-length")]
)
def test_wrong_bytes_under_the_key_are_put_right(store: Store, wrong: bytes) -> None:
    store.put(COVER, wrong, content_type=JPEG)

    store.put(COVER, DATA, content_type=JPEG)

    assert store.read(COVER, 0, 2 * len(DATA)) == DATA


@pytest.mark.parametrize(
    ("offset", "length"),
    [
        pytest.param(0, 1, id="first-byte"),
        pytest.param(0, 0, id="no-bytes"),
        pytest.param(100, 300, id="middle"),
        pytest.param(len(DATA) - 5, 5, id="end"),
        pytest.param(len(DATA) - 5, 500, id="over-the-end"),
        pytest.param(len(DATA), 5, id="at-the-end"),
        pytest.param(len(DATA) + 9, 5, id="behind-the-end"),
    ],
)
def test_a_range_is_what_a_slice_would_be(store: Store, offset: int, length: int) -> None:
    store.put(COVER, DATA, content_type=JPEG)

    assert store.read(COVER, offset, length) == DATA[offset : offset + length]


def test_a_large_file_arrives_whole(store: Store, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(os.urandom(1024 * 1024) * 20 + b"end")
    expected = hashlib.sha256(large.read_bytes()).hexdigest()

    store.put_file(UPLOAD, large, content_type=BYTES)

    found = store.find(UPLOAD)
    assert found is not None
    assert found.size_bytes == large.stat().st_size
    assert hashlib.sha256(store.read(UPLOAD, 0, found.size_bytes)).hexdigest() == expected


def test_what_is_not_there_is_said_to_be_missing(store: Store) -> None:
    assert store.find(COVER) is None
    with pytest.raises(RequestError, match=r"request\.not_found"):
        store.read(COVER, 0, 1)


def test_deleting_leaves_nothing_and_may_be_repeated(store: Store) -> None:
    store.put(COVER, DATA, content_type=JPEG)

    store.delete(COVER)
    store.delete(COVER)

    assert store.find(COVER) is None
    assert keys(store, "") == []


def test_a_listing_has_the_keys_of_the_prefix_in_order(store: Store) -> None:
    names = ["a-b/c", "a/b", "a/b.jpg", "ab", "b/a"]
    for name in reversed(names):
        store.put(name, DATA, content_type="image/jpeg" if name == "a/b.jpg" else BYTES)

    assert keys(store, "") == names
    assert keys(store, "a/") == ["a/b", "a/b.jpg"]
    assert keys(store, "a") == ["a-b/c", "a/b", "a/b.jpg", "ab"]
    assert keys(store, "a/b.") == ["a/b.jpg"]
    assert keys(store, "c/") == []


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param("", id="empty"),
        pytest.param("/etc/passwd", id="absolute"),
        pytest.param("covers/../../etc/passwd", id="parent"),
        pytest.param(".incoming/a", id="hidden"),
        pytest.param("covers//a.jpg", id="empty-part"),
        pytest.param("covers/", id="folder"),
        pytest.param("covers/a\x00.jpg", id="nul"),
        pytest.param("covers/ä?.jpg", id="odd-characters"),
    ],
)
def test_an_odd_key_is_refused_and_names_nothing(store: Store, odd: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(DATA)
    writes: list[Callable[[], object]] = [
        lambda: store.put(odd, DATA, content_type=JPEG),
        lambda: store.put_file(odd, file, content_type=JPEG),
        lambda: store.public_url(odd),
        lambda: store.signed_url(odd, expires_s=60),
    ]

    for write in writes:
        with pytest.raises(RequestError, match=r"request\.invalid"):
            write()
    assert store.find(odd) is None
    store.delete(odd)
    with pytest.raises(RequestError, match=r"request\.not_found"):
        store.read(odd, 0, 1)


@pytest.mark.parametrize("odd", ["../", "/", "covers//", "./", "a\x00", ".incoming/"])
def test_an_odd_prefix_lists_nothing(store: Store, odd: str) -> None:
    store.put(COVER, DATA, content_type=JPEG)

    assert keys(store, odd) == []


@pytest.mark.parametrize(
    ("key", "content_type"),
    [
        pytest.param(COVER, "text/html", id="cover-as-page"),
        pytest.param(COVER, "image/png", id="jpeg-as-png"),
        pytest.param(UPLOAD, "text/html", id="upload-as-page"),
    ],
)
def test_a_type_that_is_not_the_keys_is_refused(store: Store, key: str, content_type: str) -> None:
    with pytest.raises(RequestError, match=r"request\.invalid"):
        store.put(key, DATA, content_type=content_type)

    assert store.find(key) is None


def test_a_public_url_is_plain_and_stable(store: Store) -> None:
    assert store.public_url(COVER) == f"http://covers.example/objects/{COVER}"


@pytest.mark.parametrize("key", [UPLOAD, private_key("acme", "a" * 64, "jpg")])
def test_a_private_object_has_no_public_url(store: Store, key: str) -> None:
    with pytest.raises(RequestError, match=r"request\.invalid"):
        store.public_url(key)


def test_a_signed_link_names_the_key_and_carries_a_query(store: Store) -> None:
    link = urlsplit(store.signed_url(UPLOAD, expires_s=60))

    assert link.path.endswith(f"/{UPLOAD}")
    assert "ignature=" in link.query


@pytest.mark.parametrize("expires_s", [-1, 0, 7 * 86_400 + 1])
def test_a_link_cannot_live_shorter_than_a_second_or_longer_than_a_week(
    store: Store, expires_s: int
) -> None:
    with pytest.raises(RequestError, match=r"request\.invalid"):
        store.signed_url(UPLOAD, expires_s=expires_s)


def test_many_threads_may_put_the_same_object_at_once(store: Store) -> None:
    def put(_: int) -> bool:
        store.put(COVER, DATA, content_type=JPEG)
        return store.read(COVER, 0, len(DATA)) == DATA

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(put, range(16)))

    assert keys(store, "") == [COVER]


def test_a_forked_child_and_its_parent_use_the_store_side_by_side(store: Store) -> None:
    store.put(COVER, DATA, content_type=JPEG)
    child = os.fork()
    if child == 0:
        ended_well = False
        try:
            for number in range(20):
                store.put(f"child/{number}", DATA, content_type=BYTES)
            ended_well = True
        except CoverError:
            pass
        finally:
            os._exit(0 if ended_well else 1)

    same = [store.read(COVER, 0, len(DATA)) == DATA for _ in range(40)]

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert all(same)
    assert len(keys(store, "child/")) == 20
