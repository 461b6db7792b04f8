"""`GET /v1.0/{project_id}/asset/details`: what is known of a medium, and its pictures' URLs."""

import re
from typing import Final
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.catalogue import cover_url
from api.dialects.huawei_vod.calls import Call, call_of
from api.dialects.huawei_vod.errors import wrong
from api.dialects.huawei_vod.views import CATEGORIES, Picture, details
from api.dialects.pictures import link, pictures_in, pictures_of
from api.views import LINK_LIFE_S
from worker.contracts.catalogue import ImageRecord, MediumCover
from worker.rules.set_covers import key_in, naming
from worker.state.admissions import Found, Subject

_ASSET_ID: Final = re.compile(r"[0-9a-f]{32}")
_ASSET_IN_QUERY: Final = re.compile(r"(?:^|&)asset_id=([0-9a-f]{32})(?:&|$)")


async def show(request: Request) -> Response:
    """200 with the categories that are asked for, or with all; a private picture has a link."""
    query = request.scope["query_string"].decode("latin-1")
    call = await call_of(request, _subject(query))
    given = parse_qsl(query, keep_blank_values=True, errors="replace")
    asset_ids = [value for name, value in given if name == "asset_id"]
    if len(asset_ids) != 1:
        raise wrong("asset_id", "it is expected once")
    asset_id = checked_asset_id(asset_ids[0])
    asked = [value for name, value in given if name == "categories"]
    for each in asked:
        if each not in CATEGORIES:
            raise wrong("categories", f"expected one of {', '.join(CATEGORIES)}")
    wanted = [each for each in CATEGORIES if not asked or each in asked]
    # What was read with the call's admission is told at once: nothing is waited for.
    if call.found and not any(page.next_cursor for page in call.found.pages):
        return JSONResponse(_details(call, asset_id, wanted, call.found))
    return JSONResponse(await run_in_threadpool(_details, call, asset_id, wanted))


def checked_asset_id(told: str) -> str:
    """An id of the form that assets have. Raises: RefusalError naming the field."""
    if not _ASSET_ID.fullmatch(told):
        raise wrong("asset_id", "expected 32 hexadecimal digits in small letters")
    return told


def _subject(query: str) -> Subject | None:
    """What is read of a call, where its asset is named as usual; it is checked after it is let in.

    Nothing more is looked at for callers that are not known yet.
    """
    named = _ASSET_IN_QUERY.search(query)
    return Subject("pictures", named[1]) if named else None


def _details(
    call: Call, asset_id: str, wanted: list[str], found: Found | None = None
) -> dict[str, object]:
    medium = call.setting.medium(asset_id, found)
    shown = _shown(call, asset_id, medium.cover) if medium.cover else None
    pictures: list[Picture] = []
    if "thumbnail_info" in wanted:
        images = call.parts.state.images
        listed = pictures_in(found.pages) if found else pictures_of(images, medium)
        pictures = [picture for image in listed if (picture := _picture(call, asset_id, image))]
    return details(medium, cover_url=shown, pictures=pictures, categories=wanted)


def _shown(call: Call, asset_id: str, cover: MediumCover) -> str | None:
    """The cover's URL: that which a client set, as it did.

    One of our own that a job made may be a picture of another medium, so it names the asset.
    """
    url = cover_url(cover, call.parts.store)
    is_ours = cover.key is not None and (cover.url is None or key_in(cover.url) == cover.key)
    return naming(url, asset_id) if url and cover.job and is_ours else url


def _picture(call: Call, asset_id: str, image: ImageRecord) -> Picture | None:
    """Its URL names the asset, for a call that sets it as the cover names nothing else.

    None for a private one where the store has no secret to sign with.
    """
    url = link(call.parts.store, image.key, life_s=LINK_LIFE_S)
    return Picture((image.offset_ms or 0) // 1000, naming(url, asset_id)) if url else None
