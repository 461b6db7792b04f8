"""A call that is taken is told of what it reads; one that is not is told nothing."""

from datetime import UTC, datetime

import pytest
from ulid import ULID

from tests.worker.state.parts import Parts
from tests.worker.state.pictures import PROBE, URL
from tests.worker.state.tellers import ACCESS_KEY, opened
from worker.contracts.catalogue import ImageRecord
from worker.state.admissions import MOST_LOOKED_AT, Admission, Subject
from worker.state.callers import Callers
from worker.state.images import ImageFilters, ImageRecords
from worker.state.media import MediumRecords, Sighting

MEDIUM, IMAGE = "a" * 32, Subject("image", f"{7:032x}")


def _image(number: int) -> ImageRecord:
    return ImageRecord(
        image_id=f"{number:032x}",
        tenant="default",
        label=f"covers/{number}",
        type="CoverSnapshot",
        title="one",
        status="Normal",
        created_at=datetime(2026, 5, 4, tzinfo=UTC),
        key=f"covers/{number}.jpg",
        medium_id=MEDIUM,
        job=f"job_{ULID.from_int(1)}",
    )


def _kept(parts: Parts, count: int) -> tuple[ImageRecords, MediumRecords]:
    images, media = ImageRecords(parts.redis), MediumRecords(parts.redis)
    sighting = Sighting(MEDIUM, URL, PROBE, None, of_library=False)
    media.see("default", sighting, datetime(2026, 5, 4, tzinfo=UTC))
    for number in range(count):
        images.restore(_image(number))
    return images, media


def _admitted(
    url: str, subject: Subject, *, tenant: str = "default", nonces: tuple[str, ...] = ("n",)
) -> Admission:
    async def last(callers: Callers) -> Admission:
        told = [
            await callers.admit(ACCESS_KEY, nonce=nonce, reads=(tenant, subject))
            for nonce in nonces
        ]
        return told[-1]

    with opened(url) as teller:
        return teller.ask(last)


def test_an_image_is_told_with_its_medium(parts: Parts, redis_url: str) -> None:
    images, media = _kept(parts, 9)

    found = _admitted(redis_url, IMAGE).found

    assert found is not None
    assert found.image == images.read("default", IMAGE.id)
    assert found.medium == media.read("default", MEDIUM)


@pytest.mark.parametrize("count", [0, 4, MOST_LOOKED_AT + 1])
def test_a_medium_is_told_with_its_newest_pictures_and_whether_there_are_more(
    parts: Parts, redis_url: str, count: int
) -> None:
    images, media = _kept(parts, count)

    found = _admitted(redis_url, Subject("pictures", MEDIUM)).found

    assert found is not None
    assert found.medium == media.read("default", MEDIUM)
    covers, snapshots = found.pages
    wanted = ImageFilters(medium=MEDIUM, type="CoverSnapshot")
    assert covers == images.page("default", wanted, cursor=None, limit=MOST_LOOKED_AT)
    assert (covers.next_cursor is not None) == (count > MOST_LOOKED_AT)
    assert snapshots.images == []


@pytest.mark.parametrize("subject", [IMAGE, Subject("pictures", MEDIUM)], ids=["image", "medium"])
def test_nothing_of_another_tenant_is_found(parts: Parts, redis_url: str, subject: Subject) -> None:
    _kept(parts, 9)

    found = _admitted(redis_url, subject, tenant="other").found

    assert found is not None
    assert (found.image, found.medium) == (None, None)
    assert not any(page.images for page in found.pages)


def test_a_call_that_is_not_taken_is_told_nothing(parts: Parts, redis_url: str) -> None:
    _kept(parts, 9)

    assert _admitted(redis_url, IMAGE, nonces=("n", "n")) == Admission("replayed", 0)
