"""What messages to the endpoints of others say: the same bytes at every attempt.

Thin, by Standard Webhooks 1.0: a type, the time of what happened, and who it is about. The fields
are bounded by their contracts, so that no body comes near 20 KB.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from worker.contracts.records import Notice, RecordedCover
from worker.contracts.targets import WebhookTarget

COVER_RECORDED: Final = "cover.recorded"
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TIME_LETTERS: Final = 10


def notice_body(notice: Notice) -> bytes:
    """What a callback URL is told of a job or record that has ended."""
    subject, _, word = notice.type.partition(".")
    told = {"job": notice.job, "record": notice.record}
    data: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    data["state" if subject == "record" else "status"] = word
    return _body(notice.type, notice.at, {**data, "sequence": notice.sequence})


def cover_body(record: str, target: WebhookTarget, cover: RecordedCover) -> bytes:
    """What an endpoint is told of a cover; its time is that of the order, which its id holds."""
    data = {**cover_data(target, cover), "record": record}
    return _body(COVER_RECORDED, _made_at(record), data)


def cover_data(target: WebhookTarget, cover: RecordedCover) -> dict[str, Any]:
    """The cover as its receiver sees it, under the receiver's own word for what it belongs to."""
    shown = {"url", "width", "height", "content_type", "sha256"}
    return {"id": target.id, "cover": cover.model_dump(include=shown)}


def _made_at(record: str) -> datetime:
    """The milliseconds since 1970 that a ULID begins with."""
    milliseconds = 0
    for letter in record.partition("_")[2][:_TIME_LETTERS]:
        milliseconds = milliseconds * len(_CROCKFORD) + _CROCKFORD.index(letter)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def _body(kind: str, at: datetime, data: dict[str, Any]) -> bytes:
    timestamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    message = {"type": kind, "timestamp": timestamp, "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
