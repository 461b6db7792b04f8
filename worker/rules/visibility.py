"""Who may read a cover, and which sources a tenant may take covers from at all."""

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple, Protocol

from worker.contracts.catalogue import ImageRecord
from worker.contracts.jobs import AnyRequest, source_of
from worker.contracts.libraries import LibraryInfo, SpaceInfo
from worker.contracts.names import Visibility
from worker.contracts.requests import (
    CoverRequest,
    ImageReference,
    SmhReference,
    SourceReference,
    VendorImageReference,
)
from worker.contracts.snapshots import SnapshotRequest
from worker.rules.keys import is_public
from worker.rules.set_covers import set_by_client


class Account(Protocol):
    """What the settings say of an account at a vendor."""

    @property
    def tenants(self) -> Collection[str]: ...


class Profile(Account, Protocol):
    """What the settings say of a library at Tencent SMH."""

    @property
    def library_id(self) -> str: ...

    @property
    def public_read(self) -> bool: ...


Accounts = Mapping[str, Account]
Profiles = Mapping[str, Profile]
# What makes pictures that somebody may read.
Pictured = CoverRequest | SnapshotRequest


class Refusal(NamedTuple):
    """Why a request is not taken: a code, the field that is to blame, what is wrong with it."""

    code: str
    field: str
    message: str


_NO_PROFILE: Final = "there is no such profile for you"
NO_ENTRY: Final = Refusal("request.not_found", "source.entry", "there is no such library or space")
NO_IMAGE: Final = Refusal(
    "request.not_found", "source.image.image_id", "there is no such picture, or not yet"
)
_NOT_PUBLIC: Final = Refusal(
    "request.invalid", "visibility", "the library is private, and so are covers of its media"
)
_PICTURE_NOT_PUBLIC: Final = Refusal(
    "request.invalid", "visibility", "the picture is private, and so is what is made of it"
)
_OURS_TO_SAY: Final = Refusal(
    "request.invalid", "source.image.of_library", "there is no such field"
)


def visibility_of(wanted: Pictured, *, default: Visibility, profiles: Profiles) -> Visibility:
    """Who may read the covers: what the request says, but media of private libraries stay private.

    An `entry` is private unless the request says otherwise, which is taken for public ones only.
    """
    if wanted.source.entry is not None:
        return wanted.visibility or "private"
    library = _library(wanted.source)
    if library is not None and not _is_public(library, profiles):
        return "private"
    return wanted.visibility or default


def refusal(wanted: Pictured, tenant: str, profiles: Profiles) -> Refusal | None:
    """Why `tenant` may not have covers of a library by its profile; None for all other sources."""
    library = _library(wanted.source)
    if library is None:
        return None
    refused = source_refusal(wanted.source, tenant, profiles)
    if refused is None and wanted.visibility == "public" and not _is_public(library, profiles):
        return _NOT_PUBLIC
    return refused


def source_refusal(source: SourceReference, tenant: str, profiles: Profiles) -> Refusal | None:
    """Why `tenant` may not read the library that the source names by its profile."""
    library = _library(source)
    if library is None:
        return None
    field = "source.album" if source.album else "source.file"
    profile = profiles.get(library.profile)
    if profile is None or tenant not in profile.tenants:
        return Refusal("source.not_allowed", f"{field}.profile", _NO_PROFILE)
    if library.library_id != profile.library_id:
        told = "it is not the library of the profile"
        return Refusal("source.not_allowed", f"{field}.library_id", told)
    return None


def account_refusal(image: VendorImageReference, tenant: str, accounts: Accounts) -> Refusal | None:
    """Why `tenant` may not read an image by the account that its profile names."""
    account = accounts.get(image.profile)
    if account is None or tenant not in account.tenants:
        return Refusal("source.not_allowed", "source.image.profile", _NO_PROFILE)
    return None


def entry_refusal(
    wanted: Pictured, tenant: str, library: LibraryInfo | None, space: SpaceInfo | None
) -> Refusal | None:
    """Why `tenant` may not have covers of an entry of that library and space, served here.

    A library of another tenant does not exist. Many tenants' libraries are public by the space,
    the others as a whole.
    """
    if library is None or library.tenant != tenant or space is None:
        return NO_ENTRY
    is_public = space.public_read if library.multi_tenant else library.public_read
    return None if is_public or wanted.visibility != "public" else _NOT_PUBLIC


def image_refusal(wanted: Pictured, image: ImageRecord | None) -> Refusal | None:
    """Why nothing is made of that picture of the catalogue, which the source names."""
    if image is None or image.key is None:
        return NO_IMAGE
    asked = wanted.source.image
    if isinstance(asked, ImageReference) and asked.of_library is not None:
        return _OURS_TO_SAY
    return None if wanted.visibility != "public" or is_public(image.key) else _PICTURE_NOT_PUBLIC


def bound_to(wanted: Pictured, image: ImageRecord) -> Pictured:
    """The request with what follows from its picture: what is made of it is no more public."""
    assert image.key is not None
    changes: dict[str, object] = {}
    if image.of_library and wanted.source.image:
        marked = wanted.source.image.model_copy(update={"of_library": True})
        changes["source"] = wanted.source.model_copy(update={"image": marked})
    if not is_public(image.key):
        changes["visibility"] = "private"
    return wanted.model_copy(update=changes)


def is_of_library(request: AnyRequest) -> bool:
    """Whether a job is over a file of a library that is served here, and so tells of it.

    One that makes a cover for such a file is, wherever its picture comes from.
    """
    source, was_set = source_of(request), set_by_client(request)
    if source is None or source.entry is not None or (was_set and was_set[1].of_library):
        return True
    return isinstance(source.image, ImageReference) and source.image.of_library is True


def _library(source: SourceReference) -> SmhReference | None:
    return source.album or source.file


def _is_public(library: SmhReference, profiles: Profiles) -> bool:
    profile = profiles.get(library.profile)
    return profile is not None and profile.public_read
