"""The cover a medium shows: never an older one over a newer, and its picture stays while it is."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from tests.worker.state.parts import Parts
from tests.worker.state.pictures import Gallery, key_of
from tests.worker.state.test_media import A_MEDIUM, AT, LATER, sighting
from worker.chores.pictures import KeepRules, sweep_pictures
from worker.contracts.catalogue import MediumCover, MediumLabels, MediumRecord
from worker.errors import RequestError
from worker.rules.catalogue import parsed
from worker.rules.keys import sidecar_key
from worker.state.catalogue import TenantCovers

URL = "http://media.example/cover.jpg"
SET_AT = datetime(2026, 5, 5, 9, tzinfo=UTC)
AT_ONCE = KeepRules({"CoverSnapshot": 0.0}, grace_s=0, keep_medium_s=0)


@pytest.fixture
def gallery(parts: Parts, tmp_path: Path) -> Gallery:
    parts.slots(10)
    made = Gallery(parts, tmp_path)
    made.media.see("ann", sighting(), AT)
    return made


@pytest.fixture
def covers(gallery: Gallery) -> TenantCovers:
    return TenantCovers(gallery.catalogue, "ann")


def remote(fence: int, *, url: str = URL, job: str | None = None) -> MediumCover:
    """A cover of another server, without a picture of ours yet."""
    return MediumCover(url=url, set_by="alibaba_mps", set_at=SET_AT, job=job, fence=fence)


def own(fence: int, number: int, image: str) -> MediumCover:
    """A cover that is a picture of ours."""
    key = key_of(number)
    facts = {"image_id": image, "key": key, "url": f"http://host/objects/{key}"}
    return MediumCover(**facts, set_by="firstframe", set_at=SET_AT, record="rec_1", fence=fence)


@pytest.mark.parametrize("order", list(permutations([1, 2, 3])), ids=str)
def test_the_newest_fence_stands_in_whatever_order_they_come(
    covers: TenantCovers, order: Sequence[int]
) -> None:
    came = [covers.set(A_MEDIUM, remote(fence, url=f"{URL}?{fence}")) for fence in order]

    assert covers.shown(A_MEDIUM) == remote(3, url=f"{URL}?3")
    assert came == [fence == max(order[: at + 1]) for at, fence in enumerate(order)]


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        pytest.param(5, "cancelled", id="a-newer-one-stands"),
        pytest.param(2, "queued", id="an-older-one-stands"),
    ],
)
def test_a_copy_for_what_is_never_shown_is_not_made(
    covers: TenantCovers, gallery: Gallery, others: int, expected: str
) -> None:
    job = gallery.take(64)
    covers.set(A_MEDIUM, remote(others))

    came = covers.set(A_MEDIUM, remote(3, job=job.id))

    found = gallery.parts.jobs.read("ann", job.id)
    assert found
    assert (found.status, came) == (expected, expected == "queued")


def test_the_same_cover_again_ends_no_copy_of_it(covers: TenantCovers, gallery: Gallery) -> None:
    job = gallery.take(64)

    for _ in range(2):
        covers.set(A_MEDIUM, remote(3, job=job.id))

    found = gallery.parts.jobs.read("ann", job.id)
    assert found
    assert found.status == "queued"


def test_the_same_fence_again_changes_nothing(covers: TenantCovers, gallery: Gallery) -> None:
    assert covers.set(A_MEDIUM, remote(7))
    before = gallery.media.read("ann", A_MEDIUM)

    assert covers.set(A_MEDIUM, remote(7, url="http://else.example/").model_copy())
    assert gallery.media.read("ann", A_MEDIUM) == before


def test_our_copy_comes_beside_the_url_that_was_set(covers: TenantCovers, gallery: Gallery) -> None:
    job, image = gallery.made(key_of(1))
    covers.set(A_MEDIUM, remote(7, job=job.id))

    assert covers.set(A_MEDIUM, own(7, 1, image))

    told = {"image_id": image, "key": key_of(1)}
    assert covers.shown(A_MEDIUM) == remote(7, job=job.id).model_copy(update=told)


def test_a_newer_cover_without_a_picture_takes_the_older_picture_away(
    covers: TenantCovers, gallery: Gallery
) -> None:
    job, image = gallery.made(key_of(1))
    covers.set(A_MEDIUM, own(1, 1, image))
    assert gallery.record(job).is_cover

    covers.set(A_MEDIUM, remote(2))

    assert covers.shown(A_MEDIUM) == remote(2)
    assert not gallery.record(job).is_cover


def test_a_medium_or_picture_that_is_not_there_is_refused(
    covers: TenantCovers, gallery: Gallery
) -> None:
    _, theirs = gallery.made(key_of(1), tenant="bob")

    for medium, cover in [("f" * 32, remote(1)), (A_MEDIUM, own(1, 1, theirs))]:
        with pytest.raises(RequestError, match=r"request\.not_found"):
            covers.set(medium, cover)
    with pytest.raises(RequestError, match=r"request\.not_found"):
        covers.shown("f" * 32)
    assert covers.shown(A_MEDIUM) is None


def test_a_picture_that_is_a_cover_is_neither_swept_nor_deleted(
    covers: TenantCovers, gallery: Gallery
) -> None:
    job, image = gallery.made(key_of(1))
    kept = gallery.record(job)
    covers.set(A_MEDIUM, own(1, 1, image))
    gallery.forget_jobs()

    sweep_pictures(gallery.catalogue, AT_ONCE)
    with pytest.raises(RequestError, match=r"job\.state"):
        gallery.catalogue.delete("ann", image)
    # One that became a cover while it was removed.
    assert gallery.catalogue.remove(kept) is None

    assert gallery.record(job).is_cover
    assert gallery.is_stored(key_of(1))
    assert gallery.is_stored(sidecar_key("ann", "images", image))
    assert gallery.media.read("ann", A_MEDIUM)

    covers.set(A_MEDIUM, remote(2))
    sweep_pictures(gallery.catalogue, AT_ONCE)
    assert gallery.images.read("ann", image) is None
    assert not gallery.is_stored(key_of(1))


def test_a_cover_that_is_set_again_with_a_newer_fence_keeps_its_object(
    covers: TenantCovers, gallery: Gallery
) -> None:
    job, image = gallery.made(key_of(1))
    covers.set(A_MEDIUM, own(1, 1, image))
    covers.set(A_MEDIUM, own(2, 1, image))
    gallery.forget_jobs()

    sweep_pictures(gallery.catalogue, AT_ONCE)

    assert gallery.record(job).is_cover
    assert gallery.is_stored(key_of(1))


@pytest.mark.parametrize("is_set", [True, False], ids=["cover", "title"])
def test_a_medium_on_which_something_was_set_is_not_forgotten(
    covers: TenantCovers, gallery: Gallery, is_set: bool
) -> None:
    if is_set:
        covers.set(A_MEDIUM, remote(1))
    else:
        gallery.catalogue.label("ann", A_MEDIUM, MediumLabels(title="A film"))
    key = sidecar_key("ann", "media", A_MEDIUM)

    assert gallery.media.unused("ann", LATER + timedelta(days=1)) == []
    # Set between the look and the removal: its document is put again.
    assert not gallery.catalogue.forget_medium("ann", A_MEDIUM, LATER + timedelta(days=1))
    assert gallery.is_stored(key)


def test_the_document_tells_the_cover_and_the_labels(
    covers: TenantCovers, gallery: Gallery
) -> None:
    covers.set(A_MEDIUM, remote(3))
    gallery.catalogue.label("ann", A_MEDIUM, MediumLabels(title="Ein Film", tags=("a", "b")))
    told = gallery.catalogue.label("ann", A_MEDIUM, MediumLabels(tags=(), cate_id=-1))

    assert told.labels == MediumLabels(title="Ein Film", tags=(), cate_id=-1)
    key = sidecar_key("ann", "media", A_MEDIUM)
    assert parsed(MediumRecord, key, gallery.store.read(key, 0, 10_000)) == told
    # Nothing is news to the store, and nothing changes by saying it again.
    assert not gallery.media.see("ann", sighting(), AT).is_news
    assert gallery.catalogue.label("ann", A_MEDIUM, MediumLabels(cate_id=-1)) == told


def test_labels_of_no_medium_are_refused(gallery: Gallery) -> None:
    with pytest.raises(RequestError, match=r"request\.not_found"):
        gallery.catalogue.label("bob", A_MEDIUM, MediumLabels(title="A film"))


def test_a_document_that_is_older_than_the_medium_is_put_again(
    covers: TenantCovers, gallery: Gallery
) -> None:
    older = gallery.media.see("ann", sighting(), AT).record
    covers.set(A_MEDIUM, remote(3))

    gallery.catalogue.document(older)

    key = sidecar_key("ann", "media", A_MEDIUM)
    found = parsed(MediumRecord, key, gallery.store.read(key, 0, 10_000))
    assert found
    assert found.cover == remote(3)
