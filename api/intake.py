"""The way in: what a request for pictures is checked for before it becomes a job."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from api.errors import FieldError, RefusedError
from api.release import release
from api.targets import Targets
from worker.contracts.catalogue import ImageRecord
from worker.contracts.jobs import AnyRequest, Job
from worker.contracts.plans import PlanRequest
from worker.contracts.requests import CoverRequest, ImageReference
from worker.errors import CoverError
from worker.ports import Store
from worker.rules.keys import upload_key
from worker.rules.recipes import flight_of
from worker.rules.visibility import (
    NO_ENTRY,
    Pictured,
    Refusal,
    account_refusal,
    bound_to,
    image_refusal,
    is_of_library,
    refusal,
    visibility_of,
)
from worker.rules.watches import watch_refusal
from worker.settings import Settings
from worker.state.permissions import entry_refused
from worker.wiring import State


class Intake(NamedTuple):
    """What requests are checked against, and where their jobs are recorded.

    `is_open`: whoever calls is unknown, and has nothing from libraries (`api.reach`).
    """

    state: State
    store: Store
    settings: Settings
    is_open: bool

    def targets(self, tenant: str) -> Targets:
        """Where a tenant may have covers recorded."""
        return Targets(self.settings, self.state, self.store, tenant, self.is_open)

    def take(self, tenant: str, wanted: Pictured) -> Job:
        """The job of a request: that of its like while one is queued or running, else a new one.

        Raises: RefusedError that names the field, RequestError `queue.unavailable`, `watch.full`,
        StorageError.
        """
        return self._recorded(tenant, self._checked(tenant, wanted))

    def take_all(self, tenant: str, wanted: Sequence[Pictured]) -> list[Job | CoverError]:
        """The job of each request, or why there is none; the others go on.

        From where Redis is away on all have that for their answer: each would wait for it.
        """
        made: list[Job | CoverError] = []
        for each in wanted:
            made.append(self._made(tenant, each))
            if _is_outage(made[-1]):
                break
        for lane in {each.lane for each in made if isinstance(each, Job)}:
            release(self.state.lanes, lane)
        return made + made[-1:] * (len(wanted) - len(made))

    def _made(self, tenant: str, wanted: Pictured) -> Job | CoverError:
        try:
            return self._kept(tenant, self._checked(tenant, wanted))
        except CoverError as refused:
            return refused

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
        return self.images(tenant, [image_id]).get(image_id)

    def images(self, tenant: str, image_ids: Iterable[str]) -> dict[str, ImageRecord]:
        """Those of the pictures that there are for the tenant, as `image`, by their ids."""
        found = self.state.images.read_all(tenant, image_ids)
        return {key: each for key, each in found.items() if not (self.is_open and each.of_library)}

    def _recorded(self, tenant: str, request: AnyRequest) -> Job:
        job = self._kept(tenant, request)
        release(self.state.lanes, job.lane)
        return job

    def _kept(self, tenant: str, request: AnyRequest) -> Job:
        job = self._created(tenant, request)
        self.state.images.expect(job)
        return job

    def _created(self, tenant: str, request: AnyRequest) -> Job:
        if not isinstance(request, CoverRequest) or not request.watch:
            return self.state.jobs.create(tenant, request, flight=flight_of(request))
        job = self.state.jobs.read(tenant, self.state.watches.keep(tenant, request))
        assert job is not None
        return job

    def _checked(self, tenant: str, wanted: Pictured) -> Pictured:
        """The request as it is recorded: what is made of a picture is as private as that is."""
        asked = wanted.source.image
        image = None
        if isinstance(asked, ImageReference):
            image = self.image(tenant, asked.image_id)
            refused = image_refusal(wanted, image)
        elif asked is not None:
            refused = account_refusal(asked, tenant, self.settings.providers.alibaba_vod)
        else:
            profiles = self.settings.providers.tencent_smh
            refused = refusal(wanted, tenant, profiles) or self._missing(tenant, wanted)
        refuse(refused)
        checked = bound_to(wanted, image) if image else wanted
        refuse(self._unrecordable(tenant, checked))
        return checked

    def _missing(self, tenant: str, wanted: Pictured) -> Refusal | None:
        source = wanted.source
        if source.upload and self.store.find(upload_key(tenant, source.upload)) is None:
            return Refusal("request.not_found", "source.upload", "there is no such upload")
        if self.is_open and is_of_library(wanted):
            return NO_ENTRY
        return entry_refused(self.state.libraries, tenant, wanted)

    def _unrecordable(self, tenant: str, wanted: Pictured) -> Refusal | None:
        """Why what is to be told and recorded of the covers cannot be."""
        targets = self.targets(tenant)
        refused = targets.callback_refusal(wanted.callback_url)
        if refused or not isinstance(wanted, CoverRequest):
            return refused
        if wanted.target is None:
            return None
        visibility = visibility_of(
            wanted,
            default=self.settings.store.visibility,
            profiles=self.settings.providers.tencent_smh,
        )
        expected = targets.expected(wanted.format, is_private=visibility == "private")
        refused = targets.refusal(wanted.target, expected)
        return refused or watch_refusal(wanted, self.settings.providers.tencent_smh)


def _is_outage(made: Job | CoverError) -> bool:
    return isinstance(made, CoverError) and made.code == "queue.unavailable"


def refuse(refused: Refusal | None) -> None:
    """Raises: RefusedError that names the field, where there is a refusal."""
    if refused:
        raise error_of(refused)


def error_of(refused: Refusal) -> RefusedError:
    """A refusal as what the caller is answered with."""
    field = FieldError(refused.field, refused.message)
    return RefusedError(refused.code, f"{field.field}: {field.message}.", errors=[field])
