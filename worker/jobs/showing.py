"""Makes the file of an upload seen, as the library has it, whoever else does so meanwhile."""

from worker.contracts.libraries import Claim, Entry, Transfer, Version
from worker.errors import RequestError
from worker.ports import Entries, Library


def show(
    library: Library, entries: Entries, transfer: Transfer, claim: Claim, kept: Version
) -> None:
    """Let the index show the file with the library's newest version; `kept` is the upload's.

    Which is the newest is the library's word, not that of any clock.
    Raises: RequestError `library.conflict` when its name was lost, `library.not_found` when its
    directory is gone, or the file was removed meanwhile; StorageError.
    """
    noted, shown = None, None
    while shown is None:
        before = entries.read(transfer.place, claim.entry_id)
        # Asked for behind the index, so it is never older than what stands there.
        newest = library.newest(transfer.place, claim.entry_id)
        if newest is None or (before is None and claim.way == "updated"):
            raise RequestError("library.not_found", "The file was removed meanwhile.")
        entry = before or _entry(transfer, claim, kept)
        entry = entry.model_copy(update={"version": newest, "modified_ms": newest.at_ms})
        if before is None:
            # A file that is seen has its document, which a move has changed.
            library.note(entry)
            noted = entry
        shown = entries.put(entry, instead_of=before)
    if noted and (noted.parent_id, noted.name) != (shown.parent_id, shown.name):
        library.note(shown)


def _entry(transfer: Transfer, claim: Claim, kept: Version) -> Entry:
    """The file that the upload makes."""
    return Entry(
        id=claim.entry_id,
        place=transfer.place,
        parent_id=transfer.parent_id,
        name=claim.name,
        kind=transfer.kind,
        created_ms=kept.at_ms if claim.created_ms is None else claim.created_ms,
        modified_ms=kept.at_ms,
        version=kept,
    )
