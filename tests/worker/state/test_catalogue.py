"""What a job leaves in the catalogue, and that repeating any of it changes nothing."""

from pathlib import Path

import pytest

from tests.worker.state.albums import album
from tests.worker.state.parts import Parts
from tests.worker.state.pictures import PROBE, URL, Gallery, cover, key_of, result
from worker.contracts.catalogue import ImageRecord, MediumRecord
from worker.contracts.jobs import AttemptedJob
from worker.contracts.requests import ChecksumRequest
from worker.contracts.results import ChecksumResult
from worker.contracts.snapshot_results import SnapshotResult
from worker.contracts.snapshots import SnapshotRequest
from worker.errors import RequestError
from worker.rules.catalogue import image_id, parsed
from worker.rules.keys import sidecar_key
from worker.state.images import ImageFilters


@pytest.fixture
def gallery(parts: Parts, tmp_path: Path) -> Gallery:
    parts.slots(10)
    return Gallery(parts, tmp_path)


def document(gallery: Gallery, key: str) -> bytes:
    return gallery.store.read(key, 0, 10_000)


def test_every_record_has_a_document_that_says_the_same(gallery: Gallery) -> None:
    job, image = gallery.made(key_of(1))

    record = gallery.record(job)
    key = sidecar_key("ann", "images", image)
    assert parsed(ImageRecord, key, document(gallery, key)) == record
    assert record.medium_id
    key = sidecar_key("ann", "media", record.medium_id)
    medium = gallery.media.read("ann", record.medium_id)
    assert medium
    assert parsed(MediumRecord, key, document(gallery, key)) == medium
    assert (medium.source, medium.probe) == (URL, PROBE)


def test_a_picture_leaves_one_record_however_many_stills_were_asked_for(gallery: Gallery) -> None:
    wanted = {"source": {"url": URL}, "count": 3, "lane": "live"}
    job = gallery.parts.jobs.create("ann", SnapshotRequest.model_validate(wanted))
    gallery.images.expect(job)
    still = album().snapshots[0].model_copy(update={"pts_ms": None})
    told = SnapshotResult(source=URL, status="succeeded", medium=PROBE, snapshots=(still,))

    gallery.catalogue.keep(gallery.begin(job).job, told, None)
    # A request that is alike joins the job while it still runs.
    gallery.images.expect(job)

    page = gallery.images.page("ann", ImageFilters(job=job.id), cursor=None, limit=10)
    assert [(image.label, image.status) for image in page.images] == [
        ("snapshots/snapshot-001", "Normal")
    ]


def test_another_attempt_at_the_same_job_leaves_the_same(gallery: Gallery) -> None:
    job = gallery.take(64, 128)
    lease = gallery.begin(job)
    told = result(cover(key_of(1)), cover(key_of(2), 128))
    gallery.catalogue.keep(lease.job, told, None)
    before = (gallery.record(job), gallery.record(job, "covers/128"))
    kept = sorted(stored.key for stored in gallery.store.list(""))
    lease.give_up()
    gallery.parts.lanes.release("live")

    gallery.catalogue.keep(gallery.parts.claim(job).job, told, None)

    assert (gallery.record(job), gallery.record(job, "covers/128")) == before
    assert sorted(stored.key for stored in gallery.store.list("")) == kept
    page = gallery.images.page("ann", ImageFilters(), cursor=None, limit=10)
    assert len(page.images) == 2


@pytest.mark.parametrize("end", ["cancelled", "superseded", "forgotten"])
def test_an_attempt_that_is_over_shows_no_pictures(gallery: Gallery, end: str) -> None:
    job = gallery.take(64)
    lease = gallery.begin(job)
    if end == "superseded":
        lease.give_up()
        gallery.parts.lanes.release("live")
        gallery.parts.claim(job)
    else:
        gallery.parts.jobs.cancel("ann", job.id)
    if end == "forgotten":
        gallery.forget_jobs()

    why = "cancelled" if end == "cancelled" else "superseded"
    with pytest.raises(RequestError, match=rf"job\.{why}"):
        gallery.catalogue.keep(lease.job, result(cover(key_of(1))), None)

    assert gallery.record(job).status == ("Uploading" if end == "superseded" else "UploadFail")
    if end != "superseded":
        gallery.catalogue.delete("ann", gallery.record(job).image_id)
        assert list(gallery.store.list("catalogue/ann/images/")) == []


def test_a_picture_that_goes_under_a_new_attempt_leaves_it_its_object(gallery: Gallery) -> None:
    job = gallery.take(64)
    lease = gallery.begin(job)
    gallery.put(job, key_of(1))
    gallery.catalogue.keep(lease.job, result(cover(key_of(1))), None)
    lease.give_up()
    gallery.parts.lanes.release("live")
    again = gallery.parts.claim(job)
    gallery.put(job, key_of(1))

    gallery.catalogue.delete("ann", gallery.record(job).image_id)
    gallery.catalogue.keep(again.job, result(cover(key_of(1))), None)
    again.finish(result(cover(key_of(1))))

    assert gallery.record(job).status == "Normal"
    assert gallery.is_stored(key_of(1))


def test_a_job_without_a_medium_leaves_nothing(gallery: Gallery) -> None:
    wanted = ChecksumRequest(transfer="trn_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D")
    job = gallery.parts.jobs.create("ann", wanted)
    told = ChecksumResult(
        library_id="l", space_id="-", entry_id="e", name="n", version_id="1", bytes=1, crc64="1"
    )

    gallery.images.expect(job)
    gallery.catalogue.keep(AttemptedJob(job.id, job.tenant, job.request, 1), told, None)

    assert list(gallery.store.list("")) == []
    assert gallery.parts.redis.keys("ff:image*") + gallery.parts.redis.keys("ff:medi*") == []


def test_a_document_is_put_for_a_version_of_a_medium_once(gallery: Gallery) -> None:
    def put_again(fingerprint: str) -> bool:
        job = gallery.take(64)
        gallery.finish(job, cover(key_of(1)), fingerprint=fingerprint)
        medium = gallery.record(job).medium_id
        assert medium
        key = sidecar_key("ann", "media", medium)
        is_there = gallery.store.find(key) is not None
        gallery.store.delete(key)
        return is_there

    assert [put_again(each) for each in ("one", "one", "two", "two")] == [True, False, True, False]


@pytest.mark.parametrize("image", ["0" * 32, "x"])
def test_an_unknown_picture_is_not_deleted(gallery: Gallery, image: str) -> None:
    with pytest.raises(RequestError, match=r"request\.not_found"):
        gallery.catalogue.delete("ann", image)


def test_another_tenants_picture_is_not_deleted(gallery: Gallery) -> None:
    _, image = gallery.made(key_of(1))

    with pytest.raises(RequestError, match=r"request\.not_found"):
        gallery.catalogue.delete("bob", image)
    assert gallery.is_stored(key_of(1))


def test_a_picture_that_is_to_be_made_is_not_deleted(gallery: Gallery) -> None:
    job = gallery.take(64)

    with pytest.raises(RequestError, match=r"job\.state"):
        gallery.catalogue.delete("ann", image_id(job.id, "covers/64"))


def test_a_picture_that_failed_is_deleted(gallery: Gallery) -> None:
    job = gallery.take(64)
    gallery.parts.jobs.cancel("ann", job.id)

    gallery.catalogue.delete("ann", image_id(job.id, "covers/64"))

    assert gallery.images.read("ann", image_id(job.id, "covers/64")) is None
    assert gallery.parts.redis.zcard("ff:images_unmade") == 0
