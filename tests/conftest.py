"""Fixtures nearly every test uses; each lives in the module that tells its story."""

pytest_plugins = [
    "tests.corpus",
    "tests.http_server",
    "tests.media",
    "tests.minio_server",
    "tests.redis_server",
]
