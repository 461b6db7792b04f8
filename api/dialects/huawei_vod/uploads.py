"""The upload of a cover: `PUT /v1.0/{project_id}/asset` tells where, a signed link takes it."""

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from ulid import ULID

from api.bodies import media_type
from api.dialects.callers import CallRefused
from api.dialects.huawei_vod.assets import checked_asset_id
from api.dialects.huawei_vod.calls import Call, call_of, object_of, text_of
from api.dialects.huawei_vod.errors import RefusalError, wrong
from api.dialects.parts import Parts, parts_of
from api.disconnects import unless_gone
from api.release import release
from api.spool import Spooled, spooled
from worker.contracts.catalogue import MediumRecord
from worker.contracts.jobs import Job
from worker.contracts.requests import CoverRequest, SourceReference
from worker.contracts.targets import FirstframeTarget, VendorSetting
from worker.errors import RequestError, error_of
from worker.rules.keys import upload_key
from worker.rules.sniff import HEAD_BYTES, sniff
from worker.signing import links

LINK_S: Final = 3600
# What each cover_type is sent as, and what its bytes are.
FORMATS: Final = {"JPG": "jpeg", "PNG": "png"}
_HEX_MD5: Final = re.compile(r"[0-9a-fA-F]{32}")
# Fields of what else the vendor takes uploads of, which is nothing here.
_OTHERS: Final = ("video_name", "video_type", "video_md5", "subtitles")


class Place(NamedTuple):
    """Where one cover may be put: what of, and as what. `md5` is in hex, empty for any bytes."""

    project_id: str
    asset_id: str
    cover_type: str
    md5: str

    @property
    def signed_as(self) -> str:
        return "/".join(self)


async def begin(request: Request) -> Response:
    """200 with `cover_upload_url`, which takes a picture of that type for an hour."""
    call = await call_of(request)
    told = object_of(request, call.body)
    place = _place(call.account.project_id, told)
    await run_in_threadpool(call.setting.medium, place.asset_id)
    expires_s = int(time.time()) + LINK_S
    url = await _link(request, call, place, expires_s)
    answer = {
        "asset_id": place.asset_id,
        "video_upload_url": "",
        "cover_upload_url": url,
        "subtitle_upload_urls": [],
    }
    return JSONResponse(answer)


async def take(request: Request) -> Response:
    """200 once the picture is the medium's cover, or that takes too long to be waited for.

    The picture is kept then, and the work goes on. Raises: RefusalError, CallRefused, CoverError,
    ClientDisconnect.
    """
    parts = parts_of(request, "huawei_vod")
    query = request.scope["query_string"].decode("latin-1")
    given = dict(parse_qsl(query, keep_blank_values=True, errors="replace"))
    place = Place(
        request.path_params["project_id"],
        request.path_params["asset_id"],
        given.get("type", ""),
        given.get("md5", ""),
    )
    account = await parts.gate.by_link(
        given.get("AccessKeyId", ""), lambda secret: _opens(place, given, secret)
    )
    if account.project_id != place.project_id:
        raise CallRefused("mismatch", "the link is not of this project")
    if place.cover_type not in FORMATS:
        # Whoever has the secret can sign what no call gives out.
        raise CallRefused("mismatch", "the link is of no type of covers")
    if media_type(request) != f"image/{FORMATS[place.cover_type]}":
        expected = f"image/{FORMATS[place.cover_type]}"
        raise RefusalError("content_type", f"The picture is sent as {expected}.")
    call = Call(parts, account, b"")
    medium = await run_in_threadpool(call.setting.medium, place.asset_id)
    section = parts.settings
    # No job reads more of it than of any medium.
    max_bytes = min(section.api.max_upload_bytes, section.fetch.max_bytes)
    async with spooled(request, section.api, max_bytes=max_bytes) as body:
        await run_in_threadpool(_check_bytes, place, body)
        job = await run_in_threadpool(_cover, call, medium, body)
    await _shown(request, parts, job)
    return Response(status_code=200)


