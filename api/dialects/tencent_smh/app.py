"""The API of Tencent SMH as a sub-application: its own routes, errors and OpenAPI document."""

from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from starlette.datastructures import State
from starlette.types import ASGIApp

from api.dialects.tencent_smh import (
    attributes,
    covers,
    directories,
    errors,
    files,
    history,
    spaces,
    storage,
    tokens,
    totals,
    writes,
)
from api.dialects.tencent_smh.known import Known
from api.dialects.tencent_smh.parts import Parts
from api.dialects.tencent_smh.wire import Wire

PREFIX: Final = "/api/v1"
DESCRIPTION: Final = """Libraries of media in the form of Tencent Cloud Smart Media Hosting.
Failures are `application/json` with the vendor's `code`, a `message` and the `requestId`."""


def make_dialect(shared: State) -> ASGIApp:
    """The dialect over what the application around it shares; `wire.Door` leads to it."""
    app = FastAPI(
        title="Firstframe, in the form of Tencent SMH",
        version=version("firstframe"),
        description=DESCRIPTION,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        # What is measured is measured around it.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state = shared
    shared.parts = Parts(
        settings=shared.settings,
        state=shared.state,
        store=shared.store,
        library=shared.library,
        sights=shared.sights,
        waiters=shared.waiters,
        covers=Known(),
    )
    app.include_router(covers.router)
    app.include_router(files.router)
    app.include_router(directories.router)
    app.include_router(history.router)
    app.include_router(attributes.router)
    app.include_router(tokens.router)
    app.include_router(spaces.router)
    app.include_router(totals.router)
    app.include_router(writes.router)
    app.include_router(storage.router)
    errors.install(app)
    return Wire(app)
