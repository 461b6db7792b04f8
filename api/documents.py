"""OpenAPI: answers and their failures, and the bodies that routes read themselves."""

import json
from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from api.bodies import LINES
from api.errors import MEDIA_TYPE
from api.examples import EXAMPLES, MORE
from api.views import Problem
from worker.contracts.choices import Choice
from worker.contracts.records import RecordRequest
from worker.contracts.requests import CoverRequest
from worker.contracts.snapshots import SnapshotRequest
from worker.errors import CODES

Models = tuple[type[BaseModel], ...]

DESCRIPTION: Final = """Media in, face-aware covers, snapshots and storyboards out.
A call makes a job and answers at once;
with `Prefer: wait=N` it answers with the finished job if that ends in time.
Failures are `application/problem+json` with a stable `code`."""

# What a call that makes pictures may fail with before there is a job, and a probe may end with.
MAKING_CODES: Final = (
    "request.invalid",
    "request.not_available",
    "request.not_found",
    "request.content_type",
    "request.too_large",
    "request.timeout",
    "job.cancelled",
    "queue.unavailable",
    "storage.unavailable",
    "storage.misconfigured",
    "provider.not_allowed",
    "provider.url_unfit",
    "provider.unsupported",
    "webhook.url_blocked",
    "watch.full",
    *(code for code in CODES if code.startswith(("source.", "media.", "worker.", "internal."))),
)
PREFER: Final[dict[str, Any]] = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "`wait=N`: answer 200 with the finished job, failed ones included, if it "
    "ends within N seconds (60 at most), else 202 with the job as it stands (RFC 7240).",
    "schema": {"type": "string"},
    "example": "wait=20",
}
_PLAN: Final[dict[str, Any]] = {
    "name": "plan",
    "in": "query",
    "required": False,
    "description": "`true`: nothing is made; a worker probes the medium and forecasts what the job "
    "would read, decode and make. The answer is the plan, or why the medium could not be probed; "
    "202 with the job of kind `plan` if that takes longer than `Prefer`, or the settings, wait.",
    "schema": {"type": "string", "enum": ["true"]},
}
MAKING_PARAMETERS: Final = [PREFER, _PLAN]


def answers(told: Mapping[int, Models], *codes: str) -> dict[int | str, Any]:
    """The `responses` of a route: what it tells, and the codes it may fail with, by status."""
    documented: dict[int | str, Any] = {
        status: {
            "model": reduce(or_, models),
            "description": " Or: ".join(" ".join((m.__doc__ or "").split()) for m in models),
            "content": {"application/json": {"examples": _examples_of(models)}},
        }
        for status, models in told.items()
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


def json_body(model: type[BaseModel], example: Any, *, lines: bool = False) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads its JSON body itself; with `lines` many, too."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    content: dict[str, Any] = {"application/json": {"schema": schema, "example": example}}
    if lines:
        text = {"type": "string", "description": "A request a line; a line each is the answer."}
        content[LINES] = {"schema": text, "example": f"{json.dumps(example)}\n"}
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
    for model in (CoverRequest, SnapshotRequest, RecordRequest, Choice, Problem):
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


def _examples_of(models: Models) -> dict[str, Any]:
    names: dict[str, str] = {}
    for model in models:
        own = model.__name__
        names |= {"plan" if own == "PlanView" else "default": own, **MORE.get(own, {})}
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
