"""The storage side of uploads: where clients put bytes, as they would to the vendor's storage.

The clients append `?partNumber=…&uploadId=…` to the path they were given and send the headers they
were given with every part, so both are good for all parts. Failures are the storage's XML.
"""

import hmac
import logging
import re
from typing import Final
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from ulid import ULID

from api.dialects.tencent_smh.documents import in_path
from api.dialects.tencent_smh.errors import REQUEST_ID, RETRY_AFTER_S
from api.dialects.tencent_smh.parts import Parts, parts_of
from api.documents import raw_body
from api.spool import Spooled, spooled
from worker.contracts.libraries import Part, Transfer
from worker.errors import CoverError, RequestError, StorageError
from worker.rules.keys import UNKNOWN_TYPE, upload_key
from worker.state.transfers import Arriving
from worker.wiring import State

log = logging.getLogger(__name__)

PATH: Final = "/storage/{transfer_id}"
SCHEME: Final = "Firstframe"
MAX_PARTS: Final = 10_000
_GONE: Final = "The upload does not exist, was confirmed or aborted, or its time is over."

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_STATUS: Final = {
    "AccessDenied": 403,
    "EntityTooLarge": 400,
    "InternalError": 500,
    "InvalidArgument": 400,
    "NoSuchUpload": 404,
    "RequestTimeout": 400,
    "ServiceUnavailable": 503,
}
_FAILURES: Final = {
    status: ", ".join(code for code, told in _STATUS.items() if told == status)
    for status in sorted(set(_STATUS.values()))
}
# The rest of our codes that can come up here are failures of the store or of Redis.
_CODES: Final = {
    "library.not_found": "NoSuchUpload",
    "request.too_large": "EntityTooLarge",
    "request.timeout": "RequestTimeout",
}

# Answered before all of the body has come.
_UNREAD: Final = frozenset({"EntityTooLarge", "RequestTimeout"})

router = APIRouter(tags=["storage"])


class StorageRefusalError(Exception):
    """A storage call that is refused, with the storage's code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def storage_path(root_path: str, transfer: Transfer) -> str:
    """Where the transfer's bytes go; without a query, since clients append theirs."""
    return f"{root_path}/storage/{transfer.id}"


def storage_headers(transfer: Transfer) -> dict[str, str]:
    """What must be sent with the bytes: it opens this one transfer, as long as it lasts."""
    return {"Authorization": f"{SCHEME} {transfer.secret}"}


@router.put(
    PATH,
    summary="Put an upload's bytes or one of its parts",
    response_class=Response,
    responses={
        # A path that cannot be read is refused before it is known to be the storage's.
        status: {"description": told, "content": {"application/xml": {}, "application/json": {}}}
        for status, told in _FAILURES.items()
    },
    openapi_extra={
        "parameters": [
            *in_path(PATH),
            {"name": "partNumber", "in": "query", "schema": {"type": "integer"}},
            {"name": "uploadId", "in": "query", "schema": {"type": "string"}},
        ],
        **raw_body("The bytes."),
    },
)
async def put(request: Request) -> Response:
    """The body is the object, or with `partNumber` and `uploadId` a part; the last one counts."""
    parts, transfer_id = parts_of(request), request.path_params["transfer_id"]
    settings = parts.settings.api
    try:
        arriving = await run_in_threadpool(_opened, parts.state, transfer_id, request)
        number = _part_number(request, arriving.transfer)
        left_bytes = arriving.left_bytes(settings.max_upload_bytes)
        async with spooled(request, settings, max_bytes=left_bytes, algorithm="md5") as body:
            etag = await run_in_threadpool(_keep, parts, arriving.transfer, number, body)
    except StorageRefusalError as refused:
        return _failure(request, refused.code, str(refused))
    except CoverError as failed:
        return _failure(request, *_told(failed))
    return Response(status_code=200, headers={"ETag": etag})


def _opened(state: State, transfer_id: str, request: Request) -> Arriving:
    """What the bytes are for, if the call's headers open it. Raises: StorageRefusalError."""
    told = request.query_params.get("partNumber", "")
    arriving = state.transfers.arriving(transfer_id, int(told) if _NUMBER.fullmatch(told) else 1)
    if arriving is None:
        raise StorageRefusalError("NoSuchUpload", _GONE)
    opens = arriving.transfer.secret
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    genuine = hmac.compare_digest(secret.encode(), opens.encode())
    if scheme != SCHEME or not opens or not genuine:
        raise StorageRefusalError("AccessDenied", "Send the headers that came with the path.")
    if arriving.is_sealed:
        raise StorageRefusalError("NoSuchUpload", _GONE)
    return arriving


def _part_number(request: Request, transfer: Transfer) -> int:
    """Which part the call puts; a whole object counts as the first.

    Raises: StorageRefusalError.
    """
    told, upload_id = (request.query_params.getlist(name) for name in ("partNumber", "uploadId"))
    if not transfer.multipart:
        if told or upload_id:
            raise StorageRefusalError("InvalidArgument", "This upload has no parts.")
        return 1
    if upload_id != [transfer.id]:
        raise StorageRefusalError("NoSuchUpload", "The uploadId is not that of this upload.")
    if len(told) != 1 or not _NUMBER.fullmatch(told[0]) or int(told[0]) > MAX_PARTS:
        raise StorageRefusalError("InvalidArgument", f"partNumber is 1 to {MAX_PARTS}.")
    return int(told[0])


def _keep(parts: Parts, transfer: Transfer, number: int, body: Spooled) -> str:
    """Keep the bytes and note them; the ETag they have. Raises: CoverError."""
    upload = f"upl_{ULID()}"
    key = upload_key(transfer.tenant, upload)
    parts.store.put_file(key, body.path, content_type=UNKNOWN_TYPE)
    part = Part(upload=upload, size_bytes=body.size_bytes, etag=f'"{body.digest}"')
    most = parts.settings.api.max_upload_bytes
    try:
        replaced = parts.state.transfers.add_part(transfer.id, number, part, max_bytes=most)
    except RequestError as refused:
        # Without Redis nobody knows whether it was noted.
        if refused.code in _CODES:
            _remove(parts, key)
        raise
    if replaced:
        _remove(parts, upload_key(transfer.tenant, replaced))
    return part.etag


def _remove(parts: Parts, key: str) -> None:
    """Remove bytes that nothing needs; the sweep finds those that the store keeps."""
    try:
        parts.store.delete(key)
    except StorageError as error:
        log.warning("bytes of an upload stay until the sweep: %s", error)


def _told(failed: CoverError) -> tuple[str, str]:
    code = _CODES.get(failed.code)
    if code is None:
        code = "ServiceUnavailable" if failed.row.http_status in {503, 507} else "InternalError"
    return code, failed.message


def _failure(request: Request, code: str, message: str) -> Response:
    """The vendor's clients read the storage's failures as XML."""
    request_id = request.scope.get(REQUEST_ID, "")
    told = {"Code": code, "Message": message, "RequestId": request_id}
    inside = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in told.items())
    content = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inside}</Error>'
    headers = {"Retry-After": str(RETRY_AFTER_S)} if _STATUS[code] == 503 else {}
    if code in _UNREAD:
        # What is left of the body must not be taken for the next request.
        headers["Connection"] = "close"
    return Response(content, _STATUS[code], headers, media_type="application/xml")
