"""Whether a tenant may have covers of an entry, by what is recorded of its library now."""

from worker.rules.visibility import Pictured, Refusal, entry_refusal
from worker.state.libraries import LibraryRecords


def entry_refused(libraries: LibraryRecords, tenant: str, wanted: Pictured) -> Refusal | None:
    """Why `tenant` may not have the covers; None for a source that is no entry.

    Raises: RequestError `queue.unavailable`.
    """
    if (entry := wanted.source.entry) is None:
        return None
    library = libraries.read(entry.library_id)
    space = libraries.read_space(entry.library_id, entry.space_id)
    return entry_refusal(wanted, tenant, library, space)
