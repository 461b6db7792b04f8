"""Settings reach the adapters they are meant for, and no keyword of an adapter is left without."""

from inspect import Parameter, signature

import pytest
from pydantic import SecretStr

from worker import registry, wiring
from worker.settings import (
    DecodeSettings,
    DetectSettings,
    EncodeSettings,
    FetchSettings,
    LibrarySettings,
    ObjectBucketSettings,
    Section,
    Settings,
    SmhProfile,
    StoreSettings,
)

# What wiring itself knows beside the fields of the sections.
GIVEN_BY_WIRING = {
    "allowed",
    "digest_of",
    "library",
    "max_bytes",
    "model_path",
    "model_sha256",
    "on_hang",
    "own_bucket",
    "store",
    "tenant",
    "tokens",
}
# Fields that wiring reads itself.
READ_BY_WIRING = {"kind", "model", "objects", "buckets", "short_side_px", "tenants", "visibility"}
# Fields of how libraries are served, not of how they are kept.
READ_BY_THE_API = {"first", "cover_wait_s", "confirm_wait_s", "link_s"}
SECTIONS: dict[str, tuple[dict[str, str], tuple[type[Section], ...]]] = {
    "store": (registry.STORES, (StoreSettings,)),
    "libraries": (registry.LIBRARIES, (StoreSettings, LibrarySettings)),
    "sources": (registry.SOURCES, (FetchSettings, ObjectBucketSettings, SmhProfile)),
    "sandbox": (registry.SANDBOXES, (DecodeSettings,)),
    "detect": (registry.DETECTORS, (DetectSettings,)),
    "encode": (registry.ENCODERS, (EncodeSettings,)),
}


@pytest.mark.parametrize(("table", "sections"), SECTIONS.values(), ids=SECTIONS.keys())
def test_every_keyword_an_adapter_must_have_is_a_setting(
    table: dict[str, str], sections: tuple[type[Section], ...]
) -> None:
    given = GIVEN_BY_WIRING | {name for section in sections for name in section.model_fields}

    for name, where in table.items():
        needed = {
            key
            for key, parameter in signature(registry.load(table, name)).parameters.items()
            if parameter.default is Parameter.empty
        }
        assert needed <= given, f"{where} needs {needed - given}"


@pytest.mark.parametrize(("table", "sections"), SECTIONS.values(), ids=SECTIONS.keys())
def test_every_setting_of_a_section_is_taken_by_some_adapter(
    table: dict[str, str], sections: tuple[type[Section], ...]
) -> None:
    fields = {name for section in sections for name in section.model_fields}
    fields -= READ_BY_WIRING | READ_BY_THE_API

    taken = {key for name in table for key in signature(registry.load(table, name)).parameters}

    assert fields <= taken, f"nobody takes {fields - taken}"


def test_a_library_is_of_the_stores_kind_unless_it_has_its_own() -> None:
    minio = StoreSettings(kind="minio", access_key=SecretStr("a"), secret_key=SecretStr("b"))

    assert wiring.library(Settings()).served_here
    assert not wiring.library(Settings(store=minio)).served_here
    both = Settings(store=minio, libraries=LibrarySettings(kind="local"))
    assert wiring.library(both).served_here


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
