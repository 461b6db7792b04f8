import inspect
import time
from types import ModuleType

import pytest
from minio import error as minio_errors
from urllib3 import exceptions as http_errors

from tests.fakes.faulty_proxy import Answer, FaultyProxy
from worker.errors import CODES, CoverError, StorageError
from worker.net.minio_errors import CODE_OF_EXCEPTION, CODE_OF_S3
from worker.stores.minio import MinioStore

JPEG = "image/jpeg"
COVER = "covers/ab/cd.jpg"
SECRET_PLACE = "uploads/acme/one"

# These two say what they mean by their code and their HTTP status.
BY_STATUS = {minio_errors.S3Error, minio_errors.ServerError}


@pytest.mark.parametrize("module", [minio_errors, http_errors], ids=["minio", "urllib3"])
def test_every_exception_of_the_client_has_a_row(module: ModuleType) -> None:
    raised = {
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and not issubclass(kind, Warning)
        if kind.__module__ == module.__name__
    }

    assert raised - BY_STATUS - set(CODE_OF_EXCEPTION) == set()


def test_every_row_names_a_code_of_ours() -> None:
    assert {*CODE_OF_EXCEPTION.values(), *CODE_OF_S3.values()} <= set(CODES)


def s3_error(status: int, code: str, **headers: str) -> Answer:
    body = f"<Error><Code>{code}</Code><Message>of {SECRET_PLACE}</Message></Error>".encode()
    return with_body(status, "application/xml", body, **headers)


def with_body(status: int, content_type: str, body: bytes, **headers: str) -> Answer:
    told = {"Content-Type": content_type, "Content-Length": str(len(body)), **headers}
    return Answer(status, list(told.items()), body)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(s3_error(503, "SlowDown"), "storage.unavailable", id="slow-down"),
        pytest.param(s3_error(500, "InternalError"), "storage.unavailable", id="internal"),
        pytest.param(s3_error(429, "TooManyRequests"), "storage.unavailable", id="too-many"),
        pytest.param(s3_error(409, "OperationAborted"), "storage.unavailable", id="aborted"),
        pytest.param(s3_error(507, "XMinioStorageFull"), "storage.full", id="full"),
        pytest.param(s3_error(400, "QuotaExceeded"), "storage.full", id="quota"),
        pytest.param(s3_error(403, "AccessDenied"), "storage.misconfigured", id="denied"),
        pytest.param(
            s3_error(403, "SignatureDoesNotMatch"), "storage.misconfigured", id="signature"
        ),
        pytest.param(s3_error(403, "InvalidAccessKeyId"), "storage.misconfigured", id="key-id"),
        pytest.param(s3_error(404, "NoSuchBucket"), "storage.misconfigured", id="no-bucket"),
        pytest.param(s3_error(400, "BadDigest"), "storage.integrity", id="digest"),
        pytest.param(s3_error(418, "<odd"), "storage.unavailable", id="broken-xml"),
        pytest.param(with_body(502, "text/html", b"<p>bad"), "storage.unavailable", id="a-proxy"),
        pytest.param(with_body(500, "text/plain", b""), "storage.unavailable", id="no-body"),
        pytest.param(
            with_body(200, JPEG, b"x")._replace(headers=[("Content-Length", "9")]),
            "storage.unavailable",
            id="cut-short",
        ),
    ],
)
def test_what_the_server_says_becomes_a_code(
    proxied: MinioStore, proxy: FaultyProxy, answer: Answer, code: str
) -> None:
    proxy.fault = lambda *_: answer

    with pytest.raises(CoverError) as told:
        proxied.read(COVER, 0, 9)

    assert told.value.code == code
    assert SECRET_PLACE not in told.value.message


def test_a_server_that_asks_to_wait_is_not_waited_for(
    proxied: MinioStore, proxy: FaultyProxy
) -> None:
    """The job waits, not the slot."""
    proxy.fault = lambda *_: s3_error(503, "SlowDown", **{"Retry-After": "60"})
    start_s = time.monotonic()

    with pytest.raises(StorageError) as told:
        proxied.put(COVER, b"data", content_type=JPEG)

    assert time.monotonic() - start_s < 2
    assert told.value.delay_s == 60
