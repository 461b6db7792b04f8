"""Settings reach the adapters they are meant for, and no keyword of an adapter is left without."""

from inspect import signature

import pytest
from pydantic import SecretStr

from worker import registry
from worker.settings import (
    AlibabaProfile,
    AlibabaVodProfile,
    DecodeSettings,
    DetectSettings,
    EncodeSettings,
    FetchSettings,
    HuaweiProfile,
    LibrarySettings,
    ObjectBucketSettings,
    Section,
    SmhProfile,
    StoreSettings,
    WebhookProfile,
    WebhookSettings,
)
from worker.wiring.adapters import made, values

WHSEC = SecretStr("whsec_" + "c2VjcmV0LWNhbmFyeS0wMDAxLXNlY3JldC1jYW5hcnk=")
# What wiring itself knows beside the fields of the sections.
GIVEN_BY_WIRING = {
    "account",
    "allow_http",
    "allowed",
    "digest_of",
    "keep_read_bytes",
    "key_of",
    "library",
    "max_bytes",
    "media",
    "model_path",
    "model_sha256",
    "on_hang",
    "own_bucket",
    "real",
    "store",
    "tenant",
    "tokens",
}
# Fields that wiring reads itself.
READ_BY_WIRING = {
    "calls_per_minute",
    "reads_per_minute",
    *("kind", "model", "objects", "buckets", "short_side_px", "tenants", "visibility"),
}
# Fields of `webhooks` that are of the lane, or looked up by tenant.
OF_NOTICES = {"slots", "max_age_s", "secrets"}
PROFILES = (AlibabaProfile, AlibabaVodProfile, HuaweiProfile, SmhProfile, WebhookProfile)
# Fields of how libraries are served, not of how they are kept.
READ_BY_THE_API = {"first", "cover_wait_s", "confirm_wait_s", "link_s"}
SECTIONS: dict[str, tuple[dict[str, str], tuple[type[Section], ...]]] = {
    "store": (registry.STORES, (StoreSettings,)),
    "libraries": (registry.LIBRARIES, (StoreSettings, LibrarySettings)),
    "profiles": (
        {**registry.SOURCES, **registry.PROVIDERS},
        (FetchSettings, ObjectBucketSettings, *PROFILES),
    ),
    "messengers": (registry.MESSENGERS, (WebhookSettings,)),
    "sandbox": (registry.SANDBOXES, (DecodeSettings,)),
    "detect": (registry.DETECTORS, (DetectSettings,)),
    "encode": (registry.ENCODERS, (EncodeSettings,)),
}


# What adapters know themselves: where bytes come from, how names are looked up.
ADAPTERS_OWN = {"descriptor", "dial", "resolve", "ssl_context"}


@pytest.mark.parametrize(("table", "sections"), SECTIONS.values(), ids=SECTIONS.keys())
def test_every_keyword_of_an_adapter_is_a_setting(
    table: dict[str, str], sections: tuple[type[Section], ...]
) -> None:
    given = GIVEN_BY_WIRING | {name for section in sections for name in section.model_fields}

    for name, where in table.items():
        keywords = signature(registry.load(table, name)).parameters.keys() - ADAPTERS_OWN
        assert keywords <= given, f"{where} takes {keywords - given}, which is no setting"


@pytest.mark.parametrize(("table", "sections"), SECTIONS.values(), ids=SECTIONS.keys())
def test_every_setting_of_a_section_is_taken_by_some_adapter(
    table: dict[str, str], sections: tuple[type[Section], ...]
) -> None:
    fields = {name for section in sections for name in section.model_fields}
    fields -= READ_BY_WIRING | READ_BY_THE_API | OF_NOTICES

    taken = {key for name in table for key in signature(registry.load(table, name)).parameters}

    assert fields <= taken, f"nobody takes {fields - taken}"


class Told:
    """An adapter that says what it was told."""

    def __init__(self, *, folder: str, secret: str = "", size: int = 1) -> None:
        self.told = folder, secret, size


TOLD = {"told": f"{__name__}:Told"}


def test_an_adapter_is_given_the_values_it_names_and_no_others() -> None:
    adapter = made(TOLD, "told", {"folder": "here", "size": 2, "bucket": "unnamed"})

    assert adapter.told == ("here", "", 2)


def test_an_adapter_without_a_value_it_must_have_is_not_made() -> None:
    with pytest.raises(TypeError, match="folder"):
        made(TOLD, "told", {"size": 2})


def test_secrets_reach_an_adapter_opened() -> None:
    section = StoreSettings(secret_key=SecretStr("open sesame"))

    assert values(section)["secret_key"] == "open sesame"
    assert values(section)["link_secret"] is None


def test_all_of_a_list_of_secrets_reach_an_adapter_opened() -> None:
    section = WebhookProfile(url="https://told.example", secrets=[WHSEC, WHSEC])

    assert values(section)["secrets"] == [WHSEC.get_secret_value()] * 2
