"""What the fake of Alibaba keeps, MPS media, VOD videos and images, and how their pages tell it."""

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from tests.fakes.alibaba_signatures import Denied

MAX_URL_BYTES: Final = 3200
_RFC2396: Final = re.compile(r"(?:[A-Za-z0-9;/?:@&=+$,\-_.!~*'()]|%[0-9A-Fa-f]{2})+")
CREATED: Final = "2024-01-02T03:04:05Z"


@dataclass
class Medium:
    """A medium of MPS or a video of VOD, with the URL that stands as its cover."""

    media_id: str
    owner: str = "owner"
    cover_url: str | None = None
    title: str = "a medium"


@dataclass
class Image:
    """An image of VOD: `body` is what its URL gives."""

    image_id: str
    owner: str = "owner"
    body: bytes = b""
    content_type: str = "image/jpeg"
    status: str = "Normal"
    image_type: str = "NormalSnapshot"
    width: int = 200
    height: int = 200


def check_cover_url(url: str) -> None:
    """The rules of UpdateMediaCover: http, RFC 2396, at most 3,200 bytes, nothing behind a `?`.

    Raises:
        Denied: The URL breaks one of them.
    """
    if len(url.encode()) > MAX_URL_BYTES:
        raise Denied("InvalidParameter.OutOfRange")
    if not _RFC2396.fullmatch(url) or "?" in url:
        raise Denied("InvalidParameter.Format")
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.netloc:
        raise Denied("InvalidParameter.Format")


def mps_row(medium: Medium) -> dict[str, Any]:
    """A medium as QueryMediaList tells it."""
    return {
        "MediaId": medium.media_id,
        "Title": medium.title,
        "Description": "",
        "CoverURL": medium.cover_url or "",
        "CreationTime": CREATED,
        "PublishState": "Published",
        "Format": "mp4",
        "Size": "1000",
        "Duration": "20.0",
        "Width": "640",
        "Height": "360",
        "Fps": "25.0",
        "Bitrate": "500",
        "CateId": 0,
        "Tags": {"Tag": []},
        "RunIdList": {"RunId": []},
        "File": {"URL": f"http://b.oss-cn-hangzhou.aliyuncs.com/{medium.media_id}.mp4"},
    }


def vod_video(video: Medium) -> dict[str, Any]:
    """A video as GetVideoInfo tells it."""
    return {
        "VideoId": video.media_id,
        "Title": video.title,
        "Description": "",
        "CoverURL": video.cover_url or "",
        "Status": "Normal",
        "CreationTime": CREATED,
        "ModificationTime": CREATED,
        "Duration": 20.0,
        "Size": 1000,
        "CateId": 0,
        "CateName": "",
        "Tags": "",
        "Snapshots": {"Snapshot": []},
        "AppId": "app-1000000",
        "StorageLocation": "outin-1.oss-cn-shanghai.aliyuncs.com",
    }


def vod_image(image: Image, url: str) -> dict[str, Any]:
    """An image as GetImageInfo tells it."""
    return {
        "ImageId": image.image_id,
        "Title": "this is a sample",
        "Description": "",
        "Tags": "tag1,tag2",
        "CateId": 254766071,
        "CateName": "test name",
        "AppId": "app-1000000",
        "StorageLocation": "outin-1.oss-cn-shanghai.aliyuncs.com",
        "CreationTime": CREATED,
        "Status": image.status,
        "ImageType": image.image_type,
        "URL": url,
        "Mezzanine": {
            "FileURL": url,
            "OriginalFileName": f"{image.image_id}.jpg",
            "Width": image.width,
            "Height": image.height,
            "FileSize": str(len(image.body)),
        },
    }
