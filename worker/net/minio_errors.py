"""What goes wrong between us and an S3 server, as our errors: one table."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from xml.etree.ElementTree import ParseError

from minio import error as minio_errors
from urllib3 import exceptions as http_errors

from worker.errors import CoverError, RequestError, StorageError

_UNAVAILABLE: Final = "storage.unavailable"
_MISCONFIGURED: Final = "storage.misconfigured"

CODE_OF_EXCEPTION: Final[dict[type[Exception], str]] = {
    **dict.fromkeys(
        (
            minio_errors.MinioException,
            minio_errors.MinioAdminException,
            minio_errors.InvalidResponseError,  # not S3's XML: a proxy speaks for a lost server
            http_errors.HTTPError,
            http_errors.PoolError,
            http_errors.RequestError,
            http_errors.MaxRetryError,
            http_errors.ProtocolError,
            http_errors.ConnectionError,
            http_errors.DecodeError,
            http_errors.HostChangedError,
            http_errors.TimeoutStateError,
            http_errors.TimeoutError,
            http_errors.ReadTimeoutError,
            http_errors.ConnectTimeoutError,
            http_errors.NewConnectionError,
            http_errors.NameResolutionError,
            http_errors.EmptyPoolError,
            http_errors.FullPoolError,
            http_errors.ClosedPoolError,
            http_errors.ResponseError,
            http_errors.ResponseNotChunked,
            http_errors.BodyNotHttplibCompatible,
            http_errors.IncompleteRead,
            http_errors.InvalidChunkLength,
            http_errors.InvalidHeader,
            http_errors.HeaderParsingError,
            http_errors.UnrewindableBodyError,
            ParseError,
            UnicodeDecodeError,
        ),
        _UNAVAILABLE,
    ),
    **dict.fromkeys(
        (
            http_errors.SSLError,
            http_errors.ProxyError,
            http_errors.LocationValueError,
            http_errors.LocationParseError,
            http_errors.URLSchemeUnknown,
            http_errors.ProxySchemeUnknown,
            http_errors.ProxySchemeUnsupported,
        ),
        _MISCONFIGURED,
    ),
}

# S3's own codes where the HTTP status (`_code_of_status`) would say something else.
CODE_OF_S3: Final = {
    "NoSuchKey": "request.not_found",
    "NoSuchVersion": "request.not_found",
    "XMinioAdminBucketQuotaExceeded": "storage.full",
    "QuotaExceeded": "storage.full",
    "EntityTooLarge": "storage.full",
    "BadDigest": "storage.integrity",
    "XAmzContentSHA256Mismatch": "storage.integrity",
    "IncompleteBody": _UNAVAILABLE,
    "RequestTimeout": _UNAVAILABLE,
    "OperationAborted": _UNAVAILABLE,
}

_REFUSALS: Final = frozenset({"AccessDenied", "MethodNotAllowed", "NotImplemented"})
_S3_CODE: Final = re.compile(r"[A-Za-z0-9]{1,64}")
_SECONDS: Final = re.compile(r"[0-9]{1,5}", re.ASCII)


@contextmanager
def translated() -> Iterator[None]:
    """The client's exceptions as ours; texts carry S3's code at most, never what it quotes."""
    try:
        yield
    except tuple(CODE_OF_EXCEPTION) as error:
        cause = error.reason if isinstance(error, http_errors.MaxRetryError) else error
        raise _error_of(cause or error) from error


def not_removed(s3_code: str) -> StorageError:
    """The error of a version that the store did not remove among others, by the code it tells."""
    code = _MISCONFIGURED if s3_code in _REFUSALS else _UNAVAILABLE
    return StorageError(code, f"the store says {_known(s3_code)}")


def _error_of(error: Exception) -> CoverError:
    if isinstance(error, minio_errors.S3Error):
        s3_code = error.code or ""
        code = CODE_OF_S3.get(s3_code) or _code_of_status(error.response.status)
        if code == "request.not_found":
            return RequestError(code)
        return StorageError(code, f"the store says {_known(s3_code)}", delay_s=_delay_s(error))
    if isinstance(error, minio_errors.ServerError):
        return StorageError(_code_of_status(error.status_code))
    known_class = next(kind for kind in type(error).__mro__ if kind in CODE_OF_EXCEPTION)
    return StorageError(CODE_OF_EXCEPTION[known_class])


def _known(s3_code: str) -> str:
    return s3_code if _S3_CODE.fullmatch(s3_code) else "unknown"


def _delay_s(error: minio_errors.S3Error) -> float | None:
    asked = error.response.headers.get("Retry-After", "")
    return float(asked) if _SECONDS.fullmatch(asked) else None


def _code_of_status(status: int) -> str:
    if status == 507:
        return "storage.full"
    return _UNAVAILABLE if status >= 500 or status == 429 else _MISCONFIGURED
