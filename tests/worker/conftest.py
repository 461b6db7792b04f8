"""A MinIO store behind a proxy that misbehaves when told to."""

from collections.abc import Iterator

import pytest

from tests.fakes.faulty_proxy import FaultyProxy, faulty_proxy
from tests.minio_server import Minio
from tests.minio_store import store_of
from worker.stores.minio import MinioStore


@pytest.fixture
def proxy(minio: Minio) -> Iterator[FaultyProxy]:
    with faulty_proxy(minio.endpoint) as running:
        yield running


@pytest.fixture
def proxied(minio: Minio, bucket: str, proxy: FaultyProxy) -> MinioStore:
    """A store that reaches the server through the proxy; its bucket is ready."""
    made = store_of(minio, bucket=bucket, endpoint=proxy.endpoint, timeout_s=2)
    made.check()
    proxy.seen.clear()
    return made
