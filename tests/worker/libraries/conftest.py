"""A library over a real MinIO server, straight and behind a proxy that misbehaves when told to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.faulty_proxy import FaultyProxy
from tests.library_facts import DATA, ENTRY, PLACE, draft
from tests.minio_library import library_of
from tests.minio_server import Minio
from worker.contracts.libraries import Version
from worker.libraries.minio import MinioLibrary

KEY = f"{PLACE.library_id}/-/{ENTRY}"
PutInto = Callable[..., Version]


@pytest.fixture
def minio_library(minio: Minio, bucket: str) -> MinioLibrary:
    return library_of(minio, bucket=bucket)


@pytest.fixture
def put_into(tmp_path: Path) -> PutInto:
    """Keeps bytes as a version of the entry."""

    def keep(library: MinioLibrary, data: bytes = DATA, **changes: Any) -> Version:
        file = tmp_path / "file"
        file.write_bytes(data)
        return library.put(PLACE, ENTRY, file, draft(data, **changes))

    return keep


@pytest.fixture
def behind_proxy(minio: Minio, bucket: str, proxy: FaultyProxy) -> MinioLibrary:
    """A library that reaches the server through the proxy; its bucket is ready."""
    made = library_of(minio, bucket=bucket, endpoint=proxy.endpoint, timeout_s=2)
    assert made.versions(PLACE, ENTRY) == []
    proxy.seen.clear()
    return made
