"""Uploads as the vendor does them: begun here, sent to the storage side, confirmed here."""

import json
import re
import secrets
import time
from typing import Any, Final
from urllib.parse import unquote

from fastapi import Request
from ulid import ULID

from api.dialects.tencent_smh import grants
from api.dialects.tencent_smh.access import Call, Seen
from api.dialects.tencent_smh.errors import RefusalError
from api.dialects.tencent_smh.forms import short
from api.dialects.tencent_smh.parts import Parts
from api.dialects.tencent_smh.places import directory_of, file_kind, path_of
from api.dialects.tencent_smh.queries import Queries
from api.dialects.tencent_smh.storage import storage_headers, storage_path
from api.dialects.tencent_smh.views import META, told_time
from worker.contracts.libraries import Conflict, Transfer
from worker.contracts.results import ChecksumResult
from worker.rules.keys import upload_key
from worker.rules.library_kinds import content_type_of_name
from worker.state.transfers import KEPT_MS, MAX_OPEN

# A client that renews when 5 minutes are left would otherwise go on renewing without a pause.
MIN_LEFT_MS: Final = 15 * 60 * 1000
MAX_META_BYTES: Final = 1024
MAX_FILE_BYTES: Final = 10**15 - 1

_META_NAME: Final = re.compile(r"[a-z0-9._-]{1,64}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONFLICTS: Final[dict[str, Conflict]] = {
    "ask": "ask",
    "rename": "rename",
    "overwrite": "overwrite",
}


def conflict_of(queries: Queries, default: Conflict, *, of_file: bool = True) -> Conflict:
    """What is done about a name that is taken; `force` is how old clients say it.

    Raises: RefusalError `InvalidConflictResolutionStrategy`; directories are not overwritten.
    """
    if of_file and not queries.has("conflict_resolution_strategy") and queries.has("force"):
        return "overwrite" if queries.yes("force") else "rename"
    known = {"": default, **_CONFLICTS}
    if not of_file:
        del known["overwrite"]
    return queries.choice(
        "conflict_resolution_strategy", known, code="InvalidConflictResolutionStrategy"
    )


def begin(
    parts: Parts, call: Call, seen: Seen, request: Request, *, multipart: bool
) -> dict[str, Any]:
    """Begin an upload; what its client needs to send the bytes.

    `seen` has the directory it is for. Raises: RefusalError, before any byte has come, for what
    could never be confirmed.
    """
    grants.require(seen.grant, *grants.BEGIN_UPLOAD)
    conflict = conflict_of(call.queries, "rename")
    grants.require(seen.grant, *grants.begin_upload(conflict))
    kind = file_kind(seen.library, call.path)
    parent = directory_of(seen)
    _check_size(call.queries, parts.settings.api.max_upload_bytes)
    if conflict != "rename":
        _check_free(parts, seen, call, conflict)
    transfer = Transfer(
        id=f"trn_{ULID()}",
        tenant=seen.library.tenant,
        place=seen.place,
        parent_id=parent.id,
        name=call.path[-1],
        kind=kind,
        conflict=conflict,
        multipart=multipart,
        content_type=content_type_of_name(call.path[-1]),
        created_by=short(seen.user_id, "user_id"),
        meta=_meta(request),
        secret=secrets.token_urlsafe(32),
        created_ms=int(time.time() * 1000),
    )
    told = directions(transfer, request)
    if not parts.state.transfers.create(transfer):
        raise RefusalError(
            "QuotaLimitReached",
            f"{MAX_OPEN} uploads to the library are not confirmed yet: confirm or abort some.",
        )
    return told


def _check_size(queries: Queries, max_bytes: int) -> None:
    size_bytes = queries.number("filesize", least=0, most=MAX_FILE_BYTES)
    if size_bytes is not None and size_bytes > max_bytes:
        raise RefusalError("QuotaLimitReached", f"A file has {max_bytes} bytes at most here.")


def _check_free(parts: Parts, seen: Seen, call: Call, conflict: Conflict) -> None:
    found = parts.state.entries.resolve(seen.place, call.path)
    if found and (conflict == "ask" or found.kind == "dir"):
        raise RefusalError("SameNameDirectoryOrFileExists")


