"""Confirming an upload: a worker reads it once, whoever asks waits for that without a thread."""

import re
from typing import Any, Final

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.dialects.tencent_smh import grants
from api.dialects.tencent_smh.access import Call, Seen
from api.dialects.tencent_smh.errors import RefusalError, overloaded, refusal_of
from api.dialects.tencent_smh.parts import Parts
from api.dialects.tencent_smh.places import path_of
from api.dialects.tencent_smh.uploads import conflict_of, known
from api.dialects.tencent_smh.views import entry_view
from api.disconnects import unless_gone
from api.release import release
from worker.contracts.jobs import Job
from worker.contracts.libraries import Conflict, Transfer
from worker.contracts.names import FINISHED
from worker.contracts.requests import ChecksumRequest
from worker.contracts.results import ChecksumResult
from worker.errors import error_of
from worker.rules.crc64 import same_crc64

_CRC64: Final = re.compile(r"-?[0-9]{1,20}", re.ASCII)


async def confirm(
    request: Request, parts: Parts, call: Call, seen: Seen, told: dict[str, Any]
) -> dict[str, Any]:
    """The file that the upload became. Asked again, it waits for the same job, or says the same.

    Raises: RefusalError, `ServerOverloaded` while the job goes on; ClientDisconnect.
    """
    grants.require(seen.grant, *grants.CONFIRM_UPLOAD)
    crc64 = _crc64(told)
    transfer, job = await run_in_threadpool(_begin, parts, call, seen, crc64)
    begun = job

    async def read() -> Job:
        found = await run_in_threadpool(parts.state.jobs.read, begun.tenant, begun.id)
        return found or begun

    if job.status not in FINISHED:
        wait_s = parts.settings.libraries.confirm_wait_s
        job = await unless_gone(request, parts.waiters.wait(job.id, read, timeout_s=wait_s))
    return await run_in_threadpool(_file, parts, transfer, _result(job), crc64)


def _crc64(told: dict[str, Any]) -> str | None:
    """The checksum that the client has, decimal, perhaps signed; None for none."""
    value = told.get("crc64")
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise RefusalError("ParamInvalid", "crc64 is a decimal number in a text.")
    if not _CRC64.fullmatch(str(value)):
        raise RefusalError("ParamInvalid", "crc64 is a decimal number in a text.")
    return str(value)


def _begin(parts: Parts, call: Call, seen: Seen, crc64: str | None) -> tuple[Transfer, Job]:
    """The upload and the job that checks it: the one under way, the one that did, or a new one."""
    transfer = known(parts, call, seen, code="ConfirmKeyNotFound")
    jobs, tenant = parts.state.jobs, transfer.tenant
    last = jobs.in_flight(tenant, transfer.id)
    if last and last.status in {"queued", "running", "succeeded"}:
        return transfer, last
    _seal(parts, transfer, _chosen(call, seen, transfer))
    wanted = ChecksumRequest(transfer=transfer.id, crc64=crc64)
    job = jobs.create(tenant, wanted, flight=transfer.id)
    release(parts.state.lanes, job.lane)
    return transfer, job


def _chosen(call: Call, seen: Seen, transfer: Transfer) -> Conflict:
    """What is done about a taken name; where the client says nothing, what it said before holds.

    Raises: RefusalError `NoPermission` for replacing a file with a token that cannot begin that.
    """
    conflict = conflict_of(call.queries, transfer.conflict)
    replaces = conflict == "overwrite" and transfer.conflict != "overwrite"
    if replaces:
        grants.require(seen.grant, *grants.BEGIN_OVERWRITING)
    return conflict


def _seal(parts: Parts, transfer: Transfer, conflict: Conflict) -> None:
    """Let no more bytes come. Raises: RefusalError where some are missing."""
    outcome = parts.state.transfers.seal(transfer.id, conflict=conflict)
    if outcome == "gone":
        raise RefusalError("ConfirmKeyNotFound")
    if outcome == "incomplete":
        raise RefusalError(
            "MultipartUploadIncomplete" if transfer.multipart else "UploadIncomplete"
        )


def _result(job: Job) -> ChecksumResult:
    """What the job found. Raises: RefusalError for one that failed or still goes on."""
    if isinstance(job.result, ChecksumResult):
        return job.result
    if job.error is not None:
        raise refusal_of(error_of(job.error.code, job.error.message), missing="DirectoryNotFound")
    if job.status == "cancelled":
        raise overloaded("The check of the upload was cancelled; confirm it again.")
    raise overloaded("The upload is still being checked; confirm it again.")


def _file(
    parts: Parts, transfer: Transfer, became: ChecksumResult, crc64: str | None
) -> dict[str, Any]:
    """The file in the version that the upload is, though there may be newer ones."""
    if crc64 is not None and not same_crc64(crc64, became.crc64):
        raise RefusalError("BadCrc64")
    place, entries = transfer.place, parts.state.entries
    entry = entries.read(place, became.entry_id)
    version = entry.version if entry else None
    if entry and version and version.id != became.version_id:
        version = parts.library.version(place, entry.id, became.version_id)
    if entry is None or version is None:
        raise RefusalError("FileNotFound", "The file was removed after it was uploaded.")
    seen = entry.model_copy(update={"version": version, "modified_ms": version.at_ms})
    path = path_of(entries, place, parent_id=entry.parent_id, name=entry.name)
    return {
        **entry_view(seen, path or ()),
        "path": path,
        "isOverwritten": version.way == "updated",
    }
