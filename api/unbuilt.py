"""Paths that are promised but not built: refused by name, never a bare 404."""

from typing import Final

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response

from api.parts import tenant_of
from worker.errors import RequestError

UNBUILT: Final = (
    ("POST", "/v1/jobs/{job_id}/recrop"),
    ("GET", "/metrics"),
    ("GET", "/dashboard"),
)


async def _refuse(request: Request) -> Response:
    path = request.scope["route"].path
    raise RequestError(
        "request.not_available", f"This build does not have {request.method} {path}."
    )


def install(app: FastAPI) -> None:
    """Add the refusals; they are not in the OpenAPI document."""
    for method, path in UNBUILT:
        keyed = [Depends(tenant_of)] if path.startswith("/v1/") else []
        app.add_api_route(
            path, _refuse, methods=[method], include_in_schema=False, dependencies=keyed
        )
