"""Pictures go when their time is over, objects when nobody has needed them for long enough."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worker.state.parts import Parts
from tests.worker.state.pictures import Gallery, cover, key_of
from worker.chores.pictures import KeepRules, sweep_pictures, swept
from worker.errors import StorageError
from worker.rules.catalogue import image_id

COVERS_GO = KeepRules({"CoverSnapshot": -1, "NormalSnapshot": None}, grace_s=3600)
NOTHING_GOES = KeepRules({"CoverSnapshot": None}, grace_s=3600)


@pytest.fixture
def gallery(one_redis_url: str, tmp_path: Path) -> Iterator[Gallery]:
    parts = Parts(one_redis_url)
    parts.slots(10)
    yield Gallery(parts, tmp_path)
    parts.redis.close()


def without_grace(rules: KeepRules) -> KeepRules:
    return rules._replace(grace_s=0)


def test_pictures_go_by_type_and_age_and_their_objects_after_the_grace(gallery: Gallery) -> None:
    _, image = gallery.made(key_of(1))
    gallery.forget_jobs()

    assert sweep_pictures(gallery.catalogue, NOTHING_GOES) == 0
    assert sweep_pictures(gallery.catalogue, COVERS_GO) == 1
    assert gallery.images.read("ann", image) is None
    assert gallery.is_stored(key_of(1))
    assert sweep_pictures(gallery.catalogue, COVERS_GO) == 0
    assert sweep_pictures(gallery.catalogue, without_grace(NOTHING_GOES)) == 1

    assert [stored.key for stored in gallery.store.list("covers/")] == []
    assert [stored.key for stored in gallery.store.list("catalogue/ann/images/")] == []


@pytest.mark.parametrize("kept_s", [3600, None])
def test_pictures_that_are_young_enough_stay(gallery: Gallery, kept_s: float | None) -> None:
    _, image = gallery.made(key_of(1))
    rules = KeepRules({"CoverSnapshot": kept_s, "NormalSnapshot": -1}, grace_s=0)

    assert sweep_pictures(gallery.catalogue, rules) == 0

    assert gallery.images.read("ann", image)
    assert gallery.is_stored(key_of(1))


def test_pictures_of_every_tenant_go(gallery: Gallery) -> None:
    for tenant in ("ann", "bob"):
        gallery.made(key_of(1), tenant=tenant)

    told = list(swept(gallery.catalogue, without_grace(COVERS_GO)))

    assert [gone.kind for gone in told] == ["CoverSnapshot", "CoverSnapshot", "object"]
    assert not gallery.is_stored(key_of(1))


def test_a_dry_run_tells_what_would_go_and_removes_nothing(gallery: Gallery) -> None:
    _, image = gallery.made(key_of(1))
    abandoned = gallery.take(64)
    gallery.put(abandoned, key_of(2))
    gallery.parts.jobs.cancel("ann", abandoned.id)
    gallery.forget_jobs()
    rules = without_grace(COVERS_GO)

    would_go = list(swept(gallery.catalogue, rules, dry_run=True))

    assert [(gone.kind, gone.name, gone.bytes) for gone in would_go] == [
        ("CoverSnapshot", image, 1000),
        ("CoverSnapshot", image_id(abandoned.id, "covers/64"), 0),
        ("object", key_of(2), len(b"picture")),
    ]
    assert gallery.images.read("ann", image)
    assert gallery.is_stored(key_of(2))
    assert list(swept(gallery.catalogue, rules))[:3] == would_go


def test_an_object_that_is_needed_again_meanwhile_stays(gallery: Gallery) -> None:
    abandoned = gallery.take(64)
    for number in (1, 2):
        gallery.put(abandoned, key_of(number))
    gallery.parts.jobs.cancel("ann", abandoned.id)
    gallery.forget_jobs()
    going = swept(gallery.catalogue, without_grace(NOTHING_GOES))

    assert next(going).name == key_of(1)
    job = gallery.take(64)
    gallery.finish(job, cover(key_of(2)))

    assert list(going) == []
    assert gallery.is_stored(key_of(2))
    assert gallery.record(job).status == "Normal"


def test_many_objects_go_however_many(gallery: Gallery) -> None:
    job = gallery.take(64)
    for number in range(450):
        gallery.references.of_job("ann", job.id)(key_of(number))
    gallery.parts.jobs.cancel("ann", job.id)
    gallery.forget_jobs()
    gone = list(swept(gallery.catalogue, without_grace(NOTHING_GOES), dry_run=True))

    assert len({each.name for each in gone}) == 450
    assert sweep_pictures(gallery.catalogue, without_grace(NOTHING_GOES)) == 450


def test_a_few_objects_that_cannot_be_deleted_do_not_hold_up_the_others(gallery: Gallery) -> None:
    job = gallery.take(64)
    for number in (1, 2, 3):
        gallery.put(job, key_of(number))
    gallery.parts.jobs.cancel("ann", job.id)
    gallery.forget_jobs()

    class Stubborn:
        def delete(self, key: str) -> None:
            if key != key_of(3):
                raise StorageError("storage.misconfigured")
            gallery.store.delete(key)

        def __getattr__(self, name: str) -> object:
            return getattr(gallery.store, name)

    catalogue = gallery.catalogue._replace(objects=Stubborn())  # type: ignore[arg-type]

    with pytest.raises(StorageError, match=r"storage\.misconfigured"):
        sweep_pictures(catalogue, without_grace(NOTHING_GOES))
    assert gallery.is_stored(key_of(1))
    assert not gallery.is_stored(key_of(3))


def test_a_store_that_is_away_is_not_asked_for_ever(gallery: Gallery) -> None:
    job = gallery.take(64)
    for number in range(50):
        gallery.references.of_job("ann", job.id)(key_of(number))
    gallery.parts.jobs.cancel("ann", job.id)
    gallery.forget_jobs()
    asked = []

    class Away:
        def find(self, key: str) -> None:
            asked.append(key)
            raise StorageError("storage.unavailable")

    catalogue = gallery.catalogue._replace(objects=Away())  # type: ignore[arg-type]

    with pytest.raises(StorageError):
        sweep_pictures(catalogue, without_grace(NOTHING_GOES))
    assert len(asked) == 5


def test_what_was_expected_of_forgotten_jobs_goes_too(gallery: Gallery) -> None:
    job = gallery.take(64)
    gallery.parts.jobs.cancel("ann", job.id)
    gallery.forget_jobs()

    sweep_pictures(gallery.catalogue, NOTHING_GOES)

    assert gallery.images.read("ann", image_id(job.id, "covers/64")) is None


def test_media_go_once_they_have_no_picture_and_were_not_seen_for_long(gallery: Gallery) -> None:
    job, image = gallery.made(key_of(1))
    medium = gallery.record(job).medium_id
    assert medium
    at_once = NOTHING_GOES._replace(keep_medium_s=-1)

    assert sweep_pictures(gallery.catalogue, at_once) == 0
    gallery.catalogue.delete("ann", image)
    assert sweep_pictures(gallery.catalogue, NOTHING_GOES._replace(keep_medium_s=3600)) == 0
    told = list(swept(gallery.catalogue, at_once, dry_run=True))
    assert gallery.media.read("ann", medium)
    assert list(swept(gallery.catalogue, at_once)) == told

    assert [(gone.kind, gone.name) for gone in told] == [("medium", medium)]
    assert gallery.media.read("ann", medium) is None
    assert list(gallery.store.list("catalogue/")) == []
