"""Uploads: any bytes, streamed into the store, to be named as a job's source."""

from functools import partial

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from ulid import ULID

from api.bodies import media_type, refuse_encoding, refuse_unbuilt
from api.documents import answers, raw_body
from api.errors import FieldError, RefusedError
from api.parts import GivenSettings, GivenState, GivenStore, TenantName
from api.spool import spooled
from api.views import UploadView
from worker.rules.keys import upload_key

router = APIRouter(tags=["uploads"])


@router.post(
    "/v1/uploads",
    summary="Upload a medium",
    status_code=201,
    responses=answers(
        {201: (UploadView,)},
        "request.invalid",
        "request.content_type",
        "request.too_large",
        "request.timeout",
        "request.not_available",
        "storage.unavailable",
        "storage.misconfigured",
        "storage.full",
    ),
    openapi_extra=raw_body("The medium's bytes, of any content type but a form."),
    dependencies=[Depends(refuse_unbuilt)],
)
async def take(
    request: Request,
    settings: GivenSettings,
    store: GivenStore,
    state: GivenState,
    tenant: TenantName,
) -> JSONResponse:
    """The body is the medium itself: `curl --data-binary @clip.mp4`, or `-T clip.mp4`."""
    if media_type(request).startswith("multipart/"):
        raise RefusedError(
            "request.content_type", "Send the medium's bytes as the body, not as a form."
        )
    refuse_encoding(request)
    async with spooled(request, settings) as body:
        if not body.size_bytes:
            empty = FieldError("body", "the upload has no bytes")
            raise RefusedError("request.invalid", "The upload has no bytes.", errors=[empty])
        upload = f"upl_{ULID()}"
        put = partial(store.put_file, content_type="application/octet-stream")
        await run_in_threadpool(put, upload_key(tenant, upload), body.path)
        await run_in_threadpool(state.uploads.keep, tenant, upload, body.digest)
        told = UploadView(upload=upload, bytes=body.size_bytes, sha256=body.digest)
    return JSONResponse(told.model_dump(), status_code=201)
