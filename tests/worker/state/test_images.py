"""Pictures are told from acceptance on, listed by job, medium and type, and removed whole."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.worker.state.parts import Parts
from tests.worker.state.pictures import Gallery, cover, key_of, result
from worker.errors import MediaError, RequestError
from worker.rules.catalogue import image_id
from worker.state.images import ImageFilters


@pytest.fixture
def gallery(parts: Parts, tmp_path: Path) -> Gallery:
    parts.slots(10)
    return Gallery(parts, tmp_path)


def listed(gallery: Gallery, filters: ImageFilters, *, limit: int = 2) -> list[str]:
    """The labels of all pages."""
    found: list[str] = []
    cursor = None
    while True:
        page = gallery.images.page("ann", filters, cursor=cursor, limit=limit)
        assert len(page.images) <= limit
        found += [f"{image.job} {image.label}" for image in page.images]
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_a_cover_of_each_size_is_uploading_from_acceptance_on(gallery: Gallery) -> None:
    job = gallery.take(64, 128, 64)

    page = gallery.images.page("ann", ImageFilters(job=job.id), cursor=None, limit=10)

    assert {image.label: image.status for image in page.images} == {
        "covers/64": "Uploading",
        "covers/128": "Uploading",
    }
    assert page.images[0].created_at == job.created_at
    assert page.images[0].key is None
    assert page.images[0].medium_id
    assert gallery.images.key_of("ann", page.images[0].image_id) is None


def test_a_made_cover_is_normal_with_all_its_facts(gallery: Gallery) -> None:
    job = gallery.take(64)
    gallery.finish(job, cover(key_of(1)))

    record = gallery.record(job)

    assert (record.status, record.type, record.key) == ("Normal", "CoverSnapshot", key_of(1))
    assert (record.bytes, record.width, record.height) == (1000, 64, 64)
    assert (record.job, record.offset_ms, record.title) == (job.id, 0, "Cover of clip.mp4, 64 px")
    assert record.medium_id
    assert gallery.images.key_of("ann", record.image_id) == key_of(1)
    assert gallery.images.key_of("bob", record.image_id) is None


@pytest.mark.parametrize("end", ["failed", "cancelled", "forgotten", "succeeded"])
def test_a_cover_that_its_job_ended_without_is_told_as_failed(gallery: Gallery, end: str) -> None:
    job = gallery.take(64)
    if end == "failed":
        gallery.parts.lanes.release("live")
        gallery.parts.claim(job).fail(MediaError("media.corrupt"))
    elif end == "succeeded":
        gallery.begin(job).finish(result())
    else:
        gallery.parts.jobs.cancel("ann", job.id)
    if end == "forgotten":
        gallery.forget_jobs()

    assert gallery.record(job).status == "UploadFail"
    if end == "failed":
        gallery.parts.jobs.retry("ann", job.id)
        assert gallery.record(job).status == "Uploading"


def test_what_is_made_already_is_not_expected_again(gallery: Gallery) -> None:
    job = gallery.take(64)
    gallery.finish(job, cover(key_of(1)))

    gallery.images.expect(job)

    assert gallery.record(job).status == "Normal"


def test_another_tenants_picture_does_not_exist(gallery: Gallery) -> None:
    _, image = gallery.made(key_of(1))

    assert gallery.images.read("bob", image) is None
    assert gallery.images.page("bob", ImageFilters(), cursor=None, limit=5).images == []
    assert gallery.images.remove("bob", image) == []
    assert gallery.images.read("ann", image)


def test_pages_go_from_new_to_old_through_every_list(gallery: Gallery) -> None:
    first, second, third = (gallery.take(64, 128) for _ in range(3))
    gallery.finish(first, cover(key_of(1)), cover(key_of(2), 128))
    medium = gallery.record(first).medium_id
    order = sorted((first.id, second.id, third.id), reverse=True)
    everything = [f"{job} covers/{size}" for job in order for size in (64, 128)]

    assert sorted(listed(gallery, ImageFilters())) == sorted(everything)
    page = gallery.images.page("ann", ImageFilters(), cursor=None, limit=10)
    times = [image.created_at for image in page.images]
    assert times == sorted(times, reverse=True)
    assert listed(gallery, ImageFilters(job=second.id)) == [
        f"{second.id} covers/64",
        f"{second.id} covers/128",
    ]
    # Those that are to come are of it as well.
    assert sorted(listed(gallery, ImageFilters(medium=medium))) == sorted(everything)
    assert len(listed(gallery, ImageFilters(type="CoverSnapshot"))) == 6
    assert listed(gallery, ImageFilters(type="SpriteSnapshot")) == []
    assert listed(gallery, ImageFilters(job=second.id, medium="0" * 32)) == []
    assert listed(gallery, ImageFilters(job=first.id, type="NormalSnapshot")) == []


@pytest.mark.parametrize("cursor", ["", "x", "0.covers/1.1", "1" * 13 + ".a." + "g" * 32])
def test_a_cursor_that_no_page_gave_is_refused(gallery: Gallery, cursor: str) -> None:
    with pytest.raises(RequestError, match=r"request\.invalid"):
        gallery.images.page("ann", ImageFilters(), cursor=cursor, limit=1)


def test_a_removed_picture_leaves_no_list_with_it(gallery: Gallery) -> None:
    job, image = gallery.made(key_of(1))

    assert gallery.images.remove("ann", image) == [key_of(1)]

    assert gallery.images.read("ann", image) is None
    assert gallery.images.remove("ann", image) == []
    assert listed(gallery, ImageFilters()) == listed(gallery, ImageFilters(job=job.id)) == []
    assert gallery.parts.redis.keys("ff:images:*") == []


def test_pictures_are_found_by_the_key_that_they_share(gallery: Gallery) -> None:
    first, shared = gallery.made(key_of(1))
    second = gallery.take(64, 128)
    gallery.finish(second, cover(key_of(1)), cover(key_of(2), 128))
    gallery.made(key_of(1), tenant="bob")

    found = gallery.images.of_key("ann", key_of(1))

    newest_first = sorted([first.id, second.id], reverse=True)
    assert [(image.job, image.key) for image in found] == [(job, key_of(1)) for job in newest_first]
    assert [image.job for image in gallery.images.of_key("ann", key_of(2))] == [second.id]
    assert gallery.images.of_key("ann", key_of(3)) == []
    gallery.images.remove("ann", shared)
    assert [image.job for image in gallery.images.of_key("ann", key_of(1))] == [second.id]


def test_what_was_made_of_a_medium_comes_newest_job_first_and_by_label(gallery: Gallery) -> None:
    old, new = gallery.take(64), gallery.take(64, 128)
    gallery.take(32)
    gallery.finish(new, cover(key_of(2)), cover(key_of(3), 128))
    gallery.finish(old, cover(key_of(1)))
    medium = gallery.record(old).medium_id
    assert medium

    found = gallery.images.of_medium("ann", medium, limit=10)

    jobs = sorted([old.id, new.id], reverse=True)
    labels = {old.id: ["covers/64"], new.id: ["covers/128", "covers/64"]}
    assert [(image.job, image.label) for image in found] == [
        (job, label) for job in jobs for label in labels[job]
    ]
    assert len(gallery.images.of_medium("ann", medium, limit=2)) == 2
    assert gallery.images.of_medium("bob", medium, limit=10) == []
    assert gallery.images.of_medium("ann", medium, types=["SpriteSnapshot"], limit=10) == []


def test_a_picture_that_is_made_anew_lets_its_old_object_go(gallery: Gallery) -> None:
    job = gallery.take(64)
    lease = gallery.begin(job)
    gallery.put(job, key_of(1))
    gallery.catalogue.keep(lease.job, result(cover(key_of(1))), None)
    record = gallery.record(job)

    gallery.images.keep(lease.job, [record.model_copy(update={"key": key_of(2)})])

    assert gallery.parts.redis.zrange(f"ff:owners:{key_of(1)}", 0, -1) == [f"j:ann:{job.id}"]
    owner = f"i:ann:{job.id}:{record.image_id[:16]}"
    assert gallery.parts.redis.zrange(f"ff:owners:{key_of(2)}", 0, -1) == [owner]


def test_old_pictures_of_a_type_are_told_while_they_are_removed(gallery: Gallery) -> None:
    jobs = [gallery.take(64) for _ in range(5)]
    for number, job in enumerate(jobs[:4]):
        gallery.finish(job, cover(key_of(number)))
    later = datetime.now(UTC) + timedelta(seconds=5)

    found = []
    for record in gallery.images.old("ann", "CoverSnapshot", later):
        gallery.images.remove("ann", record.image_id)
        found.append(record.job)

    assert sorted(found) == sorted(job.id for job in jobs[:4])
    assert gallery.record(jobs[4]).status == "Uploading"
    assert list(gallery.images.old("ann", "CoverSnapshot", jobs[4].created_at)) == []


def test_what_was_expected_of_a_forgotten_job_is_forgotten(gallery: Gallery) -> None:
    kept, gone = gallery.take(64), gallery.take(64, 128)
    gallery.parts.jobs.cancel("ann", gone.id)
    assert gallery.images.forget_unmade() == 0
    gallery.forget_jobs()

    assert gallery.images.forget_unmade() == 2

    assert gallery.images.read("ann", image_id(gone.id, "covers/64")) is None
    assert gallery.record(kept).status == "Uploading"
    assert gallery.parts.redis.zcard("ff:images_unmade") == 1
