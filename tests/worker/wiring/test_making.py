"""Settings reach the adapters they are meant for, and no keyword of an adapter is left without."""

from inspect import Parameter, signature

import pytest

from worker import registry
from worker.settings import (
    DecodeSettings,
    DetectSettings,
    EncodeSettings,
    FetchSettings,
    LibrarySettings,
    ObjectBucketSettings,
    Section,
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
