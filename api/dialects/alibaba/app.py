"""The APIs of Alibaba Cloud MPS and VOD about covers and images, as an application of their own."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response
from starlette.types import ASGIApp

from api.access import NOTED
from api.dialects.alibaba import errors, images, media, videos
from api.dialects.alibaba.calls import Call, call_of
from api.dialects.alibaba.errors import RefusalError
from api.dialects.alibaba.parameters import MPS, VOD
from api.dialects.alibaba.wire import telling_of
from api.dialects.callers import Gate
from api.dialects.parts import Parts

ACTIONS: Final[Mapping[str, Mapping[str, Callable[[Call], dict[str, Any]]]]] = {
    MPS: {
        "UpdateMediaCover": media.update_media_cover,
        "QueryMediaList": media.query_media_list,
    },
    VOD: {
        "GetImageInfo": images.get_image_info,
        "GetImageInfos": images.get_image_infos,
        "UpdateVideoInfo": videos.update_video_info,
        "GetVideoInfo": videos.get_video_info,
    },
}


def make_dialect(shared: State) -> ASGIApp:
    """The dialect over what the application around it shares; `wire.Door` leads to it."""
    app = Starlette(exception_handlers=errors.handlers())
    # One path has all calls, which their parameters and headers tell apart.
    app.router.default = request_response(_answer)
    settings = shared.settings
    app.state = shared
    shared.alibaba = Parts(
        settings=settings,
        state=shared.state,
        store=shared.store,
        gate=Gate(shared.callers, "alibaba", settings.accounts.skew_s),
        waiters=shared.waiters,
    )
    return app


async def _answer(request: Request) -> Response:
    call = await call_of(request)
    act = _act(call)
    request.scope[NOTED]["action"] = call.action
    # What was all read with the call's admission is told at once: nothing is waited for.
    is_read = call.found is not None and act is images.get_image_info
    told = act(call) if is_read else await run_in_threadpool(act, call)
    return telling_of(request.scope).answer(call.action, told)


def _act(call: Call) -> Callable[[Call], dict[str, Any]]:
    """What the call asks for. Raises: RefusalError."""
    for name, value in (("Action", call.action), ("Version", call.version)):
        if not value:
            raise RefusalError(f"Missing{name}", f"{name}: it is mandatory.")
    if call.version not in ACTIONS:
        raise RefusalError("InvalidVersion")
    if call.action not in ACTIONS[call.version]:
        raise RefusalError("InvalidAction.NotFound")
    return ACTIONS[call.version][call.action]
