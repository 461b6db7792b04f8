"""Libraries of media as they are recorded and told: libraries, spaces, entries, versions.

The words are those of Tencent SMH, whose API serves them: a library has spaces, a space is a tree
of directories and files, and where it has albums they are its top directories.
"""

from typing import Final, Literal, NamedTuple, get_args

from pydantic import Field

from worker.contracts.results import Frozen

LibraryKind = Literal["media", "file"]
EntryKind = Literal["dir", "file", "image", "video"]
Way = Literal["created", "updated"]
Conflict = Literal["ask", "rename", "overwrite"]
# Which end of the upload times an album's cover is taken from.
First = Literal["oldest", "newest"]
# What writing calls ask for, by the vendor's names; no grant is needed to read.
GrantName = Literal[
    "admin",
    "space_admin",
    "create_space",
    "delete_space",
    "upload_file",
    "upload_file_force",
    "begin_upload",
    "begin_upload_force",
    "confirm_upload",
    "move_file",
    "move_file_force",
    "delete_file",
    "create_directory",
    "move_directory",
    "delete_directory",
]
GRANTS: Final[frozenset[GrantName]] = frozenset(get_args(GrantName))

# The one space of a library for a single tenant, and the id of every space's top directory.
SINGLE_SPACE: Final = "-"
ROOT: Final = "root"
# Ids of libraries and spaces are parts of keys and of paths: those that are made here, and all that
# there can be, `-` and the vendor's among them.
NEW_ID: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
ANY_ID: Final = r"[A-Za-z0-9_-]{1,64}"
# How long an access token of the served API lives without a use.
DEFAULT_PERIOD_S: Final = 86_400
MIN_PERIOD_S: Final = 300
MAX_PERIOD_S: Final = 315_360_000


class Place(NamedTuple):
    """Where entries live: a space of a library."""

    library_id: str
    space_id: str


class LibraryInfo(Frozen):
    """A library; its kind, tenancy and albums are fixed when it is made."""

    id: str
    tenant: str
    kind: LibraryKind
    multi_tenant: bool = False
    multi_album: bool = False
    public_read: bool = False
    created_ms: int


class SpaceInfo(Frozen):
    """A space of a library for many tenants; `public_read` may change at any time."""

    library_id: str
    id: str
    public_read: bool = False
    created_ms: int


class Grant(Frozen):
    """What an access token of the served API allows. No `grants` means reading only."""

    library_id: str
    space_ids: tuple[str, ...] = ()  # none: all spaces
    user_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    grants: tuple[str, ...] = ()
    period_s: int


class VersionDraft(Frozen):
    """What is known of a version before its bytes are kept; `transfer` names their upload."""

    transfer: str
    size_bytes: int
    crc64: str  # CRC-64/XZ of the bytes, decimal
    content_type: str
    at_ms: int
    way: Way
    created_by: str | None = None
    meta: dict[str, str] = Field(default_factory=dict)  # names in lower case, no prefix


class Version(VersionDraft):
    """One content of a file; its bytes never change. `etag` is the store's, in its quotes."""

    id: str
    etag: str


class Entry(Frozen):
    """A directory or a file. `created_ms` is when its first upload was complete."""

    id: str
    place: Place
    parent_id: str
    name: str
    kind: EntryKind
    created_ms: int
    modified_ms: int
    version: Version | None = Field(default=None, description="The newest; a directory has none.")


class Part(Frozen):
    """A piece of an upload that has come, kept as an upload of the tenant."""

    upload: str
    size_bytes: int
    etag: str


class Transfer(Frozen):
    """An upload on its way: where it goes, and what has come of it."""

    id: str  # trn_ and a ULID
    tenant: str
    place: Place
    parent_id: str
    name: str
    kind: EntryKind
    conflict: Conflict
    multipart: bool
    content_type: str
    created_by: str | None = None
    meta: dict[str, str] = Field(default_factory=dict)
    secret: str = Field(default="", repr=False)  # opens the way its bytes come
    created_ms: int
    parts: dict[int, Part] = Field(default_factory=dict)
    total_bytes: int | None = Field(default=None, description="Of all parts, once it is sealed.")


class Claim(NamedTuple):
    """A name that an upload has for itself; `way` is `updated` where it had a version before.

    The upload's own version, if it is there already, is newer than the one with the id `since`.
    """

    entry_id: str
    name: str
    way: Way
    created_ms: int | None
    since: str | None = None


class Leftover(NamedTuple):
    """Bytes or a document that no entry came of, and when the last of them was written."""

    entry_id: str
    modified_at_s: float
