"""The ports: what the stories need from the world, one Protocol each. Adapters implement them.

Laws every adapter passes are in `tests/contract/`. Errors are `worker.errors` only; adapters
translate foreign exceptions at their border.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from worker.contracts.libraries import (
    Claim,
    Entry,
    Leftover,
    Place,
    Transfer,
    Version,
    VersionDraft,
)
from worker.contracts.requests import Recipe
from worker.contracts.results import CoverResult, MediumInfo
from worker.contracts.tokens import VendorToken
from worker.geometry.shapes import Box, RelativeBox

Reference_contra = TypeVar("Reference_contra", contravariant=True)


class Reader(Protocol):
    """An opened source: bytes by range, counted."""

    @property
    def label(self) -> str:
        """The source as it may be shown: never a signed query, never a password."""

    @property
    def size_bytes(self) -> int | None:
        """The whole length, where the source tells it."""

    @property
    def fingerprint(self) -> str | None:
        """A strong validator of the bytes (contract, Stored objects), or None."""

    @property
    def bytes_read(self) -> int: ...

    @property
    def requests(self) -> int:
        """Round trips to the other side; 0 for local files and standard input."""

    def read(self, offset: int, length: int) -> bytes:
        """The bytes [offset, offset + length); fewer only at the end of the medium.

        Raises: SourceError, with `source.too_large` or `source.timeout` when a cap is reached.
        """

    def descriptor(self) -> int | None:
        """A file descriptor of a local regular file that the decode child may read itself."""

    def close(self) -> None: ...


class Source(Protocol[Reference_contra]):
    """One kind of place a medium can come from."""

    def open(self, reference: Reference_contra) -> Reader:
        """Raises: SourceError."""


@dataclass(frozen=True, slots=True)
class View:
    """RGB24 pixels, rows top to bottom without padding: `len(pixels) == width * height * 3`."""

    width_px: int
    height_px: int
    pixels: memoryview


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame, held by the decoder until released. `pts_ms` is None for stills."""

    handle: int
    pts_ms: int | None
    index: int
    flags: tuple[str, ...] = ()


class OpenMedium(Protocol):
    """A medium that was opened for decoding; many frames, many views of each."""

    @property
    def info(self) -> MediumInfo:
        """What the medium is; until a frame was decoded, what its file claims."""

    def frame(self, at: str) -> Frame:
        """The frame that policy `at` names (`first`). Raises: MediaError, SourceError."""

    def view(self, frame: Frame, box: Box, width_px: int, height_px: int) -> View:
        """The upright region `box` of the frame, area-averaged to width_px by height_px."""

    def release(self, frame: Frame) -> None: ...

    def close(self) -> None: ...


class Decoder(Protocol):
    """Pixels from bytes: upright, square, sRGB; cover-art streams ignored."""

    def open(self, reader: Reader, *, needed_px: int | None) -> OpenMedium:
        """Open a medium; `needed_px` is the short side a view will need at most, None for all.

        Raises: MediaError, SourceError.
        """


class FoundFace(NamedTuple):
    box: RelativeBox
    score: float


class FaceDetector(Protocol):
    """Where the faces are: none is a normal answer; boxes inside the frame; stable order."""

    @property
    def model(self) -> str:
        """Name and digest prefix of the model, `none` without one."""

    def check(self) -> None:
        """Raises FaceError when it would find nobody for want of its model or native library."""

    def detect(self, view: View) -> tuple[FoundFace, ...]:
        """Faces by falling score. Raises: FaceError."""


class Encoder(Protocol):
    """A picture file from pixels: exactly the view's size, sRGB, no metadata of the source."""

    content_type: str
    extension: str

    def encode(self, view: View, *, quality: int) -> bytes:
        """Raises: ImageError."""


class StoredObject(NamedTuple):
    key: str
    size_bytes: int
    content_type: str
    modified_at_s: float


class Store(Protocol):
    """Bytes under a key. Keys are made by `rules.keys`; `covers/…` is public, the rest private.

    `rules.objects` holds the refusals that all stores share: an odd key finds nothing when read
    and is `request.invalid` when put or linked to. Safe to use from several threads.
    """

    served_here: bool
    """Whether the API serves the objects below `public_base_url`; else the store does so itself."""

    def put(self, key: str, data: bytes, *, content_type: str) -> None:
        """Keep `data`; returns only after it was read back and is the same. Idempotent.

        Raises: StorageError.
        """

    def put_file(self, key: str, path: Path, *, content_type: str) -> None:
        """Keep a file's bytes, verified by length and digest. Raises: StorageError."""

    def find(self, key: str) -> StoredObject | None:
        """The object's facts; None where there is none. Raises: StorageError."""

    def read(self, key: str, offset: int, length: int) -> bytes:
        """A range; fewer bytes only at the end. Raises: StorageError, `request.not_found`."""

    def delete(self, key: str) -> None:
        """Remove the object; none there is no error."""

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Objects whose keys begin with `prefix`, in the order of their keys, read as they come."""

    def public_url(self, key: str) -> str:
        """The permanent plain URL of a public object: no query."""

    def signed_url(self, key: str, *, expires_s: int) -> str:
        """A link that reads a private object for 1 s to 7 days; made without asking the store."""

    def check(self) -> None:
        """Raises StorageError when the store cannot take objects now."""


class Placed(NamedTuple):
    """Where a cover is; only a public one has a `url`, only a stored one a `key`."""

    path: str | None = None
    url: str | None = None
    key: str | None = None


class Destination(Protocol):
    """Where a story's finished covers go: the store for jobs, a folder for commands."""

    def put(self, data: bytes, *, encoder: Encoder, size: int | None) -> Placed:
        """Raises: StorageError."""


