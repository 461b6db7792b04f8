"""Libraries of files in versions, their index and the uploads on their way."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from worker.contracts.libraries import (
    Claim,
    Entry,
    Leftover,
    Place,
    Transfer,
    Version,
    VersionDraft,
)


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
