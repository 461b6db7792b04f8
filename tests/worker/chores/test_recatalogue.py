"""A catalogue that was lost is made anew, and answers as before."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.worker.state.parts import Parts
from tests.worker.state.pictures import Gallery, cover, key_of
from worker.chores.pictures import KeepRules, sweep_pictures
from worker.chores.recatalogue import Unknown, recatalogue, unknown_objects
from worker.contracts.catalogue import MediumCover, MediumLabels, MediumRecord
from worker.rules.keys import sidecar_key
from worker.state.catalogue import TenantCovers
from worker.state.images import ImageFilters

AT_ONCE = KeepRules({"CoverSnapshot": None}, grace_s=0)


@pytest.fixture
def gallery(one_redis_url: str, tmp_path: Path) -> Iterator[Gallery]:
    parts = Parts(one_redis_url)
    parts.slots(10)
    yield Gallery(parts, tmp_path)
    parts.redis.close()


def answers(gallery: Gallery) -> list[object]:
    """All that callers can be told."""
    told: list[object] = []
    for tenant in ("ann", "bob"):
        page = gallery.images.page(tenant, ImageFilters(), cursor=None, limit=100)
        told += page.images
        for image in page.images:
            assert image.medium_id
            filters = ImageFilters(medium=image.medium_id)
            told.append(gallery.media.read(tenant, image.medium_id))
            told.append(gallery.images.page(tenant, filters, cursor=None, limit=100))
    return told


def unknown(gallery: Gallery, *, release: bool) -> Unknown:
    return unknown_objects(gallery.catalogue, release=release, looked_at=lambda _: None)


def fill(gallery: Gallery) -> None:
    """Pictures of two tenants and two media, of which one has two versions."""
    first = gallery.take(64, 128)
    gallery.finish(first, cover(key_of(1)), cover(key_of(2), 128), fingerprint="one")
    second = gallery.take(64)
    gallery.finish(second, cover(key_of(1)), fingerprint="two")
    third = gallery.take(32, tenant="bob", url="https://media.example/other.mp4")
    gallery.finish(third, cover(key_of(3), 32))


def test_after_everything_was_lost_the_answers_are_the_same(gallery: Gallery) -> None:
    fill(gallery)
    before = answers(gallery)
    gallery.parts.redis.flushdb()

    outcomes = Counter(recatalogue(gallery.catalogue))

    assert outcomes == {"image": 4, "medium": 2}
    assert answers(gallery) == before
    assert Counter(recatalogue(gallery.catalogue)) == {"known": 6}
    assert answers(gallery) == before


def test_a_medium_that_is_seen_before_it_comes_back_has_all_its_pictures(gallery: Gallery) -> None:
    before, _ = gallery.made(key_of(1))
    gallery.parts.redis.flushdb()
    gallery.parts.slots(10)
    after, _ = gallery.made(key_of(2))

    list(recatalogue(gallery.catalogue))

    medium = gallery.record(after).medium_id
    page = gallery.images.page("ann", ImageFilters(medium=medium), cursor=None, limit=9)
    assert [image.job for image in page.images] == [after.id, before.id]


def shown(fence: int, *, image: str, url: str) -> MediumCover:
    """A cover with a picture of ours."""
    facts = {"url": url, "image_id": image, "key": key_of(1), "fence": fence}
    return MediumCover(**facts, set_by="huawei_vod", set_at=datetime(2026, 5, 4, tzinfo=UTC))


def with_cover(gallery: Gallery, *, url: str = f"http://host/objects/{key_of(1)}") -> MediumRecord:
    """A medium that shows a picture of its own, and has a title."""
    job, image = gallery.made(key_of(1))
    medium = gallery.record(job).medium_id
    assert medium
    TenantCovers(gallery.catalogue, "ann").set(medium, shown(40, image=image, url=url))
    return gallery.catalogue.label("ann", medium, MediumLabels(title="A film"))


def test_a_cover_comes_back_with_its_fence_and_keeps_its_picture(gallery: Gallery) -> None:
    medium = with_cover(gallery)
    gallery.parts.redis.flushdb()

    list(recatalogue(gallery.catalogue))

    assert gallery.media.read("ann", medium.medium_id) == medium
    assert gallery.parts.redis.get("ff:fence") == "40"
    sweep_pictures(gallery.catalogue, KeepRules({"CoverSnapshot": 0.0}, 0, 0))
    assert gallery.is_stored(key_of(1))
    covers = TenantCovers(gallery.catalogue, "ann")
    assert covers.shown(medium.medium_id) == medium.cover
    older = shown(39, image="a" * 32, url="http://else.example/")
    assert not covers.set(medium.medium_id, older)


@pytest.mark.parametrize(
    ("url", "left"),
    [
        pytest.param(f"http://host/objects/{key_of(1)}", None, id="our-own"),
        pytest.param("http://else.example/a.jpg", "http://else.example/a.jpg", id="of-a-server"),
    ],
)
def test_a_cover_whose_picture_is_gone_comes_back_as_what_is_left_of_it(
    gallery: Gallery, url: str, left: str | None
) -> None:
    medium = with_cover(gallery, url=url)
    gallery.parts.redis.flushdb()
    gallery.store.delete(key_of(1))

    list(recatalogue(gallery.catalogue))

    cover = TenantCovers(gallery.catalogue, "ann").shown(medium.medium_id)
    assert (cover.url if cover else None) == left
    assert cover is None or (cover.image_id, cover.key, cover.fence) == (None, None, 40)


@pytest.mark.parametrize("is_set_since", [True, False], ids=["set-since", "not-set-since"])
def test_what_was_set_comes_back_to_a_medium_that_was_seen_since_unless_it_was_set_since(
    gallery: Gallery, is_set_since: bool
) -> None:
    medium = with_cover(gallery)
    key = sidecar_key("ann", "media", medium.medium_id)
    kept = gallery.store.read(key, 0, 10_000)
    gallery.parts.redis.flushdb()
    gallery.parts.slots(10)
    gallery.made(key_of(2))
    covers = TenantCovers(gallery.catalogue, "ann")
    since = shown(1, image="b" * 32, url="http://new.example/").model_copy(
        update={"image_id": None, "key": None}
    )
    if is_set_since:
        covers.set(medium.medium_id, since)
    gallery.store.put(key, kept, content_type="application/json")

    list(recatalogue(gallery.catalogue))

    assert covers.shown(medium.medium_id) == (since if is_set_since else medium.cover)
    found = gallery.media.read("ann", medium.medium_id)
    assert found
    assert found.labels == medium.labels


def test_objects_are_shared_as_before(gallery: Gallery) -> None:
    fill(gallery)
    gallery.parts.redis.flushdb()
    list(recatalogue(gallery.catalogue))
    shared = [
        image
        for image in gallery.images.page("ann", ImageFilters(), cursor=None, limit=9).images
        if image.key == key_of(1)
    ]

    gallery.catalogue.delete("ann", shared[0].image_id)
    assert gallery.is_stored(key_of(1))
    gallery.catalogue.delete("ann", shared[1].image_id)
    assert not gallery.is_stored(key_of(1))


def test_a_deleted_picture_does_not_come_back(gallery: Gallery) -> None:
    _, first = gallery.made(key_of(1))
    gallery.made(key_of(1))
    gallery.catalogue.delete("ann", first)
    gallery.parts.redis.flushdb()

    list(recatalogue(gallery.catalogue))

    assert gallery.images.read("ann", first) is None


@pytest.mark.parametrize("what", ["object", "document"])
def test_a_picture_that_is_deleted_while_it_comes_back_does_not_come(
    gallery: Gallery, what: str
) -> None:
    _, image = gallery.made(key_of(1))
    gone = key_of(1) if what == "object" else sidecar_key("ann", "images", image)
    gallery.parts.redis.flushdb()
    asked = []

    class Deleting:
        """A store from which another deletes once it was looked at."""

        def find(self, key: str) -> object:
            found = gallery.store.find(key)
            asked.append(key)
            gallery.store.delete(gone)
            return found

        def __getattr__(self, name: str) -> object:
            return getattr(gallery.store, name)

    catalogue = gallery.catalogue._replace(objects=Deleting())  # type: ignore[arg-type]

    assert Counter(recatalogue(catalogue)) == {"medium": 1, "gone": 1}
    assert asked[0] == key_of(1)
    assert gallery.images.read("ann", image) is None
    assert gallery.parts.redis.keys("ff:owners:*") == []


def test_a_picture_that_is_deleted_once_it_was_listed_does_not_end_the_rebuild(
    gallery: Gallery,
) -> None:
    _, first = gallery.made(key_of(1))
    gallery.made(key_of(2))

    class Deleting:
        """A store from which another deletes a picture once all were listed."""

        def list(self, prefix: str) -> list[object]:
            found: list[object] = list(gallery.store.list(prefix))
            gallery.catalogue.delete("ann", first)
            return found

        def __getattr__(self, name: str) -> object:
            return getattr(gallery.store, name)

    catalogue = gallery.catalogue._replace(objects=Deleting())  # type: ignore[arg-type]

    assert Counter(recatalogue(catalogue)) == {"gone": 1, "known": 2}


def test_a_picture_whose_object_is_being_deleted_does_not_come_back(gallery: Gallery) -> None:
    _, image = gallery.made(key_of(1))
    gallery.parts.redis.flushdb()
    gallery.parts.redis.set(f"ff:deleting:{key_of(1)}", "another", px=60_000)

    assert Counter(recatalogue(gallery.catalogue)) == {"medium": 1, "known": 1}
    assert gallery.images.read("ann", image) is None


def test_documents_without_their_picture_or_of_another_key_are_left_alone(
    gallery: Gallery,
) -> None:
    _, image = gallery.made(key_of(1))
    mine = sidecar_key("ann", "images", image)
    document = gallery.store.read(mine, 0, 10_000)
    theirs = sidecar_key("bob", "images", image)
    damaged = sidecar_key("ann", "images", "0" * 32)
    gallery.store.put(theirs, document, content_type="application/json")
    gallery.store.put(damaged, document[:50], content_type="application/json")
    gallery.store.delete(key_of(1))
    gallery.parts.redis.flushdb()

    outcomes = Counter(recatalogue(gallery.catalogue))

    assert outcomes == {"medium": 1, "gone": 1, "damaged": 2}
    assert gallery.images.read("ann", image) is None
    assert gallery.images.read("bob", image) is None
    assert len(list(gallery.store.list("catalogue/"))) == 4


def test_a_job_that_died_between_picture_and_record_leaves_nothing(gallery: Gallery) -> None:
    job = gallery.take(64)
    gallery.put(job, key_of(1))
    gallery.parts.jobs.cancel("ann", job.id)
    assert unknown(gallery, release=True) == (0, 0)

    gallery.forget_jobs()
    sweep_pictures(gallery.catalogue, AT_ONCE)

    assert not gallery.is_stored(key_of(1))


def test_pictures_of_a_time_before_the_catalogue_go_only_when_that_is_said(
    gallery: Gallery,
) -> None:
    gallery.made(key_of(1))
    gallery.store.put(key_of(2), b"older", content_type="image/jpeg")

    assert unknown(gallery, release=False) == (1, 5)
    sweep_pictures(gallery.catalogue, AT_ONCE)
    assert gallery.is_stored(key_of(2))
    assert unknown(gallery, release=True) == (1, 5)
    sweep_pictures(gallery.catalogue, AT_ONCE)

    assert not gallery.is_stored(key_of(2))
    assert gallery.is_stored(key_of(1))
