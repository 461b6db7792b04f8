"""The catalogue: a record of every medium a job saw and of every picture that was made of it.

The types and states of images are those of Alibaba VOD's GetImageInfo.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from worker.contracts.results import Frozen, MediumInfo
from worker.contracts.targets import VendorApi

HexId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
ImageType = Literal["CoverSnapshot", "NormalSnapshot", "SpriteSnapshot", "SpriteOriginSnapshot"]
ImageStatus = Literal["Uploading", "Normal", "UploadFail"]


def _at_most(limit_bytes: int) -> AfterValidator:
    """Accepts text that is no longer in UTF-8."""

    def check(text: str) -> str:
        if len(text.encode("utf-8", "surrogatepass")) > limit_bytes:
            raise ValueError(f"expected at most {limit_bytes} bytes")
        return text

    return AfterValidator(check)


class MediumCover(Frozen):
    """What a medium shows as its cover; one with an older fence never takes its place.

    `url` is as it was set, None for a private picture. `image_id` and `key` are our own picture,
    which comes later where the URL is another server's: `job` makes it. `record` is in the ledger.
    """

    url: str | None = None
    image_id: HexId | None = None
    key: str | None = None
    set_by: Literal["firstframe"] | VendorApi
    set_at: datetime
    job: str | None = None
    record: str | None = None
    fence: int


class MediumLabels(Frozen):
    """What clients of served vendor APIs call a medium; the bounds are Alibaba VOD's, in bytes.

    Those of UpdateVideoInfo: a title of 128, a description of 1,024, 16 tags of 32.
    """

    title: Annotated[str, _at_most(128)] | None = None
    description: Annotated[str, _at_most(1024)] | None = None
    tags: Annotated[tuple[Annotated[str, _at_most(32)], ...], Field(max_length=16)] | None = None
    cate_id: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None


class MediumRecord(Frozen):
    """A medium that a job saw. `source` is shown as it may be; another fingerprint is a version.

    The id is made of the tenant and of what the source is. `seen_at` is when the latest job over it
    was taken. `revision` counts the changes that its document tells.
    """

    medium_id: HexId
    tenant: str = Field(exclude=True)
    of_library: bool = Field(default=False, exclude=True)
    source: str
    probe: MediumInfo
    fingerprint: str | None = None
    version: int = 1
    created_at: datetime
    seen_at: datetime
    cover: MediumCover | None = None
    labels: MediumLabels = MediumLabels()
    revision: int = Field(default=1, exclude=True)


class ImageRecord(Frozen):
    """A picture that was made, is being made, or failed to be.

    `label` tells it from its job's others: `covers/256`, `snapshots/sheet-01`. It is as old as its
    job: `created_at` is when that was taken. `objects` are the keys it needs beside its own `key`:
    the indexes of a sprite sheet. `is_cover` while some medium shows it as its cover.
    """

    image_id: HexId
    tenant: str = Field(exclude=True)
    of_library: bool = Field(default=False, exclude=True)
    label: str
    type: ImageType
    title: str
    status: ImageStatus
    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    content_type: str | None = None
    created_at: datetime
    key: str | None = None
    url: str | None = None
    objects: tuple[str, ...] = ()
    medium_id: HexId | None = None
    job: str
    offset_ms: int | None = None
    is_cover: bool = False
