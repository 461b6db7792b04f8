"""Which settings decide the bytes of covers, and who may read them."""

import pytest

from tests.worker.state.shelves import Shelf, library, space
from worker import wiring
from worker.contracts.libraries import Place
from worker.contracts.requests import CoverRequest
from worker.settings import DecodeSettings, DetectSettings, EncodeSettings, Section, Settings

# Settings of those sections that decide whether covers are made, never which bytes they have.
LIMITS = {
    "DETECT__MODEL",  # another copy of the same file
    "DETECT__TIMEOUT_S",
    "DECODE__FRAME_TIMEOUT_S",
    "DECODE__MAX_MPX",
    "DECODE__MAX_SCALED_JPEG_MPX",
}
OTHER_VALUES = {
    "DETECT__KIND": "none",
    "DETECT__THRESHOLD": "0.6",
    "DETECT__SHORT_SIDE_PX": "320",
    "DECODE__BACKGROUND": "#000000",
    "ENCODE__AVIF_SPEED": "1",
    "ENCODE__WEBP_METHOD": "1",
}


def test_every_setting_of_what_makes_covers_decides_their_bytes_or_is_a_limit() -> None:
    sections: dict[str, type[Section]] = {
        "DETECT": DetectSettings,
        "DECODE": DecodeSettings,
        "ENCODE": EncodeSettings,
    }

    names = {f"{at}__{name.upper()}" for at, kind in sections.items() for name in kind.model_fields}

    assert names == LIMITS | OTHER_VALUES.keys()


@pytest.mark.parametrize(("name", "value"), OTHER_VALUES.items(), ids=OTHER_VALUES)
def test_results_made_with_other_settings_are_not_found_again(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    before = wiring.making(Settings())
    monkeypatch.setenv(f"FIRSTFRAME_{name}", value)

    assert wiring.making(Settings()) != before


def entry_of(place: Place, visibility: str | None) -> CoverRequest:
    ids = {"entry_id": "ent_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D", "version_id": "1"}
    entry = {**place._asdict(), **ids}
    return CoverRequest.model_validate({"source": {"entry": entry}, "visibility": visibility})


def test_covers_of_an_entry_are_public_only_while_its_library_is(one_redis_url: str) -> None:
    shelf = Shelf(one_redis_url)
    shelf.libraries.create(library("many", multi_tenant=True), secret="s")
    shelf.libraries.create_space(space("s1", "many"))

    def readers(*place: str, tenant: str = "ann", asked: str | None = "public") -> str:
        wanted = entry_of(Place(*place), asked)
        return wiring.visibility(Settings(), shelf.libraries, tenant, wanted)

    assert [readers("lib1", "-"), readers("many", "s1")] == ["private", "private"]
    shelf.libraries.set_public_read("lib1", True)
    shelf.libraries.set_space_public_read("many", "s1", True)
    assert [readers("lib1", "-"), readers("many", "s1")] == ["public", "public"]
    assert readers("lib1", "-", tenant="bob") == "private"
    assert readers("lib1", "-", asked=None) == "private"
    assert readers("gone", "-") == "private"
    shelf.libraries.set_public_read("lib1", False)
    assert readers("lib1", "-") == "private"
    shelf.redis.close()


def test_covers_of_other_sources_are_as_asked_or_as_set(one_redis_url: str) -> None:
    shelf = Shelf(one_redis_url)
    wanted = CoverRequest.model_validate({"source": {"url": "https://a.example"}})

    assert wiring.visibility(Settings(), shelf.libraries, "ann", wanted) == "public"
    shelf.redis.close()
