"""What tests of set covers ask the catalogue, the API and the ledger."""

import httpx2

from api.setting import Setting
from worker import wiring
from worker.contracts.catalogue import ImageRecord
from worker.contracts.jobs import Item
from worker.settings import Settings
from worker.state.records import RecordFilters


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
