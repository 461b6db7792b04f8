"""What a tenant may have is decided by the records as they are now."""

from tests.worker.state.shelves import Shelf
from worker.contracts.requests import CoverRequest
from worker.state.permissions import entry_refused

ENTRY = {
    "library_id": "lib1",
    "space_id": "-",
    "entry_id": "ent_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D",
    "version_id": "1",
}


def test_an_entry_is_refused_as_its_library_is_recorded_now(shelf: Shelf) -> None:
    wanted = CoverRequest.model_validate({"source": {"entry": ENTRY}, "visibility": "public"})

    def fields() -> list[str | None]:
        told = [entry_refused(shelf.libraries, tenant, wanted) for tenant in ("ann", "bob")]
        return [refused and refused.field for refused in told]

    assert fields() == ["visibility", "source.entry"]
    shelf.libraries.set_public_read("lib1", True)
    assert fields() == [None, "source.entry"]


def test_another_source_is_no_matter_of_libraries(shelf: Shelf) -> None:
    wanted = CoverRequest.model_validate({"source": {"url": "https://a.example"}})

    assert entry_refused(shelf.libraries, "bob", wanted) is None