async def _shown(request: Request, parts: Parts, begun: Job) -> None:
    """Wait until the cover stands, as long as the settings say and the caller is there.

    Raises: CoverError why it never will; ClientDisconnect.
    """

    async def read() -> Job:
        return await run_in_threadpool(parts.state.jobs.read, begun.tenant, begun.id) or begun

    timeout_s = parts.settings.accounts.upload_wait_s
    waiting = parts.waiters.wait_for_record_of(begun.id, read, timeout_s=timeout_s)
    job = await unless_gone(request, waiting)
    if job.status == "cancelled":
        raise RequestError("job.cancelled")
    record = job.record
    is_lost = job.status == "succeeded" and record is not None and record.state == "failed"
    error = record.error if record is not None and is_lost else job.error
    if error is not None and (is_lost or job.status == "failed"):
        raise error_of(error.code, error.message)


def _place(project_id: str, told: dict[str, Any]) -> Place:
    """What is to be uploaded. Raises: RefusalError naming the field."""
    asset_id = checked_asset_id(text_of(told, "asset_id", most_bytes=100))
    for name in _OTHERS:
        if told.get(name) not in (None, "", []):
            raise wrong(name, "only covers are uploaded here")
    cover_type = told.get("cover_type")
    if not isinstance(cover_type, str) or cover_type not in FORMATS:
        raise wrong("cover_type", f"expected one of {', '.join(FORMATS)}")
    cover_id = told.get("cover_id")
    if cover_id is not None and (isinstance(cover_id, bool) or cover_id != 0):
        raise wrong("cover_id", "there is one cover, whose id is 0")
    return Place(project_id, asset_id, cover_type, _md5(told.get("cover_md5")))


def _md5(told: object) -> str:
    """In hex, of what is told in hex or base64; empty for nothing. Raises: RefusalError."""
    if told in (None, ""):
        return ""
    if isinstance(told, str):
        if _HEX_MD5.fullmatch(told):
            return told.lower()
        try:
            digest = base64.b64decode(told, validate=True)
        except (binascii.Error, ValueError):
            digest = b""
        if len(digest) == 16:
            return digest.hex()
    raise wrong("cover_md5", "expected an MD5 in hex or base64")


async def _link(request: Request, call: Call, place: Place, expires_s: int) -> str:
    """Opens with the account's secret as it is now, and no longer than that counts."""
    known = await call.parts.gate.callers.find(call.account.access_key)
    assert known is not None, "the account has just called"
    signed = links.sign(
        method="PUT", key=place.signed_as, expires_s=expires_s, secret=known.secrets[0][1]
    )
    told = urlencode(
        {"AccessKeyId": call.account.access_key, "type": place.cover_type, "md5": place.md5}
    )
    base = f"{request.url.scheme}://{request.url.netloc}"
    path = f"/v1.0/{place.project_id}/asset/{place.asset_id}/cover-upload"
    return f"{base}{path}?{told}&{signed}"


def _opens(place: Place, given: Mapping[str, str], secret: str) -> bool:
    return links.verify(
        method="PUT",
        key=place.signed_as,
        expires=given.get("expires", ""),
        signature=given.get("signature", ""),
        secret=secret,
        now_s=time.time(),
    )


def _cover(call: Call, medium: MediumRecord, body: Spooled) -> Job:
    """Keep the picture and have it become the cover. Raises: CoverError."""
    tenant, upload = call.account.tenant, f"upl_{ULID()}"
    key = upload_key(tenant, upload)
    call.parts.store.put_file(key, body.path, content_type="application/octet-stream")
    call.parts.state.uploads.keep(tenant, upload, body.digest)
    target = FirstframeTarget(
        provider="firstframe",
        medium_id=medium.medium_id,
        as_set=VendorSetting(by="huawei_vod", of_library=medium.of_library),
    )
    wanted = CoverRequest(
        source=SourceReference(upload=upload),
        visibility="private" if medium.of_library else None,
        target=target,
    )
    state = call.parts.state
    job = state.jobs.create(tenant, wanted)
    state.images.expect(job)
    release(state.lanes, job.lane)
    return job


def _check_bytes(place: Place, body: Spooled) -> None:
    """Raises: RefusalError for bytes that are not what was told."""
    with Path(body.path).open("rb") as file:
        head = file.read(HEAD_BYTES)
        file.seek(0)
        digest = hashlib.file_digest(file, "md5").hexdigest() if place.md5 else ""
    found = sniff(head)
    if found is None or found.format != FORMATS[place.cover_type]:
        raise wrong("body", f"the bytes are no {place.cover_type}")
    if not hmac.compare_digest(digest, place.md5):
        raise wrong("cover_md5", "the bytes that came have another MD5")
