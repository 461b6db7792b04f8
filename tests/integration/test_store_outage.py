"""A store that goes away is told in time, and is used again when it is back."""

import time
from collections.abc import Callable

import pytest

from tests.minio_server import MinioServer
from tests.minio_store import store_of
from worker.errors import StorageError
from worker.stores.minio import MinioStore

TIMEOUT_S = 2.0
DATA = b"data" * 5000
COVER = "covers/ab/cd.jpg"
OTHER = "covers/ab/ef.jpg"

USES: dict[str, Callable[[MinioStore], object]] = {
    "check": lambda store: store.check(),
    "put": lambda store: store.put(OTHER, DATA, content_type="image/jpeg"),
    "find": lambda store: store.find(COVER),
    "read": lambda store: store.read(COVER, 0, 10),
    "list": lambda store: list(store.list("covers/")),
    "delete": lambda store: store.delete(OTHER),
}


@pytest.fixture
def store(own_minio: MinioServer) -> MinioStore:
    """A store in use: its connection is open."""
    made = store_of(own_minio.where, bucket="firstframe", timeout_s=TIMEOUT_S)
    made.put(COVER, DATA, content_type="image/jpeg")
    return made


def fails_in_time(use: Callable[[MinioStore], object], store: MinioStore) -> None:
    start_s = time.monotonic()
    with pytest.raises(StorageError, match=r"storage\.unavailable"):
        use(store)
    assert time.monotonic() - start_s < TIMEOUT_S + 0.5


@pytest.mark.parametrize("use", [USES[name] for name in ("put", "read", "list")])
def test_a_server_that_hangs_is_given_up_in_time(
    own_minio: MinioServer, store: MinioStore, use: Callable[[MinioStore], object]
) -> None:
    own_minio.pause()

    fails_in_time(use, store)

    own_minio.resume()
    use(store)


def test_a_server_that_is_down_is_told_at_once_and_used_again_when_it_is_back(
    own_minio: MinioServer, store: MinioStore
) -> None:
    own_minio.stop()

    for use in USES.values():
        fails_in_time(use, store)

    own_minio.start()
    for use in USES.values():
        use(store)
    assert store.read(COVER, 0, len(DATA)) == DATA


def test_a_server_that_restarted_between_two_calls_is_not_noticed(
    own_minio: MinioServer, store: MinioStore
) -> None:
    own_minio.stop()
    own_minio.start()

    assert store.read(COVER, 0, len(DATA)) == DATA


def test_a_store_made_while_the_server_is_down_works_when_it_is_up(
    own_minio: MinioServer,
) -> None:
    own_minio.stop()
    store = store_of(own_minio.where, bucket="later", timeout_s=TIMEOUT_S)
    fails_in_time(USES["check"], store)

    own_minio.start()

    store.put(COVER, DATA, content_type="image/jpeg")
    assert store.find(COVER) is not None


def test_an_outage_in_the_middle_of_a_put_leaves_a_whole_object_or_none(
    own_minio: MinioServer, store: MinioStore
) -> None:
    own_minio.pause()
    fails_in_time(USES["put"], store)
    own_minio.stop()
    own_minio.start()

    found = store.find(OTHER)
    assert found is None or store.read(OTHER, 0, 2 * len(DATA)) == DATA
    USES["put"](store)
    assert store.read(OTHER, 0, 2 * len(DATA)) == DATA
