"""An object goes when the last who needs it has gone, and never under the hands of a new one."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.worker.state.parts import Parts
from tests.worker.state.pictures import Gallery, cover, key_of, result
from worker.errors import RequestError, StorageError
from worker.state.references import References

KEY = key_of(1)


@pytest.fixture
def gallery(parts: Parts, tmp_path: Path) -> Gallery:
    parts.slots(10)
    return Gallery(parts, tmp_path)


def orphans(gallery: Gallery, grace_s: float = 0) -> list[str]:
    return gallery.references.orphans(grace_s=grace_s, limit=10)


def test_an_object_of_two_pictures_goes_with_the_second(gallery: Gallery) -> None:
    _, first = gallery.made(KEY)
    _, second = gallery.made(KEY)

    gallery.catalogue.delete("ann", first)
    assert gallery.is_stored(KEY)
    gallery.catalogue.delete("ann", second)

    assert not gallery.is_stored(KEY)
    assert orphans(gallery) == []


def test_an_object_of_two_tenants_goes_with_the_second(gallery: Gallery) -> None:
    _, mine = gallery.made(KEY)
    _, theirs = gallery.made(KEY, tenant="bob")

    gallery.catalogue.delete("ann", mine)
    assert gallery.is_stored(KEY)
    gallery.catalogue.delete("bob", theirs)
    assert not gallery.is_stored(KEY)


def test_another_picture_of_the_same_job_keeps_the_jobs_reference(gallery: Gallery) -> None:
    job = gallery.take(64, 128)
    gallery.finish(job, cover(KEY), cover(KEY, 128))

    gallery.catalogue.delete("ann", gallery.record(job).image_id)
    assert gallery.is_stored(KEY)
    gallery.forget_jobs()
    assert orphans(gallery) == []

    gallery.catalogue.delete("ann", gallery.record(job, "covers/128").image_id)
    assert not gallery.is_stored(KEY)


def test_what_an_attempt_left_is_an_orphan_once_its_job_is_forgotten(gallery: Gallery) -> None:
    job = gallery.take(64)
    gallery.put(job, KEY)
    gallery.parts.jobs.cancel("ann", job.id)
    assert orphans(gallery) == []

    gallery.forget_jobs()

    assert orphans(gallery) == [KEY]
    assert gallery.parts.redis.keys("ff:job_objects:*") == []


def test_an_orphan_stays_for_a_while_and_is_none_when_it_is_needed_again(gallery: Gallery) -> None:
    job = gallery.take(64)
    gallery.put(job, KEY)
    gallery.parts.jobs.cancel("ann", job.id)
    gallery.forget_jobs()

    assert orphans(gallery, grace_s=60) == []
    assert not gallery.references.delete(KEY, gallery.store.delete, grace_s=60)
    gallery.references.of_job("ann", gallery.take(64).id)(KEY)

    assert orphans(gallery) == []
    assert not gallery.references.delete(KEY, gallery.store.delete, grace_s=0)
    assert gallery.is_stored(KEY)


def test_who_needs_an_object_waits_until_its_delete_is_done(gallery: Gallery) -> None:
    _, image = gallery.made(KEY)
    gallery.images.remove("ann", image)
    begun, may_end = threading.Event(), threading.Event()
    job = gallery.take(64)

    def delete(key: str) -> None:
        begun.set()
        assert may_end.wait(5)
        gallery.store.delete(key)

    with ThreadPoolExecutor() as pool:
        deleting = pool.submit(gallery.references.delete, KEY, delete, grace_s=0)
        assert begun.wait(5)
        putting = pool.submit(gallery.put, job, KEY)
        time.sleep(0.2)
        assert not putting.done()
        may_end.set()
        assert deleting.result(5)
        putting.result(5)

    assert gallery.is_stored(KEY)
    assert orphans(gallery) == []


def test_a_delete_that_failed_holds_others_up_until_it_cannot_come_to_pass(
    parts: Parts, tmp_path: Path
) -> None:
    parts.slots(10)
    gallery = Gallery(parts, tmp_path, delete_s=-4.5)
    _, image = gallery.made(KEY)
    gallery.images.remove("ann", image)

    def fail(key: str) -> None:
        raise StorageError("storage.unavailable")

    with pytest.raises(StorageError):
        gallery.references.delete(KEY, fail, grace_s=0)
    assert not gallery.references.delete(KEY, gallery.store.delete, grace_s=0)
    began_s = time.monotonic()
    gallery.put(gallery.take(64), KEY)

    assert time.monotonic() - began_s > 0.3
    assert orphans(gallery) == []


def test_nobody_waits_for_ever(gallery: Gallery) -> None:
    hasty = References(gallery.parts.redis, delete_s=-6)
    gallery.parts.redis.set(f"ff:deleting:{KEY}", "another")

    with pytest.raises(StorageError, match=r"storage\.unavailable"):
        hasty.of_job("ann", gallery.take(64).id)(KEY)


@pytest.mark.parametrize("how", ["forgotten", "lost"])
def test_a_job_that_is_not_known_any_more_leaves_no_reference_for_ever(
    gallery: Gallery, how: str
) -> None:
    job = gallery.take(64)
    if how == "lost":
        gallery.parts.redis.flushdb()
    else:
        gallery.parts.jobs.cancel("ann", job.id)
        gallery.forget_jobs()

    with pytest.raises(RequestError, match=r"job\.superseded"):
        gallery.put(job, KEY)

    assert not gallery.is_stored(KEY)
    assert gallery.parts.redis.keys("ff:owners:*") == gallery.parts.redis.keys("ff:job_o*") == []


def test_a_mark_that_ran_out_is_not_taken_from_another(gallery: Gallery) -> None:
    _, image = gallery.made(KEY)
    gallery.images.remove("ann", image)

    def slow(key: str) -> None:
        gallery.parts.redis.set(f"ff:deleting:{key}", "another")

    gallery.references.delete(KEY, slow, grace_s=0)

    assert gallery.parts.redis.get(f"ff:deleting:{KEY}") == "another"
    assert orphans(gallery) == [KEY]


def test_unknown_objects_are_those_that_nobody_ever_needed(gallery: Gallery) -> None:
    gallery.made(KEY)
    _, gone = gallery.made(key_of(2))
    gallery.images.remove("ann", gone)
    keys = [KEY, key_of(2), key_of(3)]

    assert gallery.references.unknown(keys, release=False) == [key_of(3)]
    assert orphans(gallery) == [key_of(2)]
    assert gallery.references.unknown(keys, release=True) == [key_of(3)]
    assert orphans(gallery) == [key_of(2), key_of(3)]


def test_makers_and_deleters_at_once_never_lose_an_object_that_is_needed(
    gallery: Gallery,
) -> None:
    stop_s = time.monotonic() + 2
    jobs = [[gallery.take(64) for _ in range(60)] for _ in range(2)]
    gallery.parts.slots(100)
    gallery.parts.lanes.release("live")
    deleted = []

    def make(number: int) -> int:
        rounds = 0
        while time.monotonic() < stop_s and jobs[number]:
            job = jobs[number].pop()
            lease = gallery.parts.claim(job)
            gallery.put(job, KEY)
            record = gallery.record(job)
            made = record.model_copy(update={"status": "Normal", "key": KEY})
            gallery.images.keep(lease.job, [made])
            lease.finish(result())
            time.sleep(0.002)
            assert gallery.is_stored(KEY), "a picture has lost its object"
            gallery.images.remove("ann", record.image_id)
            time.sleep(0.005 * (rounds % 3))
            rounds += 1
        return rounds

    def sweep() -> None:
        while time.monotonic() < stop_s and any(jobs):
            if gallery.references.delete(KEY, gallery.store.delete, grace_s=0):
                deleted.append(KEY)

    with ThreadPoolExecutor() as pool:
        sweeping = [pool.submit(sweep) for _ in range(2)]
        rounds = list(pool.map(make, range(2)))
        for each in sweeping:
            each.result()

    assert min(rounds) > 5
    assert len(deleted) > 5
