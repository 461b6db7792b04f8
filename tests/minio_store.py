"""Stores over a real MinIO server, for tests."""

from typing import Any

from tests.minio_server import Minio
from worker.stores.minio import MinioStore


def store_of(minio: Minio, **changes: Any) -> MinioStore:
    """A store on `minio`, whose bucket is one of `changes`; they are its constructor's values."""
    given: dict[str, Any] = {
        **minio._asdict(),
        "region": "us-east-1",
        "secure": False,
        "timeout_s": 5,
        "public_base_url": f"http://{minio.endpoint}/{changes['bucket']}/",
        "public_endpoint": None,
    }
    return MinioStore(**{**given, **changes})
