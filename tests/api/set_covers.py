"""What tests of set covers ask the catalogue, the API and the ledger."""

from collections.abc import Callable

import httpx2

from api.setting import Setting
from tests.api.attempts import Attempts
from worker import wiring
from worker.contracts.catalogue import ImageRecord
from worker.contracts.jobs import Item
from worker.contracts.targets import VendorApi
from worker.settings import Settings
from worker.state.records import RecordFilters

Make = Callable[..., Setting]


def image_of(found: Setting, image: str) -> ImageRecord:
    record = found.state.images.read("default", image)
    assert record is not None
    return record


def medium_of(found: Setting, image: str) -> str:
    medium = image_of(found, image).medium_id
    assert medium is not None
    return medium


def url_of(found: Setting, image: str) -> str:
    url = image_of(found, image).url
    assert url is not None
    # The tests' pictures name another host than the store does.
    return found.store.public_url(image_of(found, image).key or "")


def told(client: httpx2.Client, medium: str) -> dict[str, object]:
    """The cover as `GET /v1/media/{id}` tells it."""
    view: dict[str, object] = client.get(f"/v1/media/{medium}").raise_for_status().json()["cover"]
    return view


def turn_of(settings: Settings, record_id: str) -> str:
    """What the ledger says to the first attempt at an order."""
    state = wiring.state(settings, timeout_s=5)
    state.lanes.release("record")
    lease = state.leases.claim(Item("record", record_id), "test")
    assert lease
    word = state.ledgers.of(lease).begin().word
    lease.give_back()
    return word


def states(found: Setting) -> list[str]:
    """What the ledger tells of all records, newest first."""
    page = found.state.records.page("default", RecordFilters(), cursor=None, limit=50)
    return [record.state for record in page.records]


def setting_of(settings: Settings) -> Make:
    """What an account that may see all media sets, unless a test says otherwise."""
    Attempts(settings)
    state, store = wiring.state(settings, timeout_s=5), wiring.store(settings)

    def made(
        by: VendorApi = "alibaba_mps", *, tenant: str = "default", sees: set[str] | None = None
    ) -> Setting:
        def may_see(medium: str) -> bool:
            return sees is None or medium in sees

        return Setting(state, store, settings.fetch, tenant, by, may_see)

    return made
