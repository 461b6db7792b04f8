"""The stream of changes of state and progress: its name, its bound, and how it is read."""

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, cast

import redis

from worker.contracts.jobs import JobEvent
from worker.contracts.names import Kind, Status
from worker.state.connection import redis_errors_as_ours
from worker.state.record import progress_of

EVENTS_KEY: Final = "ff:events"
EVENTS_KEPT: Final = 10_000
# Before everything.
START: Final = "0-0"
_POSITION: Final = re.compile(r"[0-9]{1,20}-[0-9]{1,20}")

Rows = Iterable[tuple[str, Mapping[str, str]]]
_log = logging.getLogger(__name__)


class Entry(NamedTuple):
    """An entry of the stream, by its id; None for what is no event that we know."""

    id: str
    event: JobEvent | None


def parse_event(fields: Mapping[str, str]) -> JobEvent:
    """The change that the fields of one entry tell."""
    return JobEvent(
        tenant=fields["tenant"],
        id=fields["id"],
        kind=cast(Kind, fields["kind"]),
        status=cast(Status, fields["status"]),
        revision=int(fields["revision"]),
        progress=progress_of(fields),
    )


def parse_entries(rows: Rows) -> list[Entry]:
    """The entries as Redis gives them; one that cannot be read is told in the log."""
    return [Entry(entry_id, _readable(entry_id, fields)) for entry_id, fields in rows]


def _readable(entry_id: str, fields: Mapping[str, str]) -> JobEvent | None:
    try:
        return parse_event(fields)
    except (KeyError, ValueError) as unreadable:
        _log.warning("event passed over: %s: %r", entry_id, unreadable)
        return None


def order_of(position: str) -> tuple[int, int]:
    """What ids are ordered by: milliseconds, then the number within them."""
    ms, _, number = position.partition("-")
    return int(ms), int(number)


class EventLog:
    """The stream, for who comes later or comes back.

    Every method raises RequestError `queue.unavailable` when Redis does not answer.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def newest(self) -> str:
        """The id of the newest entry."""
        with redis_errors_as_ours():
            rows: Any = self._redis.xrevrange(EVENTS_KEY, count=1)
        return str(rows[0][0]) if rows else START

    def holds(self, position: str) -> bool:
        """Whether all that came after an entry with that id is still there."""
        if not _POSITION.fullmatch(position):
            return False
        with redis_errors_as_ours():
            rows: Any = self._redis.xrange(EVENTS_KEY, count=1)
        oldest = order_of(rows[0][0]) if rows else None
        return oldest is not None and oldest <= order_of(position) <= order_of(self.newest())

    def after(self, position: str, *, count: int) -> list[Entry]:
        """The next entries after an id, oldest first."""
        with redis_errors_as_ours():
            rows: Any = self._redis.xrange(EVENTS_KEY, f"({position}", count=count)
        return parse_entries(rows)
