"""Digests of uploads: kept as long as uploads, for their tenant only, and never in the way."""

import time
from collections.abc import Callable

from tests.redis_server import RedisServer
from tests.worker.state.parts import Parts
from worker.state.uploads import UploadDigests

UPLOAD = "upl_01JC6Z5G0Q8V2N3M4P5R6S7T8W"
SHA256 = "ab" * 32


def test_a_digest_is_found_for_its_tenant_only(parts: Parts) -> None:
    digests = UploadDigests(parts.redis, keep_s=60)

    digests.keep("ann", UPLOAD, SHA256)

    assert digests.find("ann", UPLOAD) == SHA256
    assert digests.find("bob", UPLOAD) is None
    assert digests.find("ann", UPLOAD[:-1] + "0") is None


def test_a_digest_goes_when_its_upload_may(parts: Parts) -> None:
    digests = UploadDigests(parts.redis, keep_s=0.05)

    digests.keep("ann", UPLOAD, SHA256)
    time.sleep(0.1)

    assert digests.find("ann", UPLOAD) is None


def test_without_redis_there_are_none(own_redis: Callable[[], RedisServer]) -> None:
    server = own_redis()
    parts = Parts(server.url(), timeout_s=0.5)
    digests = UploadDigests(parts.redis, keep_s=60)
    server.kill()

    digests.keep("ann", UPLOAD, SHA256)

    assert digests.find("ann", UPLOAD) is None
    parts.redis.close()
