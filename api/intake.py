"""The way in: what a request for pictures is checked for before it becomes a job."""

from typing import NamedTuple

from api.errors import FieldError, RefusedError
from api.release import release
from worker.contracts.catalogue import ImageRecord
from worker.contracts.jobs import AnyRequest, Job
from worker.contracts.plans import PlanRequest
from worker.contracts.requests import CoverRequest
from worker.ports import Store
from worker.rules.keys import upload_key
from worker.rules.recipes import flight_of
from worker.rules.visibility import (
    NO_ENTRY,
    Pictured,
    Profiles,
    Refusal,
    bound_to,
    image_refusal,
    is_of_library,
    refusal,
)
from worker.state.permissions import entry_refused
from worker.wiring import State


class Intake(NamedTuple):
    """What requests are checked against, and where their jobs are recorded.

    `is_open`: whoever calls is unknown, and has nothing from libraries (`api.reach`).
    """

    state: State
    store: Store
    profiles: Profiles
    is_open: bool

    def take(self, tenant: str, wanted: Pictured) -> Job:
        """The job of a request: that of its like while one is queued or running, else a new one.

        Raises: RefusedError that names the field, RequestError `queue.unavailable`, StorageError.
        """
        return self._recorded(tenant, self._checked(tenant, wanted))

    def plan(self, tenant: str, wanted: Pictured) -> Job:
        """The job that forecasts a request; live, since it is waited for, unless a lane was named.

        Raises: as `take`.
        """
        checked = self._checked(tenant, wanted)
        named = {"lane": wanted.lane} if "lane" in wanted.model_fields_set else {}
        field = "cover" if isinstance(wanted, CoverRequest) else "snapshots"
        return self._recorded(tenant, PlanRequest.model_validate({field: checked, **named}))

    def image(self, tenant: str, image_id: str) -> ImageRecord | None:
        """The record of a tenant's picture; an open API has none of libraries.

        Raises: RequestError `queue.unavailable`.
        """
        found = self.state.images.read(tenant, image_id)
        return None if found is None or (self.is_open and found.of_library) else found

    def _recorded(self, tenant: str, request: AnyRequest) -> Job:
        job = self.state.jobs.create(tenant, request, flight=flight_of(request))
        self.state.images.expect(job)
        release(self.state.lanes, job.lane)
        return job

    def _checked(self, tenant: str, wanted: Pictured) -> Pictured:
        """The request as it is recorded: what is made of a picture is as private as that is."""
        image = None
        if wanted.source.image is None:
            refused = refusal(wanted, tenant, self.profiles) or self._missing(tenant, wanted)
        else:
            image = self.image(tenant, wanted.source.image.image_id)
            refused = image_refusal(wanted, image)
        if refused:
            field = FieldError(refused.field, refused.message)
            detail = f"{field.field}: {field.message}."
            raise RefusedError(refused.code, detail, errors=[field])
        return bound_to(wanted, image) if image else wanted

    def _missing(self, tenant: str, wanted: Pictured) -> Refusal | None:
        source = wanted.source
        if source.upload and self.store.find(upload_key(tenant, source.upload)) is None:
            return Refusal("request.not_found", "source.upload", "there is no such upload")
        if self.is_open and is_of_library(wanted):
            return NO_ENTRY
        return entry_refused(self.state.libraries, tenant, wanted)
