"""The catalogue as a whole: what a job leaves in it, and how a picture goes from it.

A document of every record lies in the store, from which the records can be made again. It is put
before its record is shown and deleted before that is forgotten, so no picture comes back.
"""

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from worker.contracts.catalogue import ImageRecord, MediumCover, MediumLabels, MediumRecord
from worker.contracts.jobs import AnyResult, AttemptedJob, source_of
from worker.contracts.plans import PlanResult
from worker.contracts.results import CoverResult, MediumInfo
from worker.contracts.snapshot_results import SnapshotResult
from worker.errors import RequestError, StorageError
from worker.rules.catalogue import (
    document,
    document_key,
    expected_medium,
    image_id,
    made,
    medium_id,
    unneeded,
)
from worker.rules.keys import content_type_of, sidecar_key
from worker.rules.set_covers import set_by_client
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
        of_medium = seen.record.medium_id if seen else expected_medium(job.tenant, job.request)
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

        Raises: RequestError `request.not_found`, `job.state` for one that is still to be made or
        is the cover of a medium.
        """
        record = self.images.read(tenant, image_id)
        if record is None:
            raise RequestError("request.not_found", "There is no such picture.")
        if record.status == "Uploading":
            raise RequestError("job.state", "The picture is being made.")
        free = self.remove(record)
        if free is None:
            raise RequestError("job.state", "The picture is a medium's cover: set another first.")
        for key in free:
            try:
                self.references.delete(key, self.objects.delete, grace_s=0)
            except StorageError as error:
                log.warning("an object is left to the next sweep: %s", error)

    def remove(self, record: ImageRecord) -> list[str] | None:
        """Forget a picture; the objects that nobody needs now are left to a sweep.

        None where a medium shows it as its cover: it stays.
        """
        if record.is_cover:
            return None
        # One that never was shown may have a document: of an attempt that was over just then.
        self.objects.delete(document_key(record))
        free = self.images.remove(record.tenant, record.image_id)
        if free is None:
            self._put([record])
        return free

    def forget_medium(self, tenant: str, medium: str, before: datetime) -> bool:
        """Forget a medium of which nothing was made and on which nothing was set, if it is so.

        And no job that was taken since `before` saw it.
        """
        self.objects.delete(sidecar_key(tenant, "media", medium))
        is_gone = self.media.forget(tenant, medium, before)
        stays = None if is_gone else self.media.read(tenant, medium)
        if stays:
            self.document(stays)
        return is_gone

    def label(self, tenant: str, medium: str, labels: MediumLabels) -> MediumRecord:
        """Keep the labels that are given beside those that the medium has.

        Raises: RequestError `request.not_found`.
        """
        seen = self.media.label(tenant, medium, labels)
        if seen is None:
            raise RequestError("request.not_found", "There is no such medium.")
        if seen.is_news:
            self.document(seen.record)
        return seen.record

    def document(self, record: MediumRecord | None) -> None:
        """Put the document of a medium; once more where it was changed meanwhile."""
        while record is not None:
            self._put([record])
            if self.media.documented(record):
                return
            record = self.media.read(record.tenant, record.medium_id)

    def _seen(
        self, job: AttemptedJob, label: str, medium: MediumInfo, fingerprint: str | None
    ) -> Seen | None:
        """What is known of a medium now; None of what is no medium of its own, but a cover."""
        source = source_of(job.request)
        if source is None or set_by_client(job.request):
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
            if not self.media.documented(medium):
                self.document(self.media.read(medium.tenant, medium.medium_id))

    def _put(self, records: Iterable[ImageRecord | MediumRecord]) -> None:
        documents = {document_key(record): document(record) for record in records}
        if len(documents) == 1:
            self._put_one(*documents.popitem())
        elif documents:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(self._put_one, documents.keys(), documents.values()))

    def _put_one(self, key: str, data: bytes) -> None:
        self.objects.put(key, data, content_type=content_type_of(key))


@dataclass(frozen=True)
class TenantCovers:
    """The covers that a tenant's media show; each is told by its medium's document, too."""

    catalogue: Catalogue
    tenant: str

    def set(self, medium_id: str, cover: MediumCover) -> bool:
        """See `ports.MediumCovers.set`."""
        seen = self.catalogue.media.show_cover(self.tenant, medium_id, cover)
        if seen is not None and seen.is_news:
            self.catalogue.document(seen.record)
        return seen is not None

    def shown(self, medium_id: str) -> MediumCover | None:
        """What the medium shows. Raises: RequestError `request.not_found`, `queue.unavailable`."""
        found = self.catalogue.media.read(self.tenant, medium_id)
        if found is None:
            raise RequestError("request.not_found", "There is no such medium.")
        return found.cover
