"""Whether this process lives, and whether jobs can be taken."""

from collections.abc import Callable
from typing import Final

import anyio
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.documents import answers
from api.errors import problem
from api.parts import GivenState, GivenStore
from api.views import AliveView, ReadyView
from worker.contracts.names import ALL_LANES
from worker.errors import CoverError
from worker.state.workers import Workers

CHECK_TIMEOUT_S: Final = 5.0

router = APIRouter(tags=["health"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="Alive", responses=answers({200: (AliveView,)}))
async def healthz() -> AliveView:
    """Answers while the process does; asks nobody else."""
    return AliveView(alive=True)


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    summary="Can take jobs",
    responses=answers({200: (ReadyView,)}, "queue.unavailable"),
)
async def readyz(state: GivenState, store: GivenStore) -> JSONResponse:
    """Redis and the store decide; a lane without workers is a warning, its jobs wait."""
    warnings: list[str] = []
    missing: list[str] = []

    async def check(name: str, ask: Callable[[], None]) -> None:
        try:
            with anyio.fail_after(CHECK_TIMEOUT_S):
                await anyio.to_thread.run_sync(ask, abandon_on_cancel=True)
        except (CoverError, TimeoutError):
            missing.append(name)

    async with anyio.create_task_group() as group:
        group.start_soon(check, "redis", lambda: warnings.extend(_unserved(state.workers)))
        group.start_soon(check, "store", store.check)
    if missing:
        detail = f"Jobs cannot be taken: {', '.join(sorted(missing))} does not answer."
        return problem("queue.unavailable", detail, missing=sorted(missing), warnings=warnings)
    return JSONResponse(ReadyView(ready=True, warnings=warnings).model_dump())


def _unserved(workers: Workers) -> list[str]:
    """A line for each lane that no live worker serves. Raises: RequestError without Redis."""
    served = {lane for worker in workers.live() if worker.slots for lane in worker.lanes}
    return [f"no worker serves lane {lane}" for lane in ALL_LANES if lane not in served]
