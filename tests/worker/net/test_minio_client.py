from worker.net.minio_client import MinioAccess


def test_where_the_access_is_shown_its_key_is_not() -> None:
    access = MinioAccess("s3:9000", None, "eu", False, "id", "canary-key", 2)

    assert repr(access) == "MinioAccess(endpoint='s3:9000')"