class Results(Protocol):
    """Covers that were made before, found again by what they were made of."""

    def find(self, fingerprint: str, recipe: Recipe) -> CoverResult | None:
        """The result for the same bytes and recipe, if all its covers are still stored."""

    def keep(self, fingerprint: str, recipe: Recipe, result: CoverResult) -> None: ...


class LinkLook(NamedTuple):
    """How the answer behind a link presents itself. `expires_s` counts from now, 1 to 7200."""

    expires_s: int
    name: str
    attachment: bool = False


class Library(Protocol):
    """The bytes of library files, in versions that never change, and who their entries are.

    Entries have ids of ours; their names stand in documents only, so no name can reach outside its
    space. Every method raises StorageError. Safe to use from several threads.
    """

    served_here: bool
    """Whether the API serves the links below `public_base_url`; else the store does so itself."""

    def put(self, place: Place, entry_id: str, file: Path, draft: VersionDraft) -> Version:
        """Keep the file's bytes as the entry's newest version; told only after a check.

        A draft whose `transfer` is that of the newest version gives that version again.
        """

    def version(self, place: Place, entry_id: str, version_id: str) -> Version | None:
        """One version; None for an unknown or malformed id."""

    def newest(self, place: Place, entry_id: str) -> Version | None:
        """The version that was complete last, found however many there are; None for none."""

    def versions(self, place: Place, entry_id: str, *, since: str | None = None) -> list[Version]:
        """All versions, newest first; empty where there is no such entry.

        Only those newer than `since` where that is told, and still there.
        """

    def read(
        self, place: Place, entry_id: str, version_id: str, *, offset: int, length: int
    ) -> bytes:
        """A range; fewer bytes only at the end. Raises: RequestError `request.not_found`."""

    def link(self, place: Place, entry_id: str, version: Version, *, look: LinkLook) -> str:
        """A signed link that reads one version with ranges; made without asking the store."""

    def note(self, entry: Entry) -> None:
        """Keep the entry's document: its name, parent, kind and times. Idempotent."""

    def entries(self, place: Place) -> Iterator[Entry]:
        """Every entry with its newest version; files that have no version are left out."""

    def forget(self, place: Place, entry_id: str) -> None:
        """Remove the entry's document only, so that `entries` tells it no more. Idempotent."""

    def leftovers(self, place: Place) -> Iterator[Leftover]:
        """What `entries` leaves out: an upload goes on, or it died on the way."""

    def delete(self, place: Place, entry_id: str) -> None:
        """Remove the entry's document and all its versions; none there is no error.

        `storage.unavailable` where that takes too long: asked again, it goes on.
        """

    def delete_version(self, place: Place, entry_id: str, version_id: str) -> None:
        """Remove one version, with the last one the document too; none there is no error."""

    def clear(self, place: Place) -> None:
        """Remove all that is kept of a space, entries that nobody sees too. Idempotent."""


class Entries(Protocol):
    """The index of entries, as the story of a checksum sees it."""

    def claim(self, transfer: Transfer, *, entry_id: str) -> Claim:
        """Give the transfer its name, by its rule for conflicts; `entry_id` if the name is free.

        The same transfer always gets the same claim.
        Raises: RequestError `library.conflict`, `library.not_found` when the directory is gone.
        """

    def release(self, transfer: Transfer) -> None:
        """Let the transfer's name go at once, unless it is seen or another upload shares it.

        If the transfer asks again it gets the same claim, where nobody took the name meanwhile.
        """

    def read(self, place: Place, entry_id: str) -> Entry | None:
        """An entry that is seen."""

    def put(self, entry: Entry, *, instead_of: Entry | None = None) -> Entry | None:
        """Make the entry seen, or its version instead of that of `instead_of`; as it is now.

        None, and nothing done, where another version is seen than that of `instead_of`, which was
        read before the library was asked for its newest one.
        Raises: RequestError `library.conflict` when its name was lost to another,
        `library.not_found` when its directory is gone.
        """


class Transfers(Protocol):
    """Uploads to libraries on their way, as the story of a checksum sees them."""

    def read(self, transfer_id: str) -> Transfer | None: ...


class Tokens(Protocol):
    """Access tokens that a provider gave, shared by all who read there."""

    def get(
        self,
        scope: str,
        make: Callable[[str | None], VendorToken],
        *,
        refused: str | None,
        wait_s: float,
    ) -> str:
        """The token for `scope`, unless it is `refused`; one that `make` gives where none is kept.

        `make` is told the token that will soon be over, to renew it; only one caller at a time
        is in `make`. Raises: SourceError `source.timeout` after `wait_s`; what `make` raises.
        """


class Attempt(Protocol):
    """One try at a job, as its story sees it."""

    def enter(self, stage: str) -> None:
        """Note the stage.

        Raises: RequestError `job.cancelled` or `job.superseded` when the attempt is over.
        """
