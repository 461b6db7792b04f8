"""Pictures: read, list, delete with their objects."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.bodies import refuse_unbuilt
from api.catalogue import ImagesView, ImageView, image_view
from api.documents import answers
from api.examples import IMAGE_ID
from api.parts import HEX_ID, JOB_ID, GivenCatalogue, GivenStore
from worker.contracts.catalogue import ImageType
from worker.errors import RequestError
from worker.state.images import ImageFilters

router = APIRouter(tags=["catalogue"])
NoQueries = Depends(refuse_unbuilt)


class ImagesQuery(BaseModel):
    """Which pictures to list."""

    model_config = ConfigDict(extra="forbid")

    job: str | None = Field(default=None, pattern=JOB_ID)
    medium: str | None = Field(default=None, pattern=HEX_ID)
    type: ImageType | None = None
    cursor: str | None = Field(
        default=None, max_length=128, description="`next` of the page before."
    )
    limit: int = Field(default=50, ge=1, le=200)


async def known_image_id(
    image_id: Annotated[str, Path(description="The picture's id.", examples=[IMAGE_ID])],
) -> str:
    """An id of the form we give; any other names no picture."""
    if not re.fullmatch(HEX_ID, image_id):
        raise RequestError("request.not_found", "There is no such picture.")
    return image_id


ImageId = Annotated[str, Depends(known_image_id)]


@router.get(
    "/v1/images/{image_id}",
    summary="Read a picture's record",
    responses=answers({200: (ImageView,)}, "request.not_found", "queue.unavailable"),
    dependencies=[NoQueries],
)
def read(image_id: ImageId, catalogue: GivenCatalogue, store: GivenStore) -> JSONResponse:
    """`Uploading` until the picture is stored, `UploadFail` when its job ended without it."""
    return JSONResponse(image_view(catalogue.image(image_id), store))


@router.get(
    "/v1/images",
    summary="List pictures, newest first",
    responses=answers({200: (ImagesView,)}, "request.invalid", "queue.unavailable"),
)
def page(
    query: Annotated[ImagesQuery, Query()], catalogue: GivenCatalogue, store: GivenStore
) -> JSONResponse:
    """A page of the tenant's pictures, those of one job in falling order of their labels.

    Pass `next` as `cursor` for the page after it. A page may be short, or empty, and have one.
    """
    filters = ImageFilters(query.job, query.medium, query.type)
    found = catalogue.page(filters, cursor=query.cursor, limit=query.limit)
    images = [image_view(image, store) for image in found.images]
    return JSONResponse({"images": images, "next": found.next_cursor})


@router.delete(
    "/v1/images/{image_id}",
    summary="Delete a picture",
    status_code=204,
    responses=answers(
        {},
        "request.not_found",
        "job.state",
        "queue.unavailable",
        "storage.unavailable",
        "storage.misconfigured",
    ),
    dependencies=[NoQueries],
)
def delete(image_id: ImageId, catalogue: GivenCatalogue) -> Response:
    """The record goes, and its objects unless another picture or job has them too.

    The result of the picture's own job still names it. One that is being made, or that is the
    cover of a medium, cannot be deleted.
    """
    catalogue.delete(image_id)
    return Response(status_code=204)
