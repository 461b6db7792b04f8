"""Many requests in one call: a line of JSON each, in and out, in the same order (NDJSON)."""

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack
from typing import IO, Any, Final, Generic, NamedTuple

from fastapi import Request
from fastapi.responses import StreamingResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from api.bodies import LINES, Body, media_type, refuse_encoding, refuse_unbuilt, too_large
from api.errors import RefusedError, facts_of, refusal
from api.spool import spooled
from worker.errors import CoverError, RequestError
from worker.settings import ApiSettings

# What is in memory at a time, of the requests; a line alone may be as long as any body.
CHUNK_LINES: Final = 250
CHUNK_BYTES: Final = 4 * 1024 * 1024

Told = dict[str, Any]


class Line(NamedTuple):
    """A line of a body, counted from 1; of one that is too long only the beginning."""

    number: int
    data: bytes


class Batch(NamedTuple, Generic[Body]):
    """What a call takes line by line.

    `take` answers each of some requests, in their order, with JSON or with why it is refused.
    It may raise CoverError for all of them.
    """

    model: type[Body]
    take: Callable[[list[Body]], Sequence[Told | CoverError]]


def is_batch(request: Request) -> bool:
    """Whether the body is many requests."""
    return media_type(request) == LINES


async def answer_lines(
    request: Request, settings: ApiSettings, batch: Batch[Body]
) -> StreamingResponse:
    """A line for each line: what it became, or the problem it has; empty ones are passed over.

    The whole body is read first, into a file: a client may send all of it before it reads, and
    nothing has begun when it is refused. Who goes away in between has what was taken until then.

    Raises: RefusedError `request.too_large` for the bytes or lines of all, and as `spooled`.
    """
    refuse_unbuilt(request)
    refuse_encoding(request)
    async with AsyncExitStack() as held:
        body = await held.enter_async_context(
            spooled(request, settings, max_bytes=settings.max_batch_bytes)
        )
        file = held.enter_context(body.path.open("rb"))
        if await run_in_threadpool(_count, file) > settings.max_batch_lines:
            told = f"The body may have {settings.max_batch_lines} lines at most."
            raise RefusedError("request.too_large", told)
        return _Lines(_answers(file, settings.max_body_bytes, batch), held.pop_all())


class _Lines(StreamingResponse):
    """The answer; the spooled body goes with its end, however it ends."""

    media_type = LINES

    def __init__(self, lines: AsyncGenerator[bytes], held: AsyncExitStack) -> None:
        super().__init__(lines, headers={"X-Accel-Buffering": "no"})
        self._lines, self._held = lines, held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._lines.aclose()
            await self._held.aclose()


async def _answers(
    file: IO[bytes], max_line_bytes: int, batch: Batch[Body]
) -> AsyncGenerator[bytes]:
    number = 0
    while chunk := await run_in_threadpool(_chunk, file, number, max_line_bytes):
        number = chunk[-1].number
        yield await run_in_threadpool(_answered, chunk, max_line_bytes, batch)


def _answered(chunk: Sequence[Line], max_line_bytes: int, batch: Batch[Body]) -> bytes:
    """The answers to some lines, each as a line."""
    asked = [(line, _parsed(line.data, max_line_bytes, batch.model)) for line in chunk if line.data]
    wanted = [each for _, each in asked if not isinstance(each, CoverError)]
    try:
        taken = iter(batch.take(wanted))
    except CoverError as failed:
        taken = iter([failed] * len(wanted))
    lines = []
    for line, each in asked:
        answer = each if isinstance(each, CoverError) else next(taken)
        if isinstance(answer, CoverError):
            answer = {**facts_of(answer), "line": line.number}
        lines.append(json.dumps(answer, ensure_ascii=False, separators=(",", ":")))
    return "".join(f"{line}\n" for line in lines).encode()


def _parsed(data: bytes, max_bytes: int, model: type[Body]) -> Body | RequestError:
    if len(data) > max_bytes:
        return too_large(max_bytes, of="line")
    try:
        return model.model_validate_json(data)
    except ValidationError as invalid:
        return refusal(invalid.errors(include_url=False, include_input=False))


def _chunk(file: IO[bytes], number: int, max_line_bytes: int) -> list[Line]:
    """The next lines, without their ends; none at the end of the body."""
    lines: list[Line] = []
    size_bytes = 0
    while len(lines) < CHUNK_LINES and size_bytes < CHUNK_BYTES:
        data = file.readline(max_line_bytes + 2)
        if not data:
            break
        number += 1
        size_bytes += len(data)
        lines.append(Line(number, data.strip() if data.endswith(b"\n") else data))
        while data and not data.endswith(b"\n"):
            data = file.readline(max_line_bytes)
    return lines


def _count(file: IO[bytes]) -> int:
    """How many lines there are, which is told before the first is taken."""
    lines, last = 0, b"\n"
    while block := file.read(CHUNK_BYTES):
        lines, last = lines + block.count(b"\n"), block[-1:]
    file.seek(0)
    return lines + (last != b"\n")
