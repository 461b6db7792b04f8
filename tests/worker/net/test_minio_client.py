import time

import pytest

from tests.http_server import MediaServer, dripping
from worker.errors import StorageError
from worker.net.minio_client import MinioAccess, MinioBucket
from worker.net.minio_errors import translated


def test_where_the_access_is_shown_its_key_is_not() -> None:
    access = MinioAccess("s3:9000", None, "eu", False, "id", "canary-key", 2)

    assert repr(access) == "MinioAccess(endpoint='s3:9000')"


def test_an_answer_whose_header_drips_is_left_in_time(media_server: MediaServer) -> None:
    media_server.serve("/bucket/key", dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"."))
    access = MinioAccess(f"127.0.0.1:{media_server.port}", None, "eu", False, "id", "key", 1)
    bucket = MinioBucket(access, "bucket", prepare=lambda client: None)
    started_s = time.monotonic()

    with pytest.raises(StorageError, match=r"storage\.unavailable"), translated():
        bucket.client().get_object(bucket_name="bucket", object_name="key")

    assert time.monotonic() - started_s < 1.5
    assert len(media_server.seen) == 2
