"""The catalogue as a whole: what a job leaves in it, and how a picture goes from it.

A document of every record lies in the store, from which the records can be made again. It is put
before its record is shown and deleted before that is forgotten, so no picture comes back.
"""

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from worker.contracts.catalogue import ImageRecord, MediumRecord
from worker.contracts.jobs import AnyResult, AttemptedJob, source_of
from worker.contracts.plans import PlanResult
from worker.contracts.results import CoverResult, MediumInfo
from worker.contracts.snapshot_results import SnapshotResult
from worker.errors import RequestError, StorageError
from worker.rules.catalogue import (
    document,
    document_key,
    image_id,
    made,
    medium_id,
    unneeded,
)
from worker.rules.keys import content_type_of, sidecar_key
from worker.rules.visibility import is_of_library
from worker.state.images import ImageRecords, records_of, taken_at
from worker.state.media import MediumRecords, Seen, Sighting
from worker.state.references import References

log = logging.getLogger(__name__)
# Documents are small: their time is that of the store's answers.
_AT_ONCE: Final = 8
# Results that tell what their medium is.
_OfMedium = CoverResult | SnapshotResult | PlanResult


class Stored(Protocol):
    """An object of the store."""

    @property
    def key(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...


class Objects(Protocol):
    """What of a store the catalogue needs."""

    def put(self, key: str, data: bytes, *, content_type: str) -> None: ...

    def find(self, key: str) -> Stored | None: ...

    def read(self, key: str, offset: int, length: int) -> bytes: ...

    def delete(self, key: str) -> None: ...

    def list(self, prefix: str) -> Iterator[Stored]: ...


class Catalogue(NamedTuple):
    """The records of media and pictures, who needs which object, and the store they are in.

    Its methods raise RequestError `queue.unavailable` and StorageError; all may be repeated.
    """

    images: ImageRecords
    media: MediumRecords
    references: References
    objects: Objects

    def keep(self, job: AttemptedJob, result: AnyResult, fingerprint: str | None) -> None:
        """Show the medium that a job saw and the pictures it made; its attempt still runs.

        `fingerprint` is that of the medium's bytes, where the source told one.
        Raises: RequestError `job.cancelled`, `job.superseded` when the attempt is over.
        """
        seen = None
        if isinstance(result, _OfMedium) and result.medium:
            seen = self._seen(job, result.source, result.medium, fingerprint)
        of_medium = seen.record.medium_id if seen else None
        records = records_of(job.tenant, job.id, job.request, made(result), of_medium)
        self._document(seen, records)
        if records:
            self.images.keep(job, records)
        for label in unneeded(job.request, result):
            self.images.remove(job.tenant, image_id(job.id, label))

    def see(
        self, job: AttemptedJob, label: str, medium: MediumInfo, fingerprint: str | None
    ) -> None:
        """Show the medium that a job failed over; `label` is that of its source."""
        self._document(self._seen(job, label, medium, fingerprint), [])

    def delete(self, tenant: str, image_id: str) -> None:
        """Remove a picture, and at once its objects that no other picture or job needs.

        Raises: RequestError `request.not_found`, `job.state` for one that is still to be made.
        """
        record = self.images.read(tenant, image_id)
        if record is None:
            raise RequestError("request.not_found", "There is no such picture.")
        if record.status == "Uploading":
            raise RequestError("job.state", "The picture is being made.")
        for key in self.remove(record):
            try:
                self.references.delete(key, self.objects.delete, grace_s=0)
            except StorageError as error:
                log.warning("an object is left to the next sweep: %s", error)

    def remove(self, record: ImageRecord) -> list[str]:
        """Forget a picture; the objects that nobody needs now are left to a sweep."""
        # One that never was shown may have a document: of an attempt that was over just then.
        self.objects.delete(document_key(record))
        return self.images.remove(record.tenant, record.image_id)

    def forget_medium(self, tenant: str, medium: str, before: datetime) -> bool:
        """Forget a medium without pictures that no job taken since `before` saw; if it is so."""
        self.objects.delete(sidecar_key(tenant, "media", medium))
        return self.media.forget(tenant, medium, before)

    def _seen(
        self, job: AttemptedJob, label: str, medium: MediumInfo, fingerprint: str | None
    ) -> Seen | None:
        """What is known of a medium now; None where a job has no source."""
        source = source_of(job.request)
        if source is None:
            return None
        sighting = Sighting(
            medium_id(job.tenant, source, fingerprint),
            label,
            medium,
            fingerprint,
            is_of_library(job.request),
        )
        return self.media.see(job.tenant, sighting, taken_at(job.id))

    def _document(self, seen: Seen | None, records: Iterable[ImageRecord]) -> None:
        """Put the documents of pictures, and of their medium where it is news."""
        news = [seen.record] if seen and seen.is_news else []
        self._put([*news, *records])
        for medium in news:
            self.media.documented(medium)

    def _put(self, records: Iterable[ImageRecord | MediumRecord]) -> None:
        documents = {document_key(record): document(record) for record in records}
        if len(documents) == 1:
            self._put_one(*documents.popitem())
        elif documents:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(self._put_one, documents.keys(), documents.values()))

    def _put_one(self, key: str, data: bytes) -> None:
        self.objects.put(key, data, content_type=content_type_of(key))
