"""Media and pictures in the fields of the vendor's answers.

What is not known here is told as empty: there are no workflows, streams, domains or categories with
names.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from worker.contracts.catalogue import ImageRecord, MediumLabels, MediumRecord
from worker.contracts.results import MediumInfo
from worker.rules.catalogue import file_name

# The vendor's for a video or image that was put into no application, and into no category.
APP_ID: Final = "app-1000000"
NO_CATEGORY: Final = -1


class ImageLinks(NamedTuple):
    """Where an image is: by its URL, and its file in the bucket; empty while it is not made."""

    url: str
    file_url: str
    bucket: str


def image_view(image: ImageRecord, labels: MediumLabels, links: ImageLinks) -> dict[str, Any]:
    """An image as GetImageInfo tells it; tags, category and description are its medium's."""
    return {
        "ImageId": image.image_id,
        "Title": image.title,
        "Description": labels.description or "",
        "Tags": ",".join(labels.tags or ()),
        "CateId": _category(labels),
        "CateName": "",
        "AppId": APP_ID,
        "StorageLocation": links.bucket,
        "CreationTime": told_time(image.created_at),
        "Status": image.status,
        "ImageType": image.type,
        "URL": links.url,
        "Mezzanine": {
            "FileURL": links.file_url,
            "OriginalFileName": (image.key or "").rpartition("/")[2],
            "Width": image.width or 0,
            "Height": image.height or 0,
            "FileSize": str(image.bytes or 0),
        },
    }


def video_view(
    medium: MediumRecord, *, cover_url: str, picture_urls: Sequence[str], bucket: str
) -> dict[str, Any]:
    """A medium as GetVideoInfo tells it."""
    changed_at = max(medium.seen_at, medium.cover.set_at) if medium.cover else medium.seen_at
    return {
        "VideoId": medium.medium_id,
        **_called(medium),
        "Tags": ",".join(medium.labels.tags or ()),
        "CateName": "",
        "CoverURL": cover_url,
        "Snapshots": {"Snapshot": list(picture_urls)},
        "Status": "Normal",
        "CreationTime": told_time(medium.created_at),
        "ModificationTime": told_time(changed_at),
        "Duration": (medium.probe.duration_ms or 0) / 1000,
        "Size": medium.probe.bytes_total or 0,
        "AppId": APP_ID,
        "StorageLocation": bucket,
    }


def medium_view(
    medium: MediumRecord, *, cover_url: str, picture_urls: Sequence[str], with_media_info: bool
) -> dict[str, Any]:
    """A medium as QueryMediaList tells it, whose numbers are texts."""
    probe = medium.probe
    is_url = medium.source.startswith(("http://", "https://"))
    told = {
        "MediaId": medium.medium_id,
        **_called(medium),
        "Tags": {"Tag": list(medium.labels.tags or ())},
        "CoverURL": cover_url,
        "CreationTime": told_time(medium.created_at),
        "PublishState": "Published",
        "Format": probe.format.partition(",")[0],
        "Width": str(probe.width),
        "Height": str(probe.height),
        "Size": str(probe.bytes_total or ""),
        "Duration": _seconds(probe),
        "Bitrate": _kbit_per_s(probe),
        "Fps": "",
        "File": {"URL": medium.source if is_url else "", "State": "Normal"},
        "RunIdList": {"RunId": []},
        "PlayList": {"Play": []},
        "SnapshotList": {"Snapshot": [_snapshot(url) for url in picture_urls]},
        "SummaryList": {"Summary": []},
    }
    return {**told, "MediaInfo": _media_info(probe)} if with_media_info else told


def told_time(at: datetime) -> str:
    """`2018-11-21T02:37:23Z`: UTC, without fractions."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _called(medium: MediumRecord) -> dict[str, Any]:
    labels = medium.labels
    return {
        "Title": file_name(medium.source) if labels.title is None else labels.title,
        "Description": labels.description or "",
        "CateId": _category(labels),
    }


def _category(labels: MediumLabels) -> int:
    return NO_CATEGORY if labels.cate_id is None else labels.cate_id


def _snapshot(url: str) -> dict[str, Any]:
    nothing = dict.fromkeys(("ActivityName", "MediaWorkflowId", "MediaWorkflowName"), "")
    return {"Type": "Single", "Count": "1", "File": {"URL": url, "State": "Normal"}, **nothing}


def _media_info(probe: MediumInfo) -> dict[str, Any]:
    picture = {
        "Index": "0",
        "CodecName": probe.codec,
        "Width": str(probe.width),
        "Height": str(probe.height),
        "Rotate": str(probe.rotation_cw),
        "Duration": _seconds(probe),
    }
    return {
        "Format": {
            "FormatName": probe.format,
            "Duration": _seconds(probe),
            "Size": str(probe.bytes_total or ""),
            "Bitrate": _kbit_per_s(probe),
        },
        "Streams": {
            "VideoStreamList": {"VideoStream": [picture]},
            "AudioStreamList": {"AudioStream": []},
            "SubtitleStreamList": {"SubtitleStream": []},
        },
    }


def _seconds(probe: MediumInfo) -> str:
    return "" if probe.duration_ms is None else f"{probe.duration_ms / 1000:.6f}"


def _kbit_per_s(probe: MediumInfo) -> str:
    """Bits a millisecond are kbit/s."""
    if not probe.bytes_total or not probe.duration_ms:
        return ""
    return f"{8 * probe.bytes_total / probe.duration_ms:.3f}"