def _meta(request: Request) -> dict[str, str]:
    """Custom metadata of the headers, in UTF-8 or percent-encoded.

    Raises: RefusalError `ParamInvalid` for what is too much to be kept with each version.
    """
    meta = {
        name.removeprefix(META): _decoded(value)
        for name, value in request.headers.items()
        if name.startswith(META)
    }
    wrong = [name for name in meta if not _META_NAME.fullmatch(name)]
    if wrong or len(json.dumps(meta)) > MAX_META_BYTES:
        raise RefusalError(
            "ParamInvalid",
            f"{META}*: names are letters, digits, '.', '_' and '-', at most 64; all of them"
            f" with their values have {MAX_META_BYTES} bytes at most.",
        )
    return meta


def _decoded(header: str) -> str:
    """Headers come as Latin-1, whatever was meant."""
    try:
        text = unquote(header.encode("latin-1").decode(), errors="strict")
    except UnicodeDecodeError:
        return header
    return header if _CONTROL.search(text) else text


def known(parts: Parts, call: Call, seen: Seen, *, code: str = "UploadNotFound") -> Transfer:
    """The upload that the call names in place of a path.

    Raises: RefusalError with `code` for none of this space, `UploadNotBelongYou`.
    """
    transfer = parts.state.transfers.read(call.path[0]) if len(call.path) == 1 else None
    if transfer is None or transfer.place != seen.place:
        raise RefusalError(code)
    others = None not in {transfer.created_by, seen.user_id} and (
        transfer.created_by != seen.user_id
    )
    if others and not grants.allows(seen.grant, "space_admin"):
        raise RefusalError("UploadNotBelongYou")
    return transfer


def renew(parts: Parts, call: Call, seen: Seen, request: Request) -> dict[str, Any]:
    """The upload's directions again: they last as long as the upload, a day from its start."""
    grants.require(seen.grant, *grants.BEGIN_UPLOAD)
    transfer = known(parts, call, seen)
    if transfer.created_ms + KEPT_MS - time.time() * 1000 < MIN_LEFT_MS:
        raise RefusalError("UploadNotFound", "The upload's day is over; begin it anew.")
    return directions(transfer, request)


def status(parts: Parts, call: Call, seen: Seen, request: Request) -> dict[str, Any]:
    """What has come of an upload; its parts have names with capitals, as the vendor's have."""
    transfer = known(parts, call, seen)
    job = parts.state.jobs.in_flight(transfer.tenant, transfer.id)
    became = job.result if job and isinstance(job.result, ChecksumResult) else None
    told = directions(transfer, request)
    del told["confirmKey"]
    return {
        "confirmed": became is not None,
        "path": _path(parts, transfer, became),
        "type": transfer.kind,
        "creationTime": told_time(transfer.created_ms),
        "force": transfer.conflict == "overwrite",
        "conflictResolutionStrategy": transfer.conflict,
        "parts": [
            {
                "PartNumber": number,
                "LastModified": told_time(ULID.from_str(part.upload[4:]).milliseconds),
                "ETag": part.etag,
                "Size": part.size_bytes,
            }
            for number, part in transfer.parts.items()
        ],
        "uploadPartInfo": told,
    }


def _path(parts: Parts, transfer: Transfer, became: ChecksumResult | None) -> list[str] | None:
    """Where the file is or will be; None where its directory is gone."""
    entries = parts.state.entries
    entry = entries.read(transfer.place, became.entry_id) if became else None
    wanted = entry or transfer
    return path_of(entries, transfer.place, parent_id=wanted.parent_id, name=wanted.name)


def abort(parts: Parts, call: Call, seen: Seen) -> None:
    """Forget an upload and what has come of it. Raises: RefusalError `UploadComplete`."""
    transfer = known(parts, call, seen)
    job = parts.state.jobs.in_flight(transfer.tenant, transfer.id)
    if job and job.status in {"queued", "running", "succeeded"}:
        raise RefusalError("UploadComplete")
    parts.state.transfers.delete(transfer.id)
    for part in transfer.parts.values():
        parts.store.delete(upload_key(transfer.tenant, part.upload))


def directions(transfer: Transfer, request: Request) -> dict[str, Any]:
    """Where the bytes go, and with what headers; `https://{domain}{path}` is what clients make.

    Raises: RefusalError `BadRequest` for a call without one `Host`: it is the domain.
    """
    hosts = request.headers.getlist("host")
    if len(hosts) != 1 or not hosts[0]:
        raise RefusalError("BadRequest", "Send one Host header.")
    told = {
        "domain": hosts[0],
        "path": storage_path(request.scope["root_path"], transfer),
        "headers": storage_headers(transfer),
        "confirmKey": transfer.id,
        "expiration": told_time(transfer.created_ms + KEPT_MS),
    }
    return {**told, "uploadId": transfer.id} if transfer.multipart else told
