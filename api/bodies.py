"""Request bodies: their type, their length and, for JSON, every field checked by name."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from api.errors import FieldError, RefusedError, refusal
from worker.errors import RequestError

Body = TypeVar("Body", bound=BaseModel)

_UNBUILT_HEADERS: Final = ("Idempotency-Key",)
# Many requests, a line each; where a call takes them (`api.batches`).
LINES: Final = "application/x-ndjson"


async def read_json(
    request: Request, model: type[Body], *, max_bytes: int, stall_timeout_s: float
) -> Body:
    """The body as a `model`.

    Raises: RefusedError with 400 for malformed JSON, 408, 413, 415, and 422 naming each field.
    """
    _check_type(request)
    data = await read_bytes(request, max_bytes, stall_timeout_s)
    try:
        return model.model_validate_json(data)
    except ValidationError as invalid:
        raise refusal(invalid.errors(include_url=False, include_input=False)) from invalid


async def chunks(request: Request, stall_timeout_s: float) -> AsyncIterator[bytes]:
    """The body as it comes.

    Raises: RequestError `request.timeout` when nothing comes for so long, ClientDisconnect.
    """
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(stall_timeout_s):
                chunk = await anext(stream, None)
        except TimeoutError as stalled:
            detail = f"No byte of the body came for {stall_timeout_s:g} s."
            raise RequestError("request.timeout", detail) from stalled
        if chunk is None:
            return
        yield chunk


def wants_plan(request: Request) -> bool:
    """Whether `plan=true` asks for a forecast; all else that would be ignored is refused by name.

    Raises: RefusedError.
    """
    _refuse_headers(request)
    told = request.query_params.getlist("plan")
    mistakes = _unknown(name for name in request.query_params if name != "plan")
    if told and told != ["true"]:
        mistakes.append(FieldError("plan", "expected 'true', once"))
    _refuse_fields("Query parameters that this call does not take.", mistakes)
    return bool(told)


def refuse_unbuilt(request: Request) -> None:
    """Refuse, by name, headers and query parameters that would otherwise be ignored."""
    _refuse_headers(request)
    refuse_queries(request)


def _refuse_headers(request: Request) -> None:
    unbuilt = [name for name in _UNBUILT_HEADERS if name in request.headers]
    if unbuilt:
        errors = [FieldError(name, "this build does not have it") for name in unbuilt]
        detail = f"This build does not have {', '.join(unbuilt)}."
        raise RefusedError("request.not_available", detail, errors=errors)


def refuse_queries(request: Request) -> None:
    """Refuse every query parameter, by name: the route has none."""
    _refuse_fields("Unknown query parameters.", _unknown(request.query_params))


def _unknown(names: Iterable[str]) -> list[FieldError]:
    return [FieldError(name[:200], "there is no such query parameter") for name in names]


def _refuse_fields(detail: str, mistakes: list[FieldError]) -> None:
    if mistakes:
        raise RefusedError("request.invalid", detail, errors=mistakes)


def refuse_encoding(request: Request) -> None:
    """Bodies come as they are: a compressed one is not unpacked here."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", ""}:
        raise RefusedError("request.content_type", "Send the body without Content-Encoding.")


def media_type(request: Request) -> str:
    """The content type without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def announced_bytes(request: Request) -> int | None:
    """The length that the caller announces; None for a chunked body."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdecimal() else None


def too_large(max_bytes: int, *, of: str = "body") -> RefusedError:
    """What a body over the cap is answered with, however its length became known."""
    return RefusedError("request.too_large", f"The {of} may have {max_bytes} bytes at most.")


def _check_type(request: Request) -> None:
    given = media_type(request)
    if given == LINES:
        raise RefusedError("request.content_type", "This call takes one request at a time.")
    if given != "application/json":
        raise RefusedError("request.content_type", "Send the body as application/json.")
    refuse_encoding(request)


async def read_bytes(request: Request, max_bytes: int, stall_timeout_s: float) -> bytes:
    """The whole body. Raises: RefusedError `request.too_large`, RequestError `request.timeout`."""
    if (announced_bytes(request) or 0) > max_bytes:
        raise too_large(max_bytes)
    data = bytearray()
    async for chunk in chunks(request, stall_timeout_s):
        data += chunk
        if len(data) > max_bytes:
            raise too_large(max_bytes)
    return bytes(data)
