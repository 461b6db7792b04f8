"""What a route may ask for, as FastAPI dependencies: the tenant, the records, the store, …."""

import re
from typing import Annotated, Final, cast

from fastapi import Depends, Path, Request

from api.catalogue import CatalogueReach
from api.examples import EXAMPLE_JOB
from api.intake import Intake
from api.ledger import LedgerReach
from api.reach import Reach
from api.recording import Recording
from api.taking import Taking
from api.waiting import Waiters
from worker import wiring
from worker.contracts.names import DEFAULT_TENANT
from worker.errors import RequestError
from worker.ports import Library, Store
from worker.settings import ApiSettings, Settings
from worker.wiring import State

JOB_ID: Final = r"^job_[0-9A-HJKMNP-TV-Z]{26}$"
HEX_ID: Final = r"^[0-9a-f]{32}$"


async def tenant_of(request: Request) -> str:
    """Whose call it is; without any key made, everybody is the one tenant.

    Raises: RequestError `auth.invalid` for a key: it would be ignored otherwise.
    """
    if "authorization" in request.headers:
        raise RequestError("auth.invalid", "No API keys exist here: send no Authorization header.")
    return DEFAULT_TENANT


async def _api(request: Request) -> ApiSettings:
    return cast(Settings, request.app.state.settings).api


async def _link_secret(request: Request) -> str | None:
    secret = cast(Settings, request.app.state.settings).store.link_secret
    return secret.get_secret_value() if secret else None


async def _state(request: Request) -> State:
    return cast(State, request.app.state.state)


async def _store(request: Request) -> Store:
    return cast(Store, request.app.state.store)


async def _library(request: Request) -> Library:
    return cast(Library, request.app.state.library)


async def _intake(request: Request) -> Intake:
    settings = cast(Settings, request.app.state.settings)
    state = request.app.state
    return Intake(state.state, state.store, settings, is_open=settings.api.open)


async def _waiters(request: Request) -> Waiters:
    return cast(Waiters, request.app.state.waiters)


TenantName = Annotated[str, Depends(tenant_of)]


async def _reach(request: Request, tenant: TenantName) -> Reach:
    settings = cast(Settings, request.app.state.settings)
    return Reach(cast(State, request.app.state.state).jobs, tenant, settings.api.open)


async def _taking(
    request: Request,
    intake: Annotated[Intake, Depends(_intake)],
    reach: Annotated[Reach, Depends(_reach)],
    waiters: Annotated[Waiters, Depends(_waiters)],
) -> Taking:
    settings = cast(Settings, request.app.state.settings)
    return Taking(request, settings, intake, reach, waiters)


async def _catalogue(request: Request, tenant: TenantName) -> CatalogueReach:
    settings = cast(Settings, request.app.state.settings)
    state = request.app.state
    return CatalogueReach(wiring.catalogue(state.state, state.store), tenant, settings.api.open)


async def _ledger(
    reach: Annotated[Reach, Depends(_reach)], state: Annotated[State, Depends(_state)]
) -> LedgerReach:
    return LedgerReach(state, reach)


async def _recording(
    taking: Annotated[Taking, Depends(_taking)], ledger: Annotated[LedgerReach, Depends(_ledger)]
) -> Recording:
    return Recording(taking, ledger)


async def known_job_id(
    job_id: Annotated[str, Path(description="The job's id.", examples=[EXAMPLE_JOB["id"]])],
) -> str:
    """An id of the form we give; any other names no job."""
    if not re.fullmatch(JOB_ID, job_id):
        raise RequestError("request.not_found", "There is no such job.")
    return job_id


JobId = Annotated[str, Depends(known_job_id)]
GivenSettings = Annotated[ApiSettings, Depends(_api)]
GivenLinkSecret = Annotated[str | None, Depends(_link_secret)]
GivenState = Annotated[State, Depends(_state)]
GivenStore = Annotated[Store, Depends(_store)]
GivenLibrary = Annotated[Library, Depends(_library)]
GivenReach = Annotated[Reach, Depends(_reach)]
GivenCatalogue = Annotated[CatalogueReach, Depends(_catalogue)]
GivenLedger = Annotated[LedgerReach, Depends(_ledger)]
GivenRecording = Annotated[Recording, Depends(_recording)]
GivenTaking = Annotated[Taking, Depends(_taking)]
