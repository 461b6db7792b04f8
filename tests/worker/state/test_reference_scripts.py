"""Records hold their cover until they end, targets what stands: no sweep takes it meanwhile."""

from pathlib import Path

import pytest

from tests.worker.state.orders import ASSET, item
from tests.worker.state.parts import Parts
from tests.worker.state.pictures import Gallery, cover, key_of
from worker.contracts.records import Record, RecordedCover, RecordOrder, RecordResult
from worker.contracts.requests import CoverRequest
from worker.contracts.targets import DryRunTarget, Target
from worker.errors import ProviderError, RequestError
from worker.state.leases import Lease

RECORDED = RecordResult(state="recorded", verified=True)
SUPERSEDED = RecordResult(state="superseded")


@pytest.fixture
def gallery(parts: Parts, tmp_path: Path) -> Gallery:
    parts.slots(10)
    return Gallery(parts, tmp_path)


def ordered(gallery: Gallery, number: int, target: Target = ASSET) -> tuple[Record, str]:
    """An order for a new picture, and the picture's id."""
    _, image = gallery.made(key_of(number))
    return order(gallery, number, image, target), image


def order(gallery: Gallery, number: int, image: str, target: Target = ASSET) -> Record:
    recorded = RecordedCover(
        **cover(key_of(number)).model_dump(
            include={"key", "url", "content_type", "bytes", "sha256", "width", "height"}
        ),
        image_id=image,
    )
    (record,) = gallery.parts.records.create("ann", [RecordOrder(target=target, cover=recorded)])
    return record


def stand(gallery: Gallery, record: Record) -> None:
    """Run the record: its cover is written and seen."""
    lease = gallery.parts.due("ann", item(record))
    ledger = gallery.parts.ledgers.of(lease)
    ledger.begin()
    ledger.writes()
    ledger.written(None, None)
    ledger.stands(None, verified=True)
    lease.finish(RECORDED)


def is_there(gallery: Gallery, number: int) -> bool:
    """Whether the picture's bytes survive a sweep."""
    for key in gallery.references.orphans(grace_s=0, limit=10):
        gallery.references.delete(key, gallery.store.delete, grace_s=0)
    return gallery.store.find(key_of(number)) is not None


def test_a_record_that_waits_keeps_its_cover_though_the_picture_is_deleted(
    gallery: Gallery,
) -> None:
    _, image = ordered(gallery, 1)

    gallery.catalogue.delete("ann", image)

    assert is_there(gallery, 1)


def test_what_stands_at_a_target_stays_until_another_cover_does(gallery: Gallery) -> None:
    first, image = ordered(gallery, 1)
    stand(gallery, first)
    gallery.catalogue.delete("ann", image)
    assert is_there(gallery, 1)

    second, image = ordered(gallery, 2)
    gallery.catalogue.delete("ann", image)
    stand(gallery, second)

    assert not is_there(gallery, 1)
    assert is_there(gallery, 2)


def test_the_same_picture_recorded_again_stays(gallery: Gallery) -> None:
    first, image = ordered(gallery, 1)
    stand(gallery, first)
    again = order(gallery, 1, image)
    gallery.catalogue.delete("ann", image)

    stand(gallery, again)

    assert is_there(gallery, 1)


def test_what_stands_is_let_go_when_its_target_is_forgotten(gallery: Gallery) -> None:
    record, image = ordered(gallery, 1)
    stand(gallery, record)
    gallery.catalogue.delete("ann", image)

    gallery.parts.retention.forget_targets(keep_s=0, limit=10)

    assert not is_there(gallery, 1)


def _fails(lease: Lease) -> None:
    lease.fail(ProviderError("provider.rejected"))


def _is_superseded(lease: Lease) -> None:
    lease.finish(SUPERSEDED)


@pytest.mark.parametrize("end", [_fails, _is_superseded])
def test_a_record_that_ends_without_standing_lets_its_cover_go(
    gallery: Gallery, end: object
) -> None:
    record, image = ordered(gallery, 1)
    gallery.catalogue.delete("ann", image)

    assert callable(end)
    end(gallery.parts.due("ann", item(record)))

    assert not is_there(gallery, 1)


def test_a_dry_run_keeps_nothing(gallery: Gallery) -> None:
    record, image = ordered(gallery, 1, DryRunTarget(provider="dry_run", of=ASSET))
    stand(gallery, record)

    gallery.catalogue.delete("ann", image)

    assert not is_there(gallery, 1)


def test_a_record_is_not_tried_again_with_a_picture_that_was_deleted(gallery: Gallery) -> None:
    record, image = ordered(gallery, 1)
    _fails(gallery.parts.due("ann", item(record)))
    gallery.catalogue.delete("ann", image)
    assert not is_there(gallery, 1)

    with pytest.raises(RequestError, match="a picture that was deleted"):
        gallery.parts.records.retry("ann", record.id)


def test_a_failed_record_that_is_tried_again_holds_its_cover_again(gallery: Gallery) -> None:
    record, image = ordered(gallery, 1)
    _fails(gallery.parts.due("ann", item(record)))

    gallery.parts.records.retry("ann", record.id)
    gallery.catalogue.delete("ann", image)

    assert is_there(gallery, 1)


def test_an_order_for_a_picture_that_was_just_deleted_fails(gallery: Gallery) -> None:
    _, image = gallery.made(key_of(1))
    gallery.catalogue.delete("ann", image)

    made = gallery.parts.records.read("ann", order(gallery, 1, image).id)

    assert made is not None
    assert made.error is not None
    assert (made.state, made.error.code) == ("failed", "record.no_cover")
    assert gallery.parts.lanes.release("record") == 0


def test_the_record_of_a_job_holds_the_cover_from_the_jobs_end_on(gallery: Gallery) -> None:
    told = {"source": {"url": "https://media.example/a.mp4"}, "sizes": [64], "target": ASSET}
    job = gallery.parts.jobs.create("ann", CoverRequest.model_validate(told))
    gallery.images.expect(job)

    gallery.finish(job, cover(key_of(1)))
    gallery.catalogue.delete("ann", gallery.record(job).image_id)

    assert is_there(gallery, 1)
