"""OpenAPI: examples, the one error shape, and the bodies that routes read themselves."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from api.errors import MEDIA_TYPE
from api.views import JobView, Problem
from worker.contracts.requests import CoverRequest
from worker.errors import CODES

DESCRIPTION: Final = """Media in, face-aware covers out. A call makes a job and answers at once;
with `Prefer: wait=N` it answers with the finished job if that ends in time.
Failures are `application/problem+json` with a stable `code`."""

REQUEST_EXAMPLE: Final[dict[str, Any]] = {
    "source": {"url": "https://example.com/clip.mp4"},
    "sizes": [256, 512],
    "format": "jpeg",
    "quality": 85,
    "frame": {"policy": "first"},
    "lane": "live",
    "visibility": "public",
    "metadata": {"album": "summer"},
}
EXAMPLE_JOB: Final[dict[str, Any]] = {
    "id": "job_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D",
    "kind": "cover",
    "status": "queued",
    "lane": "live",
    "attempts": 0,
    "created_at": "2026-05-04T08:00:00.000000Z",
    "started_at": None,
    "finished_at": None,
    "request": REQUEST_EXAMPLE,
    "result": None,
    "error": None,
    "record": None,
    "links": {"self": "/v1/jobs/job_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"},
}
_KEY: Final = f"private/default/9f/9f{'0' * 62}.jpg"
_PRIVATE_COVER: Final[dict[str, Any]] = {
    "size": 256,
    "ratio": "1:1",
    "crop_box": [0, 120, 1080, 1080],
    "width": 256,
    "height": 256,
    "path": None,
    "url": None,
    "key": _KEY,
    "content_type": "image/jpeg",
    "bytes": 15321,
    "sha256": f"9f{'0' * 62}",
    "upscaled": False,
}
PRIVATE_JOB: Final[dict[str, Any]] = {
    **EXAMPLE_JOB,
    "status": "succeeded",
    "attempts": 1,
    "started_at": "2026-05-04T08:00:00.010000Z",
    "finished_at": "2026-05-04T08:00:00.090000Z",
    "request": {**REQUEST_EXAMPLE, "sizes": [256], "visibility": "private"},
    "result": {
        "source": "https://example.com/clip.mp4",
        "status": "succeeded",
        "covers": [_PRIVATE_COVER],
    },
    "links": {
        **EXAMPLE_JOB["links"],
        "covers": [f"https://covers.example.com/{_KEY}?expires=1777885200&signature=…"],
    },
}
# By the name of the model. FastAPI drops nulls from examples in routes, so routes refer to these.
EXAMPLES: Final[dict[str, Any]] = {
    "JobView": EXAMPLE_JOB,
    "PrivateJob": PRIVATE_JOB,
    "JobsView": {"jobs": [EXAMPLE_JOB], "next": None},
    "UploadView": {
        "upload": "upl_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D",
        "bytes": 991232,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    },
    "AliveView": {"alive": True},
    "ReadyView": {"ready": True, "warnings": ["no worker serves lane backfill"]},
}


def answers(told: dict[int, type[BaseModel]], *codes: str) -> dict[int | str, Any]:
    """The `responses` of a route: what it tells, and the codes it may fail with, by status."""
    documented: dict[int | str, Any] = {
        status: {
            "model": model,
            "description": " ".join((model.__doc__ or "").split()),
            "content": {"application/json": {"examples": _example_of(model)}},
        }
        for status, model in told.items()
    }
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(CODES[code].http_status, []).append(code)
    for status, found in by_status.items():
        documented[status] = failure(status, *found)
    return documented


def failure(status: int, *codes: str) -> dict[str, Any]:
    """The document of failures with one status."""
    schema = {"$ref": "#/components/schemas/Problem"}
    examples = {code: {"value": _example(code, status)} for code in codes}
    return {
        "description": " ".join(f"`{code}`: {CODES[code].meaning}" for code in codes),
        "content": {MEDIA_TYPE: {"schema": schema, "examples": examples}},
    }


def json_body(model: type[BaseModel], example: Any) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads its JSON body itself."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def raw_body(description: str) -> dict[str, Any]:
    """The `openapi_extra` of a route that takes any bytes."""
    content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return {"requestBody": {"required": True, "description": description, "content": content}}


def install(app: FastAPI) -> None:
    """Serve a document that also holds the schemas which no route declares to FastAPI."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    description=app.description,
                    routes=app.routes,
                )
            )
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way


def _complete(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for model in (CoverRequest, Problem):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        for name, definition in schema.pop("$defs", {}).items():
            schemas.setdefault(name, definition)
        schemas[model.__name__] = schema
    document["components"]["examples"] = {
        name: {"value": example} for name, example in EXAMPLES.items()
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            # Before any route: the tenant's key, and what a browser may do.
            if path.startswith("/v1/"):
                operation["responses"].setdefault("401", failure(401, "auth.invalid"))
            operation["responses"].setdefault("403", failure(403, "auth.forbidden"))
            # FastAPI documents its own validation answer; ours replaces it.
            answer = operation["responses"].get("422", {})
            if "application/json" in answer.get("content", {}):
                operation["responses"]["422"] = failure(422, "request.invalid")
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return document


def _example_of(model: type[BaseModel]) -> dict[str, Any]:
    names = {"default": model.__name__, **({"private": "PrivateJob"} if model is JobView else {})}
    return {key: {"$ref": f"#/components/examples/{name}"} for key, name in names.items()}


def _example(code: str, status: int) -> dict[str, Any]:
    row = CODES[code]
    example = Problem(
        type=f"urn:firstframe:error:{code}",
        title=row.meaning,
        status=status,
        detail=row.meaning,
        code=code,
        retryable=row.retry.name != "NEVER",
    )
    return example.model_dump(exclude_none=True)
