"""From a request to its answer: a job, waited for where the caller likes, or its forecast."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from api.batches import Batch, Told, answer_lines, is_batch
from api.bodies import Body, read_json, wants_plan
from api.disconnects import unless_gone
from api.errors import problem
from api.intake import Intake
from api.prefer import wait_s
from api.reach import Reach
from api.targets import ProviderLimits
from api.views import job_path, job_view, plan_view
from api.waiting import Waiters
from worker.contracts.jobs import Job
from worker.contracts.names import FINISHED
from worker.contracts.requests import CoverRequest
from worker.errors import CoverError
from worker.rules.visibility import Pictured
from worker.settings import Settings


class Taking(NamedTuple):
    """One call that asks for pictures, and all that its answer needs."""

    request: Request
    settings: Settings
    intake: Intake
    reach: Reach
    waiters: Waiters

    async def answer(self, model: type[Pictured]) -> Response:
        """The answer to a call whose body is a `model`: its job, or with `plan` its forecast.

        Many models, a line each, have their jobs a line each.
        """
        if is_batch(self.request):
            batch = Batch(model, self._all_started)
            return await answer_lines(self.request, self.settings.api, batch)
        is_plan = wants_plan(self.request)
        wanted = await self.body(model)
        return await (self.planned(wanted) if is_plan else self.started(wanted))

    async def body(self, model: type[Body]) -> Body:
        """The body as a `model`. Raises: as `read_json`."""
        section = self.settings.api
        return await read_json(
            self.request,
            model,
            max_bytes=section.max_body_bytes,
            stall_timeout_s=section.stall_timeout_s,
        )

    async def started(self, wanted: Pictured) -> Response:
        """202 with the job, or 200 with the finished one where `Prefer` had it waited for."""
        job = await self._recorded(self.intake.take, wanted)
        preferred_s = self._preferred_s()
        if preferred_s is not None:
            job = await self._waited(job, preferred_s)
        status = 200 if preferred_s is not None and job.status in FINISHED else 202
        return await self._told(job, status)

    def _all_started(self, wanted: Sequence[Pictured]) -> list[Told | CoverError]:
        made = self.intake.take_all(self.reach.tenant, wanted)
        store = self.intake.store
        return [job_view(each, store) if isinstance(each, Job) else each for each in made]

    async def planned(self, wanted: Pictured) -> Response:
        """200 with the forecast, the failure of the probe, or 202 with a probe that goes on.

        Without a wish in `Prefer` it is waited for as long as the settings say.
        """
        job = await self._recorded(self.intake.plan, wanted)
        preferred_s = self._preferred_s()
        default_s = self.settings.snapshots.plan_wait_s
        job = await self._waited(job, default_s if preferred_s is None else preferred_s)
        if job.status not in FINISHED:
            return await self._told(job, 202)
        if job.result is None:
            code = job.error.code if job.error else "job.cancelled"
            detail = job.error.message if job.error else "The probe was cancelled."
            return problem(code, detail, headers=self._headers(job), job=job.id)
        return JSONResponse(plan_view(job, self._limits(wanted)), headers=self._headers(job))

    def _limits(self, wanted: Pictured) -> ProviderLimits | None:
        if not isinstance(wanted, CoverRequest) or wanted.target is None:
            return None
        return self.intake.targets(self.reach.tenant).limits(wanted.target)

    async def _recorded(self, take: Callable[[str, Pictured], Job], wanted: Pictured) -> Job:
        return await run_in_threadpool(take, self.reach.tenant, wanted)

    async def _waited(self, job: Job, timeout_s: float) -> Job:
        async def read() -> Job:
            return await run_in_threadpool(self.reach.read, job.id)

        return await unless_gone(self.request, self.waiters.wait(job.id, read, timeout_s=timeout_s))

    def _preferred_s(self) -> int | None:
        return wait_s(self.request.headers.getlist("prefer"))

    async def _told(self, job: Job, status: int) -> Response:
        # Thousands of private files take a second to sign: nobody else should wait for that.
        view = await run_in_threadpool(job_view, job, self.intake.store)
        return JSONResponse(view, status_code=status, headers=self._headers(job))

    def _headers(self, job: Job) -> dict[str, str]:
        preferred_s = self._preferred_s()
        applied = {} if preferred_s is None else {"Preference-Applied": f"wait={preferred_s}"}
        return {"Location": job_path(job.id), **applied}
