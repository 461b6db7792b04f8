"""What the fake of Huawei VOD keeps: assets with snapshots and a cover, as its pages tell them."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

PICTURE = b"\xff\xd8\xff\xe0snapshot\xff\xd9"


@dataclass
class Asset:
    """One medium of a tenant; `files` has what its URLs give, by their paths."""

    asset_id: str
    project_id: str
    files_url: str
    snapshots: list[str] = field(default_factory=list)
    cover_url: str | None = None
    status: str = "CREATED"
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    @property
    def state(self) -> str | None:
        """What stands as cover: the URL, for an uploaded one with the hash of its bytes."""
        if self.cover_url is None or self.cover_url != self.url(self.cover_path):
            return self.cover_url
        return "sha256:" + hashlib.sha256(self.files[self.cover_path][1]).hexdigest()

    @property
    def cover_path(self) -> str:
        return f"/asset/{self.asset_id}/cover/Cover0.jpg"

    def url(self, path: str) -> str:
        return f"{self.files_url}{path}"

    def snap(self, count: int) -> None:
        """Take snapshots, as a thumbnail task does."""
        for number in range(count):
            path = f"/asset/{self.asset_id}/snapshot/sample/{number}.jpg"
            self.snapshots.append(self.url(path))
            self.files[path] = ("image/jpeg", PICTURE)

    def upload_cover(self, content_type: str, body: bytes, *, re_encodes: bool = False) -> None:
        """What is shown may be made of the bytes, always the same of the same."""
        body += hashlib.sha256(body).digest() if re_encodes else b""
        self.files[self.cover_path] = (content_type, body)
        self.cover_url = self.url(self.cover_path)

    def details(self, categories: set[str]) -> dict[str, Any]:
        """The asset as `asset/details` tells it; no categories stand for all."""
        told: dict[str, Any] = {"asset_id": self.asset_id}
        if not categories or "base_info" in categories:
            told["base_info"] = self._base_info()
        if self.snapshots and (not categories or "thumbnail_info" in categories):
            samples = [{"offset": n, "url": url} for n, url in enumerate(self.snapshots)]
            told["thumbnail_info"] = {"thumbnail_status": "THUMBNAIL_SUCCEED", "sample": samples}
        return told

    def _base_info(self) -> dict[str, Any]:
        covers = [{"cover_url": self.cover_url}] if self.cover_url else []
        return {
            "title": f"asset {self.asset_id}",
            "video_name": "video.mp4",
            "description": "",
            "category_id": -1,
            "create_time": "20240102030405",
            "last_modified": "20240102030405",
            "video_type": "MP4",
            "tags": "",
            "meta_data": {"codec": "H.264", "duration": 20, "width": 640, "hight": 360},
            "video_url": self.url(f"/asset/{self.asset_id}/video.mp4"),
            "cover_info_array": covers,
            "subtitle_info": [],
        }
