"""The story of a checksum: an upload to a library, read once, checked and kept as a version."""

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ulid import ULID

from worker.contracts.libraries import Claim, Part, Transfer, Version, VersionDraft
from worker.contracts.requests import ChecksumRequest
from worker.contracts.results import ChecksumResult
from worker.errors import CoverError, RequestError, StorageError
from worker.jobs.showing import show
from worker.jobs.spooling import Spooled, spooled
from worker.jobs.timing import Stopwatch
from worker.ports import Attempt, Entries, Library, Store, Transfers
from worker.rules.crc64 import same_crc64
from worker.rules.keys import upload_key

log = logging.getLogger(__name__)

CHUNK_BYTES: Final = 8 * 1024 * 1024
_REFUSED: Final = frozenset({"library.conflict", "library.not_found"})


@dataclass(frozen=True)
class ChecksumStory:
    """Makes uploads into versions of library files; repeated, it makes no second version."""

    transfers: Transfers
    store: Store
    library: Library
    entries: Entries
    spool_folder: Path | None = None

    def run(self, wanted: ChecksumRequest, *, tenant: str, attempt: Attempt) -> ChecksumResult:
        """Complete the tenant's upload, and remove its parts.

        Raises: RequestError `library.not_found` when the upload or a part of it is gone, and what
        `keep` raises.
        """
        transfer = self.transfers.read(wanted.transfer)
        if transfer is None or transfer.tenant != tenant:
            raise _no_upload()
        keys = _part_keys(transfer)
        if self.store.find(keys[0]) is None:
            return self._kept_before(transfer)
        chunks = self._chunks(transfer, attempt)
        result = self.keep(transfer, chunks, attempt=attempt, told_crc64=wanted.crc64)
        self._remove(keys)
        return result

    def keep(
        self,
        transfer: Transfer,
        chunks: Iterable[bytes],
        *,
        attempt: Attempt,
        told_crc64: str | None = None,
    ) -> ChecksumResult:
        """Keep the bytes as a version of the file that the upload is for, and make it seen.

        Raises: RequestError `library.bad_checksum` for other bytes than were told,
        `library.conflict`, `library.not_found` when the directory is gone; StorageError.
        """
        watch = Stopwatch()
        attempt.enter("source")
        with ExitStack() as opened:
            with watch.stage("open"):
                spool = opened.enter_context(spooled(chunks, self.spool_folder))
            if told_crc64 is not None and not same_crc64(told_crc64, spool.crc64):
                raise RequestError("library.bad_checksum")
            attempt.enter("store")
            with watch.stage("store"), self._claimed(transfer) as claim:
                version = self._kept(transfer, claim, spool)
                # Only the attempt whose word counts makes it seen.
                attempt.enter("store")
                self._show(transfer, claim, version, attempt)
        return _result(transfer, claim, version, watch)

    @contextmanager
    def _claimed(self, transfer: Transfer) -> Iterator[Claim]:
        """The transfer's name, which is let go on failure: nobody knows when the next attempt is.

        That one gets the same name and file again unless another upload was quicker.
        """
        claim = self.entries.claim(transfer, entry_id=_new_entry_id())
        try:
            yield claim
        except CoverError as error:
            # It may be held already by the attempt that took over.
            if error.code != "job.superseded":
                with suppress(RequestError):  # without Redis the name is held for its time
                    self.entries.release(transfer)
            raise

    def _kept(self, transfer: Transfer, claim: Claim, spool: Spooled) -> Version:
        """The upload's version, which is put only once."""
        newest = self.library.newest(transfer.place, claim.entry_id)
        version = self._kept_earlier(transfer, claim, newest)
        if version is None:
            draft = _draft(transfer, claim, spool, newest)
            version = self.library.put(transfer.place, claim.entry_id, spool.path, draft)
        return version

    def _kept_earlier(
        self, transfer: Transfer, claim: Claim, newest: Version | None
    ) -> Version | None:
        if newest is None or newest.id == claim.since:
            return None
        place, entry_id = transfer.place, claim.entry_id
        newer = self.library.versions(place, entry_id, since=claim.since)
        return next((version for version in newer if version.transfer == transfer.id), None)

    def _show(self, transfer: Transfer, claim: Claim, kept: Version, attempt: Attempt) -> None:
        """Make the file seen; what the index refuses is removed, or a rebuilt one would show it."""
        try:
            show(self.library, self.entries, transfer, claim, kept)
        except RequestError as refused:
            if refused.code in _REFUSED:
                # An attempt that took over may have made it seen.
                attempt.enter("store")
                self.library.delete_version(transfer.place, claim.entry_id, kept.id)
            raise

    def _kept_before(self, transfer: Transfer) -> ChecksumResult:
        """What the upload became, when its parts are gone: they go last."""
        watch = Stopwatch()
        claim = self.entries.claim(transfer, entry_id=_new_entry_id())
        newest = self.library.newest(transfer.place, claim.entry_id)
        version = self._kept_earlier(transfer, claim, newest)
        if version is None:
            raise _no_upload()
        return _result(transfer, claim, version, watch)

    def _chunks(self, transfer: Transfer, attempt: Attempt) -> Iterator[bytes]:
        for key, part in zip(_part_keys(transfer), _parts(transfer), strict=True):
            for offset in range(0, part.size_bytes, CHUNK_BYTES):
                attempt.enter("source")
                length = min(CHUNK_BYTES, part.size_bytes - offset)
                yield self._read(key, offset, length)

    def _read(self, key: str, offset: int, length: int) -> bytes:
        try:
            data = self.store.read(key, offset, length)
        except RequestError as gone:
            raise _no_upload() from gone
        if len(data) != length:
            raise StorageError("storage.integrity")
        return data

    def _remove(self, keys: Iterable[str]) -> None:
        """Remove the parts; the first goes first, so that its lack tells that all was kept."""
        try:
            for key in keys:
                self.store.delete(key)
        except StorageError as error:
            log.warning("parts of an upload stay until the sweep: %s", error)


