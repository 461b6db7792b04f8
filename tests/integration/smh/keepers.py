"""The two places that libraries' bytes may be in, each behind a server of its own."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
from pydantic import SecretStr

from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.clerk import Clerk
from tests.api.dialects.tencent_smh.shop import Shop
from tests.api.dialects.tencent_smh.uploader import Uploader
from tests.minio_server import Minio, client_of
from worker.contracts.libraries import ROOT, Entry, Place
from worker.settings import Settings

Blob = Callable[[bytes], Path]

SECRET = b"of another space"
KEY = re.compile(
    r"(many|albums)/(mine|other|-)/ent_[0-9A-Z]{26}(\.json|/[0-9a-f-]+(\.json)?|/entry\.json|/\.\w+)?"
)


class Keeper:
    """A server, its libraries, and the keys of all bytes that it keeps for them."""

    def __init__(self, settings: Settings, served: Served, keys: Callable[[], set[str]]) -> None:
        self.settings, self.served, self.keys = settings, served, keys
        self.shop = Shop(settings)

    @contextmanager
    def uploading(self) -> Iterator[tuple[httpx2.Client, Uploader]]:
        """Its API and an uploader, with a worker that confirms."""
        clerk = Clerk(self.settings, self.shop)
        clerk.start()
        try:
            with httpx2.Client(base_url=f"{self.served.url}/api/v1", timeout=20) as api:
                yield api, Uploader(api, self.served.url)
        finally:
            clerk.stop()


def local_keeper(settings: Settings, served: Served) -> Keeper:
    """The keys are paths below the folder that has the libraries' one and the store's."""
    top = settings.libraries.folder

    def keys() -> set[str]:
        return {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()}

    return Keeper(settings, served, keys)


def minio_keeper(minio: Minio, settings: Settings, serve: Callable[[Settings], Served]) -> Keeper:
    """The keys are those of the libraries' bucket."""
    changes = {
        "kind": "minio",
        "endpoint": minio.endpoint,
        "access_key": SecretStr(minio.access_key),
        "secret_key": SecretStr(minio.secret_key),
        "bucket": f"objects-{uuid4().hex}",
    }
    libraries = settings.libraries.model_copy(update={"bucket": f"libraries-{uuid4().hex}"})
    store = settings.store.model_copy(update=changes)
    changed = settings.model_copy(update={"store": store, "libraries": libraries})
    client = client_of(minio)
    for bucket in (store.bucket, libraries.bucket):
        client.make_bucket(bucket)

    def keys() -> set[str]:
        found = client.list_objects(libraries.bucket, recursive=True)
        return {str(each.object_name) for each in found}

    return Keeper(changed, serve(changed), keys)


class Tree:
    """A space that a token opens, and beside it one that it does not."""

    def __init__(self, keeper: Keeper, blob: Blob) -> None:
        self.shop = shop = keeper.shop
        shop.library("albums", multi_album=True)
        shop.library("many", kind="file", multi_tenant=True)
        self.mine, self.other = shop.space("mine", "many"), shop.space("other", "many")
        docs = shop.directory(self.mine, "docs")
        self.own = shop.put(self.mine, "own.txt", blob(b"mine"), parent_id=docs)
        self.secret = shop.put(self.other, "secret.txt", blob(SECRET))
        self.token = shop.token("many", "admin", space_ids=("mine",))
        self.albums_token = shop.token("albums", "admin")

    def listed(self, place: Place, directory_id: str = ROOT) -> list[Entry]:
        return self.shop.state.entries.children(place, directory_id, limit=1000)

    def is_whole(self) -> bool:
        """Whether the other space is as it was."""
        (left,) = self.listed(self.other)
        version = left.version
        assert version is not None
        read = self.shop.bytes.read(
            self.other, left.id, version.id, offset=0, length=version.size_bytes
        )
        return left == self.secret and read == SECRET
