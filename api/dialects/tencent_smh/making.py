"""Covers of library files: found if they were made before, else made now while the caller waits."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from fastapi import Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.dialects.tencent_smh.errors import RefusalError, overloaded
from api.dialects.tencent_smh.parts import Parts
from api.dialects.tencent_smh.queries import Queries
from api.disconnects import unless_gone
from api.release import release
from worker.contracts.jobs import Job
from worker.contracts.libraries import Entry, Version
from worker.contracts.names import FINISHED, MAX_SIZE_PX
from worker.contracts.requests import CoverRequest, EntryReference, Recipe, SourceReference
from worker.contracts.results import CoverResult
from worker.rules.fingerprints import entry_fingerprint
from worker.rules.recipes import flight_of

# How long the last job for a cover answers for it, failed or not: nobody repeats it for each call.
OUTCOME_HOLDS: Final = timedelta(seconds=60)
VENDOR_MAX_SIZE_PX: Final = 9999


class Cover(NamedTuple):
    """A square of a version of an image or video; without a size the whole of its first frame."""

    tenant: str
    entry: Entry
    version: Version
    size_px: int | None

    @property
    def name(self) -> tuple[str, ...]:
        """What its bytes follow from."""
        place, size = self.entry.place, str(self.size_px or "")
        return (self.tenant, *place, self.entry.id, self.version.id, size)

    @property
    def recipe(self) -> Recipe:
        return Recipe(sizes=self.size_px and [self.size_px])


def size_of(queries: Queries) -> int | None:
    """`size`, 1 to 4096. Raises: RefusalError `ParamInvalid`, that names the limit."""
    size_px = queries.number("size", least=1, most=VENDOR_MAX_SIZE_PX)
    if size_px and size_px > MAX_SIZE_PX:
        raise RefusalError("ParamInvalid", f"size: covers here have {MAX_SIZE_PX} px at most.")
    return size_px


def redirect(url: str, *, headers: dict[str, str] | None = None) -> Response:
    """302 with an empty body; the link dies, so nobody keeps the answer."""
    told = {"Location": url, "Cache-Control": "private, no-store", **(headers or {})}
    return Response(status_code=302, headers=told)


async def link_to(request: Request, parts: Parts, cover: Cover) -> str:
    """A signed link to the cover: known, found or made; no thread is held while it is made.

    Raises: RefusalError `ServerOverloaded` when making it takes longer than the settings allow,
    `InternalServerError` with the medium and our code when it cannot be made; ClientDisconnect.
    """
    key = parts.covers.find(cover.name)
    if key is None:
        found = await run_in_threadpool(_earlier, parts, cover)
        key = _key_of(found or await _made(request, parts, cover))
        parts.covers.keep(cover.name, key)
    return parts.store.signed_url(key, expires_s=parts.settings.libraries.link_s)


def _earlier(parts: Parts, cover: Cover) -> CoverResult | None:
    entry, version = cover.entry, cover.version
    fingerprint = entry_fingerprint(entry.place, entry.id, version.id, version.size_bytes)
    return parts.state.results.find(cover.tenant, fingerprint, cover.recipe, "private")


async def _made(request: Request, parts: Parts, cover: Cover) -> CoverResult:
    job = await run_in_threadpool(_job, parts, cover)
    if job.status not in FINISHED:
        job = await unless_gone(request, _ended(parts, job))
    if job.status not in FINISHED:
        raise overloaded("The cover is still being made; try again.")
    if not isinstance(job.result, CoverResult) or job.status != "succeeded":
        why = f"{job.error.code}: {job.error.message}" if job.error else f"its job is {job.status}"
        raise RefusalError("InternalServerError", f"{cover.entry.name} has no cover: {why}")
    return job.result


async def _ended(parts: Parts, job: Job) -> Job:
    """The job once it has ended, or as it stands when the time is up."""

    async def read() -> Job:
        return await run_in_threadpool(parts.state.jobs.read, job.tenant, job.id) or job

    timeout_s = parts.settings.libraries.cover_wait_s
    return await parts.waiters.wait(job.id, read, timeout_s=timeout_s)


def _job(parts: Parts, cover: Cover) -> Job:
    """The job that makes the cover: one under way, one that has just ended, or a new one."""
    wanted = _request_of(cover)
    flight = flight_of(wanted)
    last = parts.state.jobs.in_flight(cover.tenant, flight)
    if last and (last.finished_at is None or _just_ended(last)):
        return last
    job = parts.state.jobs.create(cover.tenant, wanted, flight=flight)
    parts.state.images.expect(job)
    release(parts.state.lanes, job.lane)
    return job


def _just_ended(job: Job) -> bool:
    if job.finished_at is None or job.status == "cancelled":
        return False
    return datetime.now(UTC) - job.finished_at < OUTCOME_HOLDS


def _request_of(cover: Cover) -> CoverRequest:
    library_id, space_id = cover.entry.place
    reference = EntryReference(
        library_id=library_id,
        space_id=space_id,
        entry_id=cover.entry.id,
        version_id=cover.version.id,
    )
    return CoverRequest(
        sizes=cover.recipe.sizes, source=SourceReference(entry=reference), visibility="private"
    )


def _key_of(result: CoverResult) -> str:
    key = result.covers[0].key
    assert key is not None, "a job's covers are stored"
    return key
