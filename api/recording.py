"""From a call that records covers to its answer: one record, waited for, or one for each line."""

from typing import NamedTuple

from fastapi.responses import JSONResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.batches import Batch, Told, answer_lines
from api.bodies import refuse_unbuilt
from api.disconnects import unless_gone
from api.ledger import LedgerReach, record_view
from api.ordering import Ordering
from api.prefer import wait_s
from api.release import release
from api.taking import Taking
from api.views import record_path
from worker.contracts.records import Record, RecordRequest
from worker.errors import CoverError


class Recording(NamedTuple):
    """One call that asks for records, and all that its answer needs."""

    taking: Taking
    ledger: LedgerReach

    async def answer(self) -> JSONResponse:
        """202 with the record, or 200 with its end where `Prefer` had it waited for."""
        request = self.taking.request
        refuse_unbuilt(request)
        wanted = await self.taking.body(RecordRequest)
        record = await run_in_threadpool(self._recorded, wanted)
        headers = {"Location": record_path(record.id)}
        preferred_s = wait_s(request.headers.getlist("prefer"))
        if preferred_s is not None:
            record = await self._waited(record, preferred_s)
            headers["Preference-Applied"] = f"wait={preferred_s}"
        is_over = preferred_s is not None and record.state != "pending"
        return JSONResponse(record_view(record), 200 if is_over else 202, headers=headers)

    async def lines(self) -> StreamingResponse:
        """A record, or a problem, for each line of the body."""
        batch = Batch(RecordRequest, self._all_recorded)
        return await answer_lines(self.taking.request, self.taking.settings.api, batch)

    @property
    def _ordering(self) -> Ordering:
        return Ordering(self.taking.intake, self.taking.reach)

    def _recorded(self, wanted: RecordRequest) -> Record:
        (made,) = self._ordering.take([wanted])
        if isinstance(made, CoverError):
            raise made
        release(self.ledger.state.lanes, made.lane)
        return made

    def _all_recorded(self, wanted: list[RecordRequest]) -> list[Told | CoverError]:
        made = self._ordering.take(wanted)
        for lane in {each.lane for each in made if isinstance(each, Record)}:
            release(self.ledger.state.lanes, lane)
        return [record_view(each) if isinstance(each, Record) else each for each in made]

    async def _waited(self, record: Record, timeout_s: float) -> Record:
        async def read() -> Record:
            return await run_in_threadpool(self.ledger.record, record.id)

        waiting = self.taking.waiters.wait_for_record(record.id, read, timeout_s=timeout_s)
        return await unless_gone(self.taking.request, waiting)
