from dataclasses import dataclass, field

import pytest

from tests.worker.rules.test_webhooks import COVER, RECORD
from worker.contracts.catalogue import MediumCover
from worker.contracts.targets import FirstframeTarget, VendorSetting
from worker.errors import CoverError, ProviderError, RequestError, StorageError
from worker.ports.recording import CoverCopy, Receipt
from worker.providers.firstframe import FirstframeProvider

MEDIUM = "ab" * 16
TARGET = FirstframeTarget(provider="firstframe", medium_id=MEDIUM)
PICTURE = COVER.model_copy(update={"image_id": "cd" * 16})
JOB = "job_01JC6Z5G0Q8V2N3M4P5R6S7T8W"
COPY = CoverCopy(PICTURE, lambda: b"", RECORD, fence=7, job=JOB)


@dataclass
class Shelf:
    """Covers of media as the port promises them, kept by fence."""

    covers: dict[str, MediumCover | None] = field(default_factory=lambda: {MEDIUM: None})
    error: CoverError | None = None

    def set(self, medium_id: str, cover: MediumCover) -> bool:
        stands = self.shown(medium_id)
        if stands is not None and stands.fence > cover.fence:
            return False
        self.covers[medium_id] = cover
        return True

    def shown(self, medium_id: str) -> MediumCover | None:
        if self.error is not None:
            raise self.error
        if medium_id not in self.covers:
            raise RequestError("request.not_found")
        return self.covers[medium_id]


def test_a_recorded_cover_is_shown_with_its_order() -> None:
    shelf = Shelf()
    provider = FirstframeProvider(media=shelf)

    receipt = provider.record(TARGET, COPY)

    stands = shelf.covers[MEDIUM]
    assert receipt == Receipt(reference=PICTURE.key)
    assert stands is not None
    assert (stands.url, stands.key, stands.image_id) == (COVER.url, COVER.key, "cd" * 16)
    assert (stands.set_by, stands.job, stands.record, stands.fence) == (
        *("firstframe", JOB, RECORD),
        7,
    )
    assert provider.shows(provider.read(TARGET), COPY, TARGET, None)


@pytest.mark.parametrize("url", ["https://elsewhere.example/a.jpg", None])
def test_what_a_client_set_keeps_its_url_and_who_set_it(url: str | None) -> None:
    shelf = Shelf()
    target = TARGET.model_copy(update={"as_set": VendorSetting(by="alibaba_mps", url=url)})

    FirstframeProvider(media=shelf).record(target, COPY)

    stands = shelf.covers[MEDIUM]
    assert stands is not None
    assert (stands.url, stands.set_by, stands.key) == (url or COVER.url, "alibaba_mps", COVER.key)


def test_a_newer_cover_is_not_overwritten() -> None:
    shelf = Shelf()
    provider = FirstframeProvider(media=shelf)
    other = PICTURE.model_copy(update={"key": "public/ef.jpg"})
    provider.record(TARGET, COPY._replace(cover=other, fence=9))

    with pytest.raises(ProviderError) as caught:
        provider.record(TARGET, COPY)

    assert (caught.value.code, caught.value.unsure) == ("provider.conflict", False)
    assert provider.read(TARGET).reference == "public/ef.jpg"
    assert not provider.shows(provider.read(TARGET), COPY, TARGET, None)


def test_a_medium_without_a_cover_shows_none() -> None:
    assert FirstframeProvider(media=Shelf()).read(TARGET).reference is None


def test_a_picture_that_is_not_ours_is_told_by_its_url() -> None:
    shelf = Shelf()
    provider = FirstframeProvider(media=shelf)
    provider.record(TARGET, COPY)
    stands = shelf.covers[MEDIUM]
    assert stands is not None
    foreign = {"key": None, "image_id": None, "url": "https://elsewhere.example/a.jpg"}
    shelf.covers[MEDIUM] = stands.model_copy(update=foreign)

    shown = provider.read(TARGET)

    assert shown.reference == "https://elsewhere.example/a.jpg"
    assert not provider.shows(shown, COPY, TARGET, None)


def test_an_unknown_medium_is_not_found() -> None:
    provider = FirstframeProvider(media=Shelf({}))

    for call in (lambda: provider.record(TARGET, COPY), lambda: provider.read(TARGET)):
        with pytest.raises(ProviderError) as caught:
            call()
        assert caught.value.code == "provider.not_found"


def test_a_store_that_fails_leaves_the_outcome_open() -> None:
    provider = FirstframeProvider(media=Shelf(error=StorageError("storage.unavailable")))

    with pytest.raises(ProviderError) as caught:
        provider.record(TARGET, COPY)

    assert (caught.value.code, caught.value.unsure) == ("provider.unavailable", True)


def test_a_redis_that_is_away_is_no_failure_of_the_provider() -> None:
    provider = FirstframeProvider(media=Shelf(error=RequestError("queue.unavailable")))

    with pytest.raises(RequestError) as caught:
        provider.read(TARGET)

    assert caught.value.code == "queue.unavailable"


def test_what_would_be_set_is_told() -> None:
    assert FirstframeProvider(media=Shelf()).would_send(TARGET, PICTURE) == {
        "medium_id": MEDIUM,
        "cover": {"url": COVER.url, "image_id": "cd" * 16, "sha256": COVER.sha256},
    }
