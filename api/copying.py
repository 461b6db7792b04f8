"""Covers as clients of served vendor APIs set them: a picture of ours, or a URL that is copied."""

from datetime import UTC, datetime
from typing import NamedTuple

from api.release import release
from worker.contracts.catalogue import ImageRecord, MediumCover
from worker.contracts.records import Record, RecordOrder
from worker.contracts.requests import CoverRequest, SourceReference
from worker.contracts.targets import FirstframeTarget, VendorSetting
from worker.errors import RequestError
from worker.rules.set_covers import cover_of_image, without_name
from worker.state.catalogue import Catalogue, TenantCovers
from worker.wiring import State


class CoversAsSet(NamedTuple):
    """Shows covers of a tenant's media at once, each with its record in the ledger.

    Methods raise RequestError `request.not_found` and `queue.unavailable`, and StorageError.
    """

    state: State
    catalogue: Catalogue
    tenant: str

    def show(self, target: FirstframeTarget, picture: ImageRecord) -> MediumCover:
        """A picture of ours: nothing is left to be done."""
        cover = _cover(target, image_id=picture.image_id, key=picture.key)
        order = RecordOrder(target=target, cover=cover_of_image(picture))
        record = self.state.records.settle(self.tenant, order, cover)
        return self._shown(target, cover, record)

    def copy(self, target: FirstframeTarget, as_set: VendorSetting, url: str) -> MediumCover:
        """The URL as it was set; a job puts a picture of it beside, which its record sets.

        A copy for a medium of a library is private, as all covers of it are. Copies keep no other
        work waiting, and one for what is no longer shown is not made.
        """
        wanted = CoverRequest(
            source=SourceReference(url=without_name(url)),
            lane="backfill",
            visibility="private" if as_set.of_library else None,
            target=target,
        )
        job = self.state.jobs.create(self.tenant, wanted)
        self.state.images.expect(job)
        record = self.state.records.read(self.tenant, job.record.id) if job.record else None
        if record is None:
            raise RequestError("queue.unavailable", "The cover's record was lost.")
        self.state.records.precede(record, reference=url)
        cover = self._shown(target, _cover(target, job=job.id), record)
        release(self.state.lanes, job.lane)
        return cover

    def _shown(self, target: FirstframeTarget, cover: MediumCover, record: Record) -> MediumCover:
        """Show the cover now, as its record would, which finishes what breaks off here."""
        shown = cover.model_copy(update={"record": record.id, "fence": record.fence})
        TenantCovers(self.catalogue, self.tenant).set(target.medium_id, shown)
        return shown


def _cover(
    target: FirstframeTarget,
    *,
    image_id: str | None = None,
    key: str | None = None,
    job: str | None = None,
) -> MediumCover:
    """What is to be shown, before its record is made."""
    assert target.as_set is not None
    return MediumCover(
        url=target.as_set.url,
        image_id=image_id,
        key=key,
        set_by=target.as_set.by,
        set_at=datetime.now(UTC),
        job=job,
        fence=0,
    )
