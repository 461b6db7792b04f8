"""A medium as the vendor's asset: the fields of its details that the vendor's client reads.

What is not known here is told as empty: there are no transcodes, reviews, subtitles or buckets.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from worker.contracts.catalogue import MediumRecord
from worker.contracts.results import MediumInfo

CATEGORIES: Final = ("base_info", "transcode_info", "thumbnail_info", "review_info")
# By the container's and codec's names here; the vendor's are those of MetaData's documentation.
_PACKS: Final = {
    "mov": "MP4",
    "matroska": "MKV",
    "mpegts": "TS",
    "mpeg": "MPG",
    "asf": "WMV",
}
_CODECS: Final = {
    "h264": "H.264",
    "hevc": "H.265",
    "mpeg4": "MPEG-4",
    "mpeg2video": "MPEG-2",
}
_QUALITIES: Final = ((2160, "4K"), (1440, "2K"), (1080, "FULL_HD"), (720, "HD"), (480, "SD"))
_NO_CATEGORY: Final = -1


class Picture(NamedTuple):
    """A cover or snapshot of the asset: at which second it stands in the video, and its URL."""

    offset_s: int
    url: str


def details(
    medium: MediumRecord,
    *,
    cover_url: str | None,
    pictures: Sequence[Picture],
    categories: Sequence[str],
) -> dict[str, Any]:
    """The asset's details, of the categories that are asked for."""
    sample = [{"offset": each.offset_s, "url": each.url} for each in pictures]
    told = {
        "base_info": _base_info(medium, cover_url),
        "transcode_info": {
            "template_group_name": "",
            "output": [],
            "exec_desc": "",
            "transcode_status": "UN_TRANSCODE",
        },
        "thumbnail_info": {
            "sample": sample,
            "dots": [],
            "quantity": [],
            "exec_desc": "",
            "thumbnail_status": "THUMBNAIL_SUCCEED" if sample else "UN_THUMBNAIL",
        },
        "review_info": {
            "suggestion": "",
            "text": {},
            "cover": [],
            "video": [],
            "exec_desc": "",
            "review_status": "UN_REVIEW",
        },
    }
    return {"asset_id": medium.medium_id, **{name: told[name] for name in categories}}


def _base_info(medium: MediumRecord, cover_url: str | None) -> dict[str, Any]:
    labels, probe = medium.labels, medium.probe
    name = medium.source.rstrip("/").rpartition("/")[2]
    changed_at = max(medium.seen_at, medium.cover.set_at) if medium.cover else medium.seen_at
    nowhere = {"bucket": "", "location": "", "object": ""}
    return {
        "title": labels.title or name,
        "video_name": name,
        "description": labels.description or "",
        "category_id": _NO_CATEGORY if labels.cate_id is None else labels.cate_id,
        "category_name": "",
        "create_time": _time(medium.created_at),
        "last_modified": _time(changed_at),
        "video_type": _pack(probe),
        "tags": ",".join(labels.tags or ()),
        "meta_data": _meta_data(probe),
        "video_url": medium.source if medium.source.startswith(("http://", "https://")) else "",
        "sign_url": "",
        "cover_info_array": [] if cover_url is None else [{"cover_url": cover_url}],
        "subtitle_info": [],
        "source_path": nowhere,
        "output_path": nowhere,
    }


def _meta_data(probe: MediumInfo) -> dict[str, Any]:
    duration_ms, size_bytes = probe.duration_ms or 0, probe.bytes_total or 0
    return {
        "pack_type": _pack(probe),
        "codec": _CODECS.get(probe.codec, probe.codec.upper()),
        "audio_codec": "",
        # Of less than a second the vendor says one.
        "duration": max(1, duration_ms // 1000) if duration_ms else 0,
        "duration_ms": duration_ms,
        "video_size": size_bytes,
        "width": probe.width,
        "hight": probe.height,
        "height": probe.height,
        # Bits a millisecond are kbit/s.
        "bit_rate": 8 * size_bytes // duration_ms if duration_ms else 0,
        # One stands for "automatic".
        "frame_rate": 1,
        "quality": _quality(min(probe.width, probe.height)),
        "audio_channels": 0,
    }


def _pack(probe: MediumInfo) -> str:
    name = probe.format.partition(",")[0]
    return _PACKS.get(name, name.upper())


def _quality(short_px: int) -> str:
    return next((name for least_px, name in _QUALITIES if short_px >= least_px), "FLUENT")


def _time(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S")
