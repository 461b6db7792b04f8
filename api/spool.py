"""Large bodies: streamed to a file beside the event loop, counted and hashed on the way."""

import hashlib
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, Final, Literal, NamedTuple

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.bodies import announced_bytes, chunks, too_large
from worker.disk import spool_errors_as_ours
from worker.settings import ApiSettings

PREFIX: Final = "firstframe-spool-"
# One hop to a thread per MiB, not per packet.
WRITE_BYTES: Final = 1024 * 1024
LEFTOVER_AGE_S: Final = 3600
_NOT_KEPT: Final = "The body could not be kept on this machine."


class Spooled(NamedTuple):
    """A body as a file that lives as long as its context."""

    path: Path
    size_bytes: int
    digest: str


@asynccontextmanager
async def spooled(
    request: Request,
    settings: ApiSettings,
    *,
    max_bytes: int | None = None,
    algorithm: Literal["sha256", "md5"] = "sha256",
) -> AsyncIterator[Spooled]:
    """The request's body as a file with its digest in hex, removed at the end, however it ends.

    `max_bytes` may lower the cap that the settings have.

    Raises: RefusedError `request.too_large` as soon as the cap is passed, RequestError
    `request.timeout` when the body stops coming, StorageError when the disk does not take it,
    ClientDisconnect when the caller goes away.
    """
    max_bytes = settings.max_upload_bytes if max_bytes is None else max_bytes
    if (announced_bytes(request) or 0) > max_bytes:
        raise too_large(max_bytes)
    file = await run_in_threadpool(_create, settings.spool_folder)
    try:
        digest = hashlib.new(algorithm, usedforsecurity=False)
        size_bytes = 0
        async for block in _blocks(request, settings.stall_timeout_s):
            size_bytes += len(block)
            if size_bytes > max_bytes:
                raise too_large(max_bytes)
            await run_in_threadpool(_append, file, block, digest)
        await run_in_threadpool(_flush, file)
        yield Spooled(Path(file.name), size_bytes, digest.hexdigest())
    finally:
        # Not in a thread: a cancelled request could not wait for it, and unlinking is quick.
        _remove(file)


def remove_leftovers(folder: Path | None) -> None:
    """Remove the bodies of a process that was killed; one that still runs keeps its new ones."""
    oldest_s = time.time() - LEFTOVER_AGE_S
    for path in Path(folder or tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # Other people's files in a shared folder, and files that another process removed first.
        with suppress(OSError):
            if path.lstat().st_mtime < oldest_s:
                path.unlink()


async def _blocks(request: Request, stall_timeout_s: float) -> AsyncIterator[bytes]:
    block = bytearray()
    async for chunk in chunks(request, stall_timeout_s):
        block += chunk
        if len(block) >= WRITE_BYTES:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _create(folder: Path | None) -> IO[bytes]:
    with spool_errors_as_ours(_NOT_KEPT):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        return tempfile.NamedTemporaryFile(prefix=PREFIX, dir=folder, delete=False)


def _append(file: IO[bytes], block: bytes, digest: "hashlib._Hash") -> None:
    digest.update(block)
    with spool_errors_as_ours(_NOT_KEPT):
        file.write(block)


def _flush(file: IO[bytes]) -> None:
    with spool_errors_as_ours(_NOT_KEPT):
        file.flush()


def _remove(file: IO[bytes]) -> None:
    with spool_errors_as_ours(_NOT_KEPT):
        Path(file.name).unlink(missing_ok=True)
        file.close()