def _no_upload() -> RequestError:
    return RequestError("library.not_found", "There is no such upload, or not all of it.")


def _new_entry_id() -> str:
    return f"ent_{ULID()}"


def _parts(transfer: Transfer) -> list[Part]:
    """The upload's parts in their order, which has no gap, and no other bytes than were sealed."""
    numbers = sorted(transfer.parts)
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        raise _no_upload()
    parts = [transfer.parts[number] for number in numbers]
    if transfer.total_bytes not in {None, sum(part.size_bytes for part in parts)}:
        raise _no_upload()
    return parts


def _part_keys(transfer: Transfer) -> list[str]:
    return [upload_key(transfer.tenant, part.upload) for part in _parts(transfer)]


def _draft(
    transfer: Transfer, claim: Claim, spool: Spooled, newest: Version | None
) -> VersionDraft:
    """Of a time behind that of the newest version, whoever's clock that came from."""
    now_ms = int(time.time() * 1000)
    return VersionDraft(
        transfer=transfer.id,
        size_bytes=spool.size_bytes,
        crc64=spool.crc64,
        content_type=transfer.content_type,
        at_ms=max(now_ms, newest.at_ms + 1) if newest else now_ms,
        way=claim.way,
        created_by=transfer.created_by,
        meta=transfer.meta,
    )


def _result(transfer: Transfer, claim: Claim, version: Version, watch: Stopwatch) -> ChecksumResult:
    return ChecksumResult(
        library_id=transfer.place.library_id,
        space_id=transfer.place.space_id,
        entry_id=claim.entry_id,
        name=claim.name,
        version_id=version.id,
        bytes=version.size_bytes,
        crc64=version.crc64,
        timings_ms=watch.timings(),
    )
