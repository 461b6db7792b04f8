"""The catalogue: a record of every medium a job saw and of every picture that was made of it.

The types and states of images are those of Alibaba VOD's GetImageInfo.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from worker.contracts.results import Frozen, MediumInfo

HexId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
ImageType = Literal["CoverSnapshot", "NormalSnapshot", "SpriteSnapshot", "SpriteOriginSnapshot"]
ImageStatus = Literal["Uploading", "Normal", "UploadFail"]


class MediumRecord(Frozen):
    """A medium that a job saw. `source` is shown as it may be; another fingerprint is a version.

    The id is made of the tenant and of what the source is. `seen_at` is when the latest job over it
    was taken.
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


class ImageRecord(Frozen):
    """A picture that was made, is being made, or failed to be.

    `label` tells it from its job's others: `covers/256`, `snapshots/sheet-01`. It is as old as its
    job: `created_at` is when that was taken. `objects` are the keys it needs beside its own `key`:
    the indexes of a sprite sheet.
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
