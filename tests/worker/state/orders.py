"""Orders and covers for tests of the ledger."""

from hashlib import sha256
from typing import Any

from worker.contracts.jobs import Item
from worker.contracts.records import Record, RecordedCover, RecordOrder
from worker.contracts.requests import CoverRequest
from worker.contracts.results import CoverInfo, CoverResult
from worker.contracts.targets import HuaweiVodTarget

ASSET = HuaweiVodTarget(provider="huawei_vod", asset_id="a" * 32)
CALLBACK = "https://caller.example/told"


def cover(name: str = "one") -> RecordedCover:
    """A stored cover with an address of its own."""
    return RecordedCover(
        key=f"covers/{name}.jpg",
        url=f"https://store.example/covers/{name}.jpg",
        content_type="image/jpeg",
        bytes=10,
        sha256=sha256(name.encode()).hexdigest(),
        width=640,
        height=640,
    )


def order(name: str = "one", **changed: Any) -> RecordOrder:
    """An order whose cover is there."""
    return RecordOrder(**{"target": ASSET, "cover": cover(name), **changed})


def item(record: Record) -> Item:
    return Item("record", record.id)


def wanted(**changed: Any) -> CoverRequest:
    """A request for a cover that is to be recorded."""
    return CoverRequest.model_validate(
        {
            "source": {"url": "https://media.example/clip.mp4"},
            "target": ASSET.model_dump(exclude_none=True),
            **changed,
        }
    )


def made(*sizes_px: int | None) -> CoverResult:
    """The result of a job that made covers of those sizes."""
    return CoverResult(
        source="clip.mp4", status="succeeded", covers=tuple(_made(size) for size in sizes_px)
    )


def _made(size: int | None) -> CoverInfo:
    width = size or 1920
    return CoverInfo(
        size=size,
        ratio="1:1" if size else None,
        crop_box=(0, 0, 10, 10),
        width=width,
        height=width,
        path=None,
        url=f"https://store.example/covers/{size}.jpg",
        key=f"covers/{size}.jpg",
        content_type="image/jpeg",
        bytes=10,
        sha256="0" * 64,
        upscaled=False,
    )
