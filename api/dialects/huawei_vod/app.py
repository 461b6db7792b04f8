"""The APIs of Huawei VOD about covers as a sub-application: its own routes and errors."""

from starlette.applications import Starlette
from starlette.datastructures import State
from starlette.routing import Route
from starlette.types import ASGIApp

from api.dialects.callers import Gate
from api.dialects.huawei_vod import assets, covers, errors, tokens, uploads
from api.dialects.parts import Parts

_OF_PROJECT = "/v1.0/{project_id}/asset"
ROUTES = (
    ("PUT", f"{_OF_PROJECT}/cover", covers.set_cover),
    ("GET", f"{_OF_PROJECT}/details", assets.show),
    ("PUT", _OF_PROJECT, uploads.begin),
    ("PUT", _OF_PROJECT + "/{asset_id}/cover-upload", uploads.take),
    ("POST", "/v3/auth/tokens", tokens.give),
)


def make_dialect(shared: State) -> ASGIApp:
    """The dialect over what the application around it shares; `wire.Door` leads to it."""
    app = Starlette(
        routes=[Route(path, call, methods=[method]) for method, path, call in ROUTES],
        exception_handlers=errors.handlers(),
    )
    app.router.redirect_slashes = False
    settings = shared.settings
    app.state = shared
    shared.huawei_vod = Parts(
        settings=settings,
        state=shared.state,
        store=shared.store,
        gate=Gate(shared.callers, "huawei_vod", settings.accounts.skew_s, may_lock=True),
        waiters=shared.waiters,
    )
    return app
