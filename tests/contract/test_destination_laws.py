"""What every destination promises: a cover it has taken can be read where it says it is."""

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from tests.contract.test_store_laws import STORES
from tests.minio_server import Minio
from tests.minio_store import store_of
from worker import registry
from worker.contracts.names import Visibility
from worker.ports import Destination, Output, Placed, Store
from worker.rules.keys import is_public
from worker.stores.destinations import FolderDestination, StoreDestination
from worker.stores.local import LocalStore

DATA = b"the bytes of a cover" * 50
SHA256 = hashlib.sha256(DATA).hexdigest()
OUTPUT = Output("covers", "64", "jpg", "image/jpeg")
TOLD: list[str] = []


class Made(NamedTuple):
    """A destination and how what it has taken is read."""

    destination: Destination
    read: Callable[[str], bytes]


def a_folder(request: pytest.FixtureRequest) -> Made:
    folder: Path = request.getfixturevalue("tmp_path")
    held = ExitStack()

    def read(path: str) -> bytes:
        held.close()
        return Path(path).read_bytes()

    return Made(held.enter_context(FolderDestination(folder=folder, stem="clip")), read)


def a_store(name: str, visibility: Visibility) -> Callable[[pytest.FixtureRequest], Made]:
    def make(request: pytest.FixtureRequest) -> Made:
        store = STORES[name](request)
        destination = StoreDestination(
            store, tenant="ann", visibility=visibility, refer=TOLD.append
        )
        return Made(destination, lambda key: store.read(key, 0, len(DATA) + 1))

    return make


def put(store: Store, tenant: str, visibility: Visibility) -> Placed:
    destination = StoreDestination(store, tenant=tenant, visibility=visibility, refer=TOLD.append)
    return destination.put(DATA, OUTPUT)


DESTINATIONS: dict[str, Callable[[pytest.FixtureRequest], Made]] = {
    "folder": a_folder,
    "store-local-public": a_store("local", "public"),
    "store-local-private": a_store("local", "private"),
    "store-minio-public": a_store("minio", "public"),
    "store-minio-private": a_store("minio", "private"),
}


def _case(name: str) -> Any:
    return pytest.param(name, marks=[pytest.mark.minio] if "minio" in name else [])


@pytest.fixture(params=[_case(name) for name in DESTINATIONS])
def made(request: pytest.FixtureRequest) -> Made:
    return DESTINATIONS[request.param](request)


def test_a_key_is_told_before_anything_is_put_under_it(tmp_path: Path) -> None:
    store = LocalStore(folder=tmp_path, public_base_url="http://host/objects", link_secret=None)
    told = []

    def refer(key: str) -> None:
        told.append((key, store.find(key)))

    destination = StoreDestination(store, tenant="ann", visibility="public", refer=refer)
    placed = destination.put(DATA, OUTPUT)

    assert told == [(placed.key, None)]


def test_every_registered_destination_is_held_to_these_laws() -> None:
    assert {name.partition("-")[0] for name in DESTINATIONS} == registry.DESTINATIONS.keys()


def test_a_cover_is_read_where_it_is_said_to_be(made: Made) -> None:
    placed = made.destination.put(DATA, OUTPUT)

    assert (placed.path is None) != (placed.key is None)
    assert made.read(placed.path or placed.key or "") == DATA


def test_putting_the_same_again_leaves_it_where_it_was(made: Made) -> None:
    first = made.destination.put(DATA, OUTPUT)

    assert made.destination.put(DATA, OUTPUT) == first


@pytest.mark.parametrize("name", [_case("local"), _case("minio")])
def test_a_public_cover_has_a_plain_url_and_a_private_one_has_none(
    name: str, request: pytest.FixtureRequest
) -> None:
    store = STORES[name](request)

    public = put(store, "ann", "public")
    private = put(store, "ann", "private")

    assert public.key == f"covers/{SHA256[:2]}/{SHA256}.jpg"
    assert public.url == store.public_url(public.key)
    assert private.key == f"private/ann/{SHA256[:2]}/{SHA256}.jpg"
    assert private.url is None
    assert not is_public(private.key)


@pytest.mark.parametrize("name", [_case("local"), _case("minio")])
def test_the_same_private_cover_of_two_tenants_is_two_objects(
    name: str, request: pytest.FixtureRequest
) -> None:
    store = STORES[name](request)

    keys = {put(store, tenant, "private").key for tenant in ("ann", "bob")}

    assert len(keys) == 2


@pytest.mark.minio
def test_minio_opens_a_private_cover_to_signed_links_only(minio: Minio, bucket: str) -> None:
    store = store_of(minio, bucket=bucket)
    public, private = put(store, "ann", "public"), put(store, "ann", "private")
    assert public.url
    assert private.key
    plain = f"http://{minio.endpoint}/{bucket}/{private.key}"

    assert httpx2.get(public.url, trust_env=False).content == DATA
    assert httpx2.get(plain, trust_env=False).status_code == 403
    link = httpx2.get(store.signed_url(private.key, expires_s=60), trust_env=False)
    assert (link.status_code, link.content) == (200, DATA)
    assert link.headers["cache-control"] == "private, no-store"
