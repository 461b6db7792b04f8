"""What the dialect's routes are made of, handed over by the application around it."""

from typing import NamedTuple, cast

from fastapi import Request

from api.dialects.tencent_smh.known import Known
from api.waiting import Waiters
from worker.ports import Library, Store
from worker.settings import Settings
from worker.state.sights import AsyncSights
from worker.wiring import State


class Parts(NamedTuple):
    """Shared by all calls."""

    settings: Settings
    state: State
    store: Store
    library: Library
    sights: AsyncSights
    waiters: Waiters
    covers: Known[tuple[str, ...]]


def parts_of(request: Request) -> Parts:
    """The parts that `app.make_dialect` was given."""
    return cast(Parts, request.app.state.parts)
