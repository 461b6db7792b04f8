"""Where covers, uploads and the files of libraries are kept."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from worker import registry
from worker.contracts.names import Visibility
from worker.ports import Destination, Entries, Library, Store, Transfers
from worker.settings import Settings
from worker.wiring.adapters import made, values

OpenDestination = Callable[[str, Visibility, Callable[[str], None]], Destination]
ChecksumParts = tuple[Transfers, Store, Library, Entries, Path | None]


def store(settings: Settings) -> Store:
    """The store that `store.kind` names."""
    section = settings.store
    opened: Store = made(registry.STORES, section.kind, values(section))
    return opened


def library(settings: Settings) -> Library:
    """The library that `libraries.kind` names; without one, that of the store's kind."""
    stored, own = settings.store, settings.libraries
    given = {**values(stored), **values(own)}
    opened: Library = made(registry.LIBRARIES, own.kind or stored.kind, given)
    return opened


def checksum_parts(settings: Settings, transfers: Transfers, entries: Entries) -> ChecksumParts:
    """What a checksum story is made of, in the order its constructor takes them."""
    return transfers, store(settings), library(settings), entries, settings.api.spool_folder


def store_destination(settings: Settings) -> OpenDestination:
    """Where pictures of jobs go, by tenant and by who may read them: all in one store.

    The third is told of each key before it is put.
    """
    opened = store(settings)
    destination = registry.load(registry.DESTINATIONS, "store")
    return lambda tenant, visible, refer: destination(
        opened, tenant=tenant, visibility=visible, refer=refer
    )


def folder_destination(folder: Path, stem: str) -> AbstractContextManager[Destination]:
    """Where a command's files go: `folder`, named after `stem`, at the end of the `with` block."""
    opened: AbstractContextManager[Destination] = registry.load(registry.DESTINATIONS, "folder")(
        folder=folder, stem=stem
    )
    return opened
