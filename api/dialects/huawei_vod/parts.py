"""What the dialect's routes are made of, handed over by the application around it."""

from typing import NamedTuple, cast

from starlette.requests import Request

from api.dialects.callers import Gate
from api.waiting import Waiters
from worker.ports import Store
from worker.settings import Settings
from worker.wiring import State


class Parts(NamedTuple):
    """Shared by all calls."""

    settings: Settings
    state: State
    store: Store
    gate: Gate
    waiters: Waiters


def parts_of(request: Request) -> Parts:
    """The parts that `app.make_dialect` was given."""
    return cast(Parts, request.app.state.huawei_vod)
