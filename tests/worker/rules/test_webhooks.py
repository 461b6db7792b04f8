import json
from datetime import UTC, datetime
from typing import Any

import pytest

from worker.contracts.records import Notice, RecordedCover
from worker.contracts.targets import WebhookTarget
from worker.rules.webhooks import cover_body, cover_data, notice_body

AT = datetime(2026, 11, 21, 18, 55, 4, 250_000, tzinfo=UTC)
JOB = "job_01JC6Z5G0Q8V2N3M4P5R6S7T8W"
RECORD = "rec_01JC6Z5G0Q8V2N3M4P5R6S7T8W"
COVER = RecordedCover(
    key="public/ab/cd.jpg",
    url="https://covers.example/cd.jpg",
    content_type="image/jpeg",
    bytes=4000,
    sha256="ab" * 32,
    width=480,
    height=480,
)


def notice(**fields: Any) -> Notice:
    return Notice(url="https://me.example/hook?key=canary", at=AT, sequence=7, **fields)


@pytest.mark.parametrize(
    ("told", "data"),
    [
        pytest.param(
            notice(type="job.succeeded", job=JOB),
            {"job": JOB, "status": "succeeded", "sequence": 7},
            id="job",
        ),
        pytest.param(
            notice(type="record.superseded", record=RECORD),
            {"record": RECORD, "state": "superseded", "sequence": 7},
            id="record",
        ),
        pytest.param(
            notice(type="record.failed", job=JOB, record=RECORD),
            {"job": JOB, "record": RECORD, "state": "failed", "sequence": 7},
            id="record-of-a-job",
        ),
    ],
)
def test_a_notice_says_what_happened_when_and_to_whom(told: Notice, data: dict[str, Any]) -> None:
    assert json.loads(notice_body(told)) == {
        "type": told.type,
        "timestamp": "2026-11-21T18:55:04.250Z",
        "data": data,
    }


def test_a_notice_does_not_repeat_the_url_it_goes_to() -> None:
    assert b"canary" not in notice_body(notice(type="job.failed", job=JOB))


def test_a_cover_is_told_under_the_receivers_own_word() -> None:
    target = WebhookTarget(provider="webhook", id="film 7")

    assert json.loads(cover_body(RECORD, target, COVER)) == {
        "type": "cover.recorded",
        "timestamp": "2024-11-08T22:43:52.983Z",
        "data": {
            "id": "film 7",
            "cover": {
                "url": "https://covers.example/cd.jpg",
                "width": 480,
                "height": 480,
                "content_type": "image/jpeg",
                "sha256": "ab" * 32,
            },
            "record": RECORD,
        },
    }


def test_the_bytes_are_the_same_at_every_attempt() -> None:
    target = WebhookTarget(provider="webhook", id="film 7")

    assert cover_body(RECORD, target, COVER) == cover_body(RECORD, target, COVER)
    assert notice_body(notice(type="job.failed", job=JOB)) == notice_body(
        notice(type="job.failed", job=JOB)
    )


def test_the_longest_message_is_under_20_kb() -> None:
    target = WebhookTarget(provider="webhook", id="\N{FILM FRAMES}" * 1024)
    cover = COVER.model_copy(update={"url": "https://covers.example/" + "c" * 8192})

    assert len(cover_body(RECORD, target, cover)) < 20_000


def test_a_cover_is_told_without_its_place_in_the_store() -> None:
    told = cover_data(WebhookTarget(provider="webhook", id="x"), COVER)

    assert COVER.key not in json.dumps(told)
