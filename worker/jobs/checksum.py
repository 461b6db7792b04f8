"""The story of a checksum: an upload to a library, read once, checked and kept as a version."""

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ulid import ULID

from worker.contracts.libraries import Entry, Transfer, Version, VersionDraft
from worker.contracts.requests import ChecksumRequest
from worker.contracts.results import ChecksumResult
from worker.errors import RequestError, StorageError
from worker.jobs.spooling import Spooled, spooled
from worker.jobs.timing import Stopwatch
from worker.ports import Attempt, Claim, Entries, Library, Store, Transfers
from worker.rules.crc64 import same_crc64
from worker.rules.keys import upload_key

log = logging.getLogger(__name__)

CHUNK_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True)
class ChecksumStory:
    """Makes uploads into versions of library files; repeated, it makes no second version."""

    transfers: Transfers
    store: Store
    library: Library
    entries: Entries
    spool_folder: Path | None = None

    def run(self, wanted: ChecksumRequest, *, tenant: str, attempt: Attempt) -> ChecksumResult:
        """Complete the tenant's upload and remove its parts.

        Raises: RequestError `library.not_found` when the upload or a part is gone, `library.…` as
        `keep` does; StorageError.
        """
        watch = Stopwatch()
        transfer = self.transfers.read(wanted.transfer)
        if transfer is None or transfer.tenant != tenant:
            raise _no_upload()
        keys = _part_keys(transfer)
        if not keys or self.store.find(keys[0]) is None:
            return self._kept_before(transfer, watch)
        chunks = self._chunks(transfer, attempt)
        result = self.keep(transfer, chunks, attempt=attempt, told_crc64=wanted.crc64, watch=watch)
        self._remove(keys)
        return result

    def keep(
        self,
        transfer: Transfer,
        chunks: Iterable[bytes],
        *,
        attempt: Attempt,
        told_crc64: str | None = None,
        watch: Stopwatch | None = None,
    ) -> ChecksumResult:
        """Keep the bytes of an upload as a version, and make it seen under the upload's name.

        Raises: RequestError `library.bad_checksum` for other bytes than were told,
        `library.conflict`, `library.not_found` when the directory is gone; StorageError.
        """
        watch = watch or Stopwatch()
        attempt.enter("source")
        with watch.stage("open"):
            spool = spooled(chunks, self.spool_folder)
            bytes_ = spool.__enter__()
        raise NotImplementedError
