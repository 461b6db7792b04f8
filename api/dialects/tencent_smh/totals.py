"""`/space/…/size` and `/space/…/file-count`: what a space has in all, counted when asked for."""

import time
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from api.dialects.tencent_smh.access import call_of, reading
from api.dialects.tencent_smh.documents import described
from api.dialects.tencent_smh.errors import overloaded
from api.dialects.tencent_smh.parts import Parts, parts_of
from worker.contracts.libraries import Place
from worker.state.totals import Totals

SIZE: Final = "/space/{library_id}/{space_id}/size"
FILE_COUNT: Final = "/space/{library_id}/{space_id}/file-count"
# Clients give up after 30 s.
COUNTING_S: Final = 10.0

router = APIRouter(tags=["spaces"])


@router.get(SIZE, **described("Size of a space", SIZE, success=(200, "Its bytes, as text.")))
async def size(request: Request) -> Response:
    """Of the newest version of every file. Needs a token even where reading is public."""
    totals = await _totals(request)
    return JSONResponse({"size": str(totals.size_bytes)})


@router.get(
    FILE_COUNT,
    **described("Count the files of a space", FILE_COUNT, success=(200, "Numbers, as text.")),
)
async def file_count(request: Request) -> Response:
    """Files and directories at any depth, each once. There is no recycle bin."""
    totals = await _totals(request)
    counts = {"fileNum": totals.files, "dirNum": totals.dirs}
    told = {**counts, "recycledFileNum": 0, "recycledDirNum": 0}
    return JSONResponse({name: str(number) for name, number in told.items()})


async def _totals(request: Request) -> Totals:
    parts, call = parts_of(request), call_of(request)
    seen = await reading(parts, call, public=False)
    return await run_in_threadpool(_counted, parts, seen.place)


def _counted(parts: Parts, place: Place) -> Totals:
    """Raises: RefusalError `ServerOverloaded` where it takes longer than one call may."""
    totals = parts.state.totals.count(place, ends_at_s=time.monotonic() + COUNTING_S)
    if totals is None:
        raise overloaded("The space has too many entries to be counted just now.")
    return totals
