"""Where pictures are kept, and what was made before."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, TypeVar

Asked_contra = TypeVar("Asked_contra", contravariant=True)
Made = TypeVar("Made")


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


class Output(NamedTuple):
    """What a finished file is: the folder of its kind, what tells it from its siblings, its form.

    `label` is `256` or `cover` for covers, `snapshot-001`, `sheet-01`, `storyboard`, … for others.
    """

    folder: Literal["covers", "snapshots"]
    label: str
    extension: str
    content_type: str


class Placed(NamedTuple):
    """Where a finished file is; only a public one has a `url`, only a stored one a `key`."""

    path: str | None = None
    url: str | None = None
    key: str | None = None


class Destination(Protocol):
    """Where a story's finished files go: the store for jobs, a folder for commands."""

    def put(self, data: bytes, output: Output) -> Placed:
        """Raises: StorageError."""

    def reference(self, placed: Placed) -> str:
        """How a sibling of the same story, an index, refers to a file that was put."""


class Results(Protocol[Asked_contra, Made]):
    """Results of one kind that were made before, found again by what they were made of."""

    def find(self, fingerprint: str, recipe: Asked_contra) -> Made | None:
        """The result for the same bytes and recipe, if all its files are still stored."""

    def keep(self, fingerprint: str, recipe: Asked_contra, result: Made) -> None: ...
