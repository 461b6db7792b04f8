"""Media: what is known of a source that a job saw."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse

from api.bodies import refuse_unbuilt
from api.catalogue import MediumView, medium_view
from api.documents import answers
from api.examples import MEDIUM_ID
from api.parts import HEX_ID, GivenCatalogue, GivenStore
from worker.errors import RequestError

router = APIRouter(tags=["catalogue"])


async def known_medium_id(
    medium_id: Annotated[str, Path(description="The medium's id.", examples=[MEDIUM_ID])],
) -> str:
    """An id of the form we give; any other names no medium."""
    if not re.fullmatch(HEX_ID, medium_id):
        raise RequestError("request.not_found", "There is no such medium.")
    return medium_id


@router.get(
    "/v1/media/{medium_id}",
    summary="Read a medium",
    responses=answers({200: (MediumView,)}, "request.not_found", "queue.unavailable"),
    dependencies=[Depends(refuse_unbuilt)],
)
def read(
    medium_id: Annotated[str, Depends(known_medium_id)],
    catalogue: GivenCatalogue,
    store: GivenStore,
) -> JSONResponse:
    """Its source as it may be shown, what it is, its cover, and where its pictures are listed."""
    return JSONResponse(medium_view(catalogue.medium(medium_id), store))
