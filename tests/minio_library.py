"""Libraries over a real MinIO server, for tests."""

from typing import Any

from tests.minio_server import Minio
from worker.libraries.minio import MinioLibrary


def library_of(minio: Minio, **changes: Any) -> MinioLibrary:
    """A library on `minio`, whose bucket is one of `changes`; they are its constructor's values."""
    given: dict[str, Any] = {
        **minio._asdict(),
        "region": "us-east-1",
        "secure": False,
        "timeout_s": 5,
        "public_endpoint": None,
    }
    return MinioLibrary(**{**given, **changes})
