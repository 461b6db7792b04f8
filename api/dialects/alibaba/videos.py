"""Calls of VOD 2017-03-21 about videos: UpdateVideoInfo and GetVideoInfo."""

import re
from typing import Any, Final

from pydantic import ValidationError

from api.dialects.alibaba.calls import Call, missing_as
from api.dialects.alibaba.covers import cover_url_of, picture_urls_of, set_cover
from api.dialects.alibaba.errors import RefusalError
from api.dialects.alibaba.views import video_view
from worker.contracts.catalogue import MediumLabels

_MISSING: Final = "InvalidVideo.NotFound"
_VIDEO_ID: Final = re.compile(r"[0-9a-f]{32}")
# Each parameter's field of the labels.
_LABELS: Final = {"Title": "title", "Description": "description", "Tags": "tags"}
# Nothing here keeps these, and who sends one wants it kept.
_NOT_KEPT: Final = ("ReferenceId", "UserData")


def update_video_info(call: Call) -> dict[str, Any]:
    """Change what is given, and nothing else."""
    given, video_id = call.given, _video_id(call)
    for name in _NOT_KEPT:
        if given.text(name):
            raise given.wrong(name, "it is not kept here")
    labels, url = _labels(call), given.text("CoverURL")
    if url == "":
        raise given.wrong("CoverURL", "it is empty", "EmptyValue")
    with missing_as(_MISSING):
        call.setting.medium(video_id)
        if url is not None:
            set_cover(call, video_id, url)
        if labels.model_fields_set:
            call.setting.label(video_id, labels)
    return {}


def get_video_info(call: Call) -> dict[str, Any]:
    """What is known of a video, its cover among it."""
    video_id = _video_id(call)
    with missing_as(_MISSING):
        medium = call.setting.medium(video_id)
    view = video_view(
        medium,
        cover_url=cover_url_of(call, medium),
        picture_urls=picture_urls_of(call, medium),
        bucket=call.parts.settings.store.bucket,
    )
    return {"Video": view}


def _video_id(call: Call) -> str:
    video_id = call.given.needed("VideoId")
    if not _VIDEO_ID.fullmatch(video_id):
        raise RefusalError(_MISSING)
    return video_id


def _labels(call: Call) -> MediumLabels:
    """What the call names the video anew. Raises: RefusalError naming the parameter."""
    given = call.given
    told: dict[str, object] = {}
    for name, field in _LABELS.items():
        value = given.text(name)
        if value is not None:
            told[field] = value
    if "tags" in told:
        told["tags"] = tuple(tag for tag in str(told["tags"]).split(",") if tag)
    cate_id = given.long("CateId")
    if cate_id is not None:
        told["cate_id"] = cate_id
    try:
        return MediumLabels.model_validate(told)
    except ValidationError as invalid:
        wrong = invalid.errors(include_url=False, include_input=False)[0]["loc"][0]
        name = next(name for name, field in _LABELS.items() if field == wrong)
        raise given.wrong(name, "it is too long, or there are too many", "OutOfRange") from invalid
