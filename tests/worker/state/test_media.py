"""A medium is found again by what its source is; other bytes are another version of it."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.worker.state.parts import Parts
from tests.worker.state.pictures import PROBE, URL
from worker.state.media import MediumRecords, Sighting

AT = datetime(2026, 5, 4, 8, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
A_MEDIUM, ANOTHER = "a" * 32, "b" * 32


def sighting(fingerprint: str | None = "one", *, medium_id: str = A_MEDIUM) -> Sighting:
    return Sighting(medium_id, URL, PROBE, fingerprint, of_library=False)


def test_a_medium_keeps_its_id_and_tells_when_it_was_seen(parts: Parts) -> None:
    media = MediumRecords(parts.redis)

    first = media.see("ann", sighting(), AT).record
    again = media.see("ann", sighting(), LATER).record

    assert again.medium_id == first.medium_id
    assert (again.created_at, again.seen_at, again.version) == (AT, LATER, 1)
    assert media.read("ann", first.medium_id) == again
    assert (again.source, again.probe, again.fingerprint) == (URL, PROBE, "one")


def test_a_job_that_was_taken_earlier_changes_nothing_of_when_it_was_seen(parts: Parts) -> None:
    media = MediumRecords(parts.redis)
    media.see("ann", sighting(), LATER)

    assert media.see("ann", sighting(), AT).record.seen_at == LATER


@pytest.mark.parametrize(
    ("before", "now", "version", "kept"),
    [
        pytest.param("one", "two", 2, "two", id="other-bytes"),
        pytest.param("one", "one", 1, "one", id="the-same-bytes"),
        pytest.param(None, "one", 1, "one", id="known-for-the-first-time"),
        pytest.param("one", None, 1, "one", id="not-told-this-time"),
    ],
)
def test_only_another_fingerprint_is_another_version(
    parts: Parts, before: str | None, now: str | None, version: int, kept: str
) -> None:
    media = MediumRecords(parts.redis)
    media.see("ann", sighting(before), AT)

    found = media.see("ann", sighting(now), LATER).record

    assert (found.version, found.fingerprint) == (version, kept)


def test_it_is_news_until_its_document_is_kept_and_again_with_other_bytes(parts: Parts) -> None:
    media = MediumRecords(parts.redis)

    assert media.see("ann", sighting(), AT).is_news
    seen = media.see("ann", sighting(), AT)
    assert seen.is_news
    media.documented(seen.record)
    assert not media.see("ann", sighting(), AT).is_news
    assert not media.see("ann", sighting(None), AT).is_news
    assert media.see("ann", sighting("two"), AT).is_news
    media.documented(seen.record)
    assert media.see("ann", sighting("two"), AT).is_news


def test_tenants_and_sources_have_media_of_their_own(parts: Parts) -> None:
    media = MediumRecords(parts.redis)
    mine = media.see("ann", sighting(), AT).record

    assert media.read("bob", A_MEDIUM) is None
    media.see("bob", sighting("theirs"), AT)
    media.see("ann", sighting("other", medium_id=ANOTHER), AT)
    assert media.read("ann", A_MEDIUM) == mine
    assert media.tenants() == ["ann", "bob"]


def test_media_without_pictures_that_nobody_saw_for_long_are_unused(parts: Parts) -> None:
    media = MediumRecords(parts.redis)
    for number in range(450):
        media.see("ann", sighting(medium_id=f"{number:032x}"), AT)
    media.see("ann", sighting(), LATER)
    pictured = f"{7:032x}"
    parts.redis.zadd(f"ff:images:ann:medium:{pictured}", {"a picture": 0})

    found = media.unused("ann", LATER)

    assert sorted(found) == [f"{number:032x}" for number in range(450) if number != 7]
    assert media.unused("bob", LATER) == []
    assert media.forget("ann", found[0], LATER)
    assert not media.forget("ann", found[0], LATER)
    assert media.read("ann", found[0]) is None
    assert not media.forget("ann", pictured, LATER)
    assert len(media.unused("ann", LATER)) == 448


def test_a_medium_that_is_seen_while_it_goes_stays_and_is_news(parts: Parts) -> None:
    media = MediumRecords(parts.redis)
    media.documented(media.see("ann", sighting(), AT).record)
    assert media.unused("ann", LATER) == [A_MEDIUM]

    media.see("ann", sighting(), LATER)

    assert not media.forget("ann", A_MEDIUM, LATER)
    assert media.see("ann", sighting(), LATER).is_news


def test_a_medium_is_known_again_from_its_document(parts: Parts) -> None:
    media = MediumRecords(parts.redis)
    media.see("ann", sighting("one"), AT)
    record = media.see("ann", sighting("two"), LATER).record
    assert not media.restore(record)
    parts.redis.flushdb()

    media.see_again("ann", record.medium_id, LATER + timedelta(hours=1))
    assert media.read("ann", record.medium_id) is None
    assert media.restore(record)

    later = record.model_copy(update={"seen_at": LATER + timedelta(hours=1)})
    assert media.read("ann", record.medium_id) == later
    seen = media.see("ann", sighting("two"), AT)
    assert (seen.record, seen.is_news) == (later, False)
