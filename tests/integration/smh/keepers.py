"""The two places that libraries' bytes may be in, each behind a server of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx2
from pydantic import SecretStr

from tests.api.conftest import Served
from tests.api.dialects.tencent_smh.clerk import Clerk
from tests.api.dialects.tencent_smh.shop import Shop
from tests.api.dialects.tencent_smh.uploader import Uploader
from tests.minio_server import Minio, client_of
from worker.settings import Settings


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
