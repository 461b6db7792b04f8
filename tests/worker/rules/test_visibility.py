"""Covers of private libraries stay private, and nobody takes covers by another's profile."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from worker.contracts.catalogue import ImageRecord
from worker.contracts.libraries import LibraryInfo, SpaceInfo
from worker.contracts.names import Visibility
from worker.contracts.requests import CoverRequest, VendorImageReference
from worker.contracts.targets import FirstframeTarget, VendorSetting
from worker.rules.keys import private_key, public_key
from worker.rules.visibility import (
    account_refusal,
    bound_to,
    entry_refusal,
    image_refusal,
    is_of_library,
    refusal,
    source_refusal,
    visibility_of,
)

ENTRY = {
    "library_id": "photos",
    "space_id": "-",
    "entry_id": "ent_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D",
    "version_id": "1",
}


class Told(NamedTuple):
    library_id: str = "lib"
    tenants: tuple[str, ...] = ("default",)
    public_read: bool = False


PROFILES = {"main": Told(), "open": Told(public_read=True), "ann": Told(tenants=("ann",))}


def smh(**changes: Any) -> dict[str, Any]:
    return {"provider": "tencent_smh", "library_id": "lib", **changes}


def wanted(visibility: str | None = None, **source: Any) -> CoverRequest:
    return CoverRequest.model_validate({"source": source, "visibility": visibility})


@pytest.mark.parametrize(
    ("source", "asked", "default", "expected"),
    [
        pytest.param({"url": "https://a.example"}, None, "public", "public", id="url"),
        pytest.param({"url": "https://a.example"}, None, "private", "private", id="by-setting"),
        pytest.param({"url": "https://a.example"}, "private", "public", "private", id="asked"),
        pytest.param({"url": "https://a.example"}, "public", "private", "public", id="asked-open"),
        pytest.param({"album": smh()}, None, "public", "private", id="album"),
        pytest.param({"album": smh()}, "public", "public", "private", id="album-asked-open"),
        pytest.param({"album": smh(profile="open")}, None, "public", "public", id="open-album"),
        pytest.param(
            {"album": smh(profile="open")}, "private", "public", "private", id="open-album-asked"
        ),
        pytest.param({"album": smh(profile="gone")}, None, "public", "private", id="no-profile"),
        pytest.param({"file": smh(path="a.jpg")}, None, "public", "private", id="file"),
        pytest.param(
            {"file": smh(path="a.jpg", profile="open")}, None, "public", "public", id="open-file"
        ),
        pytest.param({"entry": ENTRY}, None, "public", "private", id="entry"),
        pytest.param({"entry": ENTRY}, "public", "private", "public", id="entry-taken-as-open"),
    ],
)
def test_who_may_read_the_covers(
    source: dict[str, Any], asked: str | None, default: Visibility, expected: str
) -> None:
    found = visibility_of(wanted(asked, **source), default=default, profiles=PROFILES)

    assert found == expected


@pytest.mark.parametrize(
    ("source", "asked", "code", "field"),
    [
        pytest.param(
            {"album": smh(profile="gone")},
            None,
            "source.not_allowed",
            "source.album.profile",
            id="unknown-profile",
        ),
        pytest.param(
            {"file": smh(path="a", profile="ann")},
            None,
            "source.not_allowed",
            "source.file.profile",
            id="of-another-tenant",
        ),
        pytest.param(
            {"album": smh(library_id="other")},
            None,
            "source.not_allowed",
            "source.album.library_id",
            id="another-library",
        ),
        pytest.param(
            {"file": smh(path="a")},
            "public",
            "request.invalid",
            "visibility",
            id="public-of-private",
        ),
    ],
)
def test_what_is_refused(source: dict[str, Any], asked: str | None, code: str, field: str) -> None:
    found = refusal(wanted(asked, **source), "default", PROFILES)

    assert found is not None
    assert (found.code, found.field) == (code, field)


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        pytest.param({"url": "https://a.example"}, "public", id="url"),
        pytest.param({"album": smh()}, None, id="album"),
        pytest.param({"album": smh()}, "private", id="private-album"),
        pytest.param({"album": smh(profile="open")}, "public", id="open-album"),
    ],
)
def test_what_is_taken(source: dict[str, Any], asked: str | None) -> None:
    request = wanted(asked, **source)

    assert refusal(request, "default", PROFILES) is None
    assert source_refusal(request.source, "default", PROFILES) is None


@pytest.mark.parametrize(
    ("library", "space", "asked", "field"),
    [
        pytest.param({}, {}, None, None, id="ours"),
        pytest.param({}, {}, "private", None, id="ours-private"),
        pytest.param({"public_read": True}, {}, "public", None, id="ours-public"),
        pytest.param({}, {"public_read": True}, "public", "visibility", id="the-library-counts"),
        pytest.param(
            {"multi_tenant": True}, {"public_read": True}, "public", None, id="a-public-space"
        ),
        pytest.param(
            {"multi_tenant": True, "public_read": True}, {}, "public", "visibility", id="its-space"
        ),
        pytest.param({"tenant": "bob"}, {}, None, "source.entry", id="another-tenants"),
        pytest.param(None, None, None, "source.entry", id="no-library"),
        pytest.param({}, None, None, "source.entry", id="no-space"),
    ],
)
def test_which_entries_a_tenant_takes_covers_from(
    library: dict[str, Any] | None, space: dict[str, Any] | None, asked: str | None, field: str
) -> None:
    told = {"id": "lib", "tenant": "default", "kind": "media", "created_ms": 1}
    info = None if library is None else LibraryInfo.model_validate({**told, **library})
    made = {"library_id": "lib", "id": "-", "created_ms": 1}
    place = None if space is None else SpaceInfo.model_validate({**made, **space})

    found = entry_refusal(wanted(asked, entry=ENTRY), "default", info, place)

    assert (found and found.field) == field


IMAGE = {"provider": "firstframe", "image_id": "0" * 32}
PUBLIC = public_key("snapshots", "a" * 64, "jpg")
PRIVATE = private_key("default", "a" * 64, "jpg")


def picture(key: str | None, *, of_library: bool = False) -> ImageRecord:
    return ImageRecord(
        image_id="0" * 32,
        tenant="default",
        of_library=of_library,
        label="snapshots/snapshot-001",
        type="NormalSnapshot",
        title="clip.mp4 at 1 s",
        status="Normal" if key else "Uploading",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        key=key,
        job="job_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D",
    )


@pytest.mark.parametrize(
    ("record", "changes", "asked", "field"),
    [
        pytest.param(None, {}, None, "source.image.image_id", id="unknown"),
        pytest.param(picture(None), {}, None, "source.image.image_id", id="not-made-yet"),
        pytest.param(picture(PRIVATE), {}, "public", "visibility", id="more-public"),
        pytest.param(
            picture(PUBLIC), {"of_library": False}, None, "source.image.of_library", id="our-word"
        ),
    ],
)
def test_what_is_not_made_of_a_picture(
    record: ImageRecord | None, changes: dict[str, Any], asked: str | None, field: str
) -> None:
    refused = image_refusal(wanted(asked, image={**IMAGE, **changes}), record)

    assert refused is not None
    assert refused.field == field


@pytest.mark.parametrize(
    ("key", "asked", "expected"),
    [
        pytest.param(PUBLIC, None, None, id="public"),
        pytest.param(PUBLIC, "private", "private", id="public-asked-private"),
        pytest.param(PUBLIC, "public", "public", id="public-asked-public"),
        pytest.param(PRIVATE, None, "private", id="private"),
        pytest.param(PRIVATE, "private", "private", id="private-asked-private"),
    ],
)
def test_what_is_made_of_a_picture_is_no_more_public_than_it_is(
    key: str, asked: str | None, expected: str | None
) -> None:
    request = wanted(asked, image=IMAGE)

    assert image_refusal(request, picture(key)) is None
    assert bound_to(request, picture(key)).visibility == expected


@pytest.mark.parametrize("of_library", [True, False])
def test_what_is_made_of_a_picture_of_a_library_is_of_that_library(of_library: bool) -> None:
    request = wanted(image=IMAGE)

    bound = bound_to(request, picture(PRIVATE, of_library=of_library))

    assert is_of_library(bound) == of_library
    assert not is_of_library(request)


@pytest.mark.parametrize("of_library", [True, False])
def test_what_a_client_sets_as_the_cover_of_a_file_of_a_library_is_of_that_library(
    of_library: bool,
) -> None:
    as_set = VendorSetting(by="huawei_vod", of_library=of_library)
    target = FirstframeTarget(provider="firstframe", medium_id="0" * 32, as_set=as_set)
    request = wanted(url="https://media.example/a.jpg").model_copy(update={"target": target})

    assert is_of_library(request) == of_library


@pytest.mark.parametrize(
    ("profile", "tenant", "is_taken"),
    [("main", "default", True), ("main", "ann", False), ("ann", "ann", True), ("x", "ann", False)],
)
def test_an_image_elsewhere_is_read_by_a_profile_of_the_tenant(
    profile: str, tenant: str, is_taken: bool
) -> None:
    image = VendorImageReference(provider="alibaba_vod", image_id="a1", profile=profile)

    found = account_refusal(image, tenant, PROFILES)

    assert (found is None) == is_taken
    if found is not None:
        assert (found.code, found.field) == ("source.not_allowed", "source.image.profile")
