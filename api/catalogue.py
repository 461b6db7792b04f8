"""The catalogue as callers see it: what of it they reach, and the JSON of media and pictures."""

from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel, Field

from api.views import job_path, signed
from worker.contracts.catalogue import (
    ImageRecord,
    ImageStatus,
    ImageType,
    MediumCover,
    MediumLabels,
    MediumRecord,
)
from worker.contracts.results import MediumInfo
from worker.errors import RequestError
from worker.ports import Store
from worker.rules.keys import is_public
from worker.state.catalogue import Catalogue
from worker.state.images import ImageFilters, ImagePage


class ImageLinks(BaseModel):
    self: str
    job: str
    medium: str | None
    signed: str | None = Field(
        default=None,
        description="A link that opens the private picture for an hour, made anew at each "
        "reading; absent for public pictures, and where the store has no secret to sign with.",
    )


class ImageView(BaseModel):
    """A picture. Status and type are as in Alibaba VOD's GetImageInfo."""

    image_id: str
    label: str = Field(description="What tells it from its job's others: `covers/256`.")
    type: ImageType
    title: str
    status: ImageStatus
    bytes: int | None
    width: int | None
    height: int | None
    content_type: str | None
    created_at: datetime = Field(description="When its job was taken.")
    storage_location: str | None = Field(description="The object's key in the store.")
    url: str | None
    medium: str | None
    job: str
    offset_ms: int | None
    is_cover: bool = Field(description="Whether a medium shows it as its cover.")
    links: ImageLinks


class ImagesView(BaseModel):
    """A page of pictures, newest first; `next` is the cursor of the page after it."""

    images: list[ImageView]
    next: str | None


class MediumLinks(BaseModel):
    self: str
    images: str
    cover: str | None = Field(
        description="Where the cover is: the URL it was set with, or for a private picture a link "
        "for an hour, made anew at each reading.",
    )


class MediumCoverView(BaseModel):
    """What the medium shows as its cover, and who set it."""

    url: str | None = Field(description="As it was set; null for a private picture.")
    image: str | None = Field(description="Our picture of it, once there is one.")
    set_by: str = Field(description="`firstframe`, or the vendor's API by which it was set.")
    set_at: datetime
    job: str | None = Field(description="What copies it, where the URL is another server's.")
    record: str | None
    fence: int = Field(description="Older ones never take its place.")


class MediumView(BaseModel):
    """A medium that jobs saw. Other bytes under the same source are another `version` of it."""

    medium_id: str
    source: str
    probe: MediumInfo
    version: int
    created_at: datetime
    seen_at: datetime = Field(description="When the latest job over it was taken.")
    cover: MediumCoverView | None
    labels: MediumLabels = Field(description="What clients of the vendors' APIs call it.")
    links: MediumLinks


class CatalogueReach(NamedTuple):
    """The tenant's media and pictures, but none of libraries where the API is open (`api.reach`).

    Every method raises RequestError `queue.unavailable`.
    """

    catalogue: Catalogue
    tenant: str
    is_open: bool

    def image(self, image_id: str) -> ImageRecord:
        """Raises: RequestError `request.not_found`, for a picture that is out of reach too."""
        found = self.catalogue.images.read(self.tenant, image_id)
        if found is None or not self._has(found):
            raise RequestError("request.not_found", "There is no such picture.")
        return found

    def medium(self, medium_id: str) -> MediumRecord:
        """Raises: RequestError `request.not_found`, for a medium that is out of reach too."""
        found = self.catalogue.media.read(self.tenant, medium_id)
        if found is None or not self._has(found):
            raise RequestError("request.not_found", "There is no such medium.")
        return found

    def page(self, filters: ImageFilters, *, cursor: str | None, limit: int) -> ImagePage:
        """As `ImageRecords.page`; what is out of reach makes a page shorter."""
        found = self.catalogue.images.page(self.tenant, filters, cursor=cursor, limit=limit)
        return found._replace(images=[image for image in found.images if self._has(image)])

    def delete(self, image_id: str) -> None:
        """Raises: RequestError `request.not_found`, `job.state`, StorageError."""
        self.image(image_id)
        self.catalogue.delete(self.tenant, image_id)

    def _has(self, record: ImageRecord | MediumRecord) -> bool:
        return not (self.is_open and record.of_library)


def image_view(record: ImageRecord, store: Store) -> dict[str, Any]:
    """A picture as JSON."""
    view = record.model_dump(mode="json", exclude={"key", "objects", "medium_id"})
    view["storage_location"] = record.key
    view["medium"] = record.medium_id
    links = view["links"] = {
        "self": f"/v1/images/{record.image_id}",
        "job": job_path(record.job),
        "medium": f"/v1/media/{record.medium_id}" if record.medium_id else None,
    }
    if record.key and not is_public(record.key):
        links.update(zip(("signed",), signed([record.key], store), strict=False))
    return view


def medium_view(record: MediumRecord, store: Store) -> dict[str, Any]:
    """A medium as JSON; its fingerprint, which may tell of its server, is left out."""
    view = record.model_dump(mode="json", exclude={"fingerprint", "cover"})
    cover = record.cover
    view["cover"] = None
    if cover:
        told = cover.model_dump(mode="json", exclude={"image_id", "key"})
        view["cover"] = {**told, "image": cover.image_id}
    view["links"] = {
        "self": f"/v1/media/{record.medium_id}",
        "images": f"/v1/images?medium={record.medium_id}",
        "cover": cover_url(cover, store) if cover else None,
    }
    return view


def cover_url(cover: MediumCover, store: Store) -> str | None:
    """Where a medium's cover is; None for a private one where the store cannot sign."""
    if cover.url is not None or cover.key is None:
        return cover.url
    return next(iter(signed([cover.key], store)), None)
