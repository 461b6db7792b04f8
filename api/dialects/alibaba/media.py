"""Calls of MPS 2014-06-18: UpdateMediaCover and QueryMediaList."""

import re
from contextlib import suppress
from typing import Any, Final

from api.dialects.alibaba.calls import Call, missing_as
from api.dialects.alibaba.covers import cover_url_of, picture_urls_of, set_cover
from api.dialects.alibaba.errors import RefusalError
from api.dialects.alibaba.views import medium_view
from worker.contracts.catalogue import MediumRecord
from worker.rules.cover_urls import MAX_MPS_BYTES

MOST_MEDIA: Final = 10

_MISSING: Final = "InvalidParameter.ResourceNotFound"
_MEDIA_ID: Final = re.compile(r"[0-9a-fA-F]{32}")


def update_media_cover(call: Call) -> dict[str, Any]:
    """Set the cover. Without a CoverURL there is nothing to set, and the cover stays."""
    given = call.given
    media_id = _checked(call, "MediaId", given.needed("MediaId"))
    url = given.text("CoverURL")
    if url == "":
        raise given.wrong("CoverURL", "it is empty", "EmptyValue")
    if url is not None and len(url.encode()) > MAX_MPS_BYTES:
        raise given.wrong("CoverURL", f"it has more than {MAX_MPS_BYTES} bytes", "OutOfRange")
    with missing_as(_MISSING):
        if url is None:
            call.setting.medium(media_id)
        else:
            set_cover(call, media_id, url)
    return {}


def query_media_list(call: Call) -> dict[str, Any]:
    """The media of the ids, in their order; ids of none are told apart."""
    given = call.given
    asked = [_checked(call, "MediaIds", each) for each in given.ids("MediaIds", MOST_MEDIA)]
    with_media_info = given.flag("IncludeMediaInfo")
    with_snapshots = given.flag("IncludeSnapshotList")
    for name in ("IncludePlayList", "IncludeSummaryList"):
        given.flag(name)
    found = {media_id: medium for media_id in asked if (medium := _found(call, media_id))}
    told: dict[str, Any] = {
        "MediaList": {
            "Media": [
                medium_view(
                    medium,
                    cover_url=cover_url_of(call, medium),
                    picture_urls=picture_urls_of(call, medium) if with_snapshots else (),
                    with_media_info=with_media_info,
                )
                for medium in found.values()
            ]
        }
    }
    if missing := [media_id for media_id in asked if media_id not in found]:
        told["NonExistMediaIds"] = {"MediaId": missing}
    return told


def _checked(call: Call, name: str, media_id: str) -> str:
    if not _MEDIA_ID.fullmatch(media_id):
        told = "an id has 32 hexadecimal digits"
        raise call.given.wrong(name, told, "UUIDFormatInvalid")
    return media_id


def _found(call: Call, media_id: str) -> MediumRecord | None:
    with suppress(RefusalError), missing_as(_MISSING):
        return call.setting.medium(media_id)
    return None
