"""Reads server-sent events as a browser's EventSource does (WHATWG HTML §9.2)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx2


class Event(NamedTuple):
    """One event: its name, its data, and the id to resume after."""

    name: str
    data: dict[str, Any]
    id: str


class Events:
    """The events of one answer, in order."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self.comments: list[str] = []
        self._events = self._parsed()

    def __iter__(self) -> Iterator[Event]:
        return self._events

    def next(self) -> Event:
        """Waits for the next one."""
        return next(self._events)

    def rest(self) -> list[Event]:
        """All until the server ends the stream."""
        return list(self._events)

    def statuses(self) -> list[str]:
        """The statuses that the rest tells."""
        return [event.data["status"] for event in self.rest()]

    def _parsed(self) -> Iterator[Event]:
        fields: dict[str, str] = {}
        last_id = ""
        for line in self.answer.iter_lines():
            name, _, value = line.partition(": ")
            if line and not name:
                self.comments.append(value)
            elif line:
                fields[name] = value
            elif "data" in fields:
                last_id = fields.get("id", last_id)
                yield Event(fields["event"], json.loads(fields["data"]), last_id)
                fields = {}


@contextmanager
def followed(url: str, path: str, last_event_id: str | None = None) -> Iterator[Events]:
    """A stream of events, open for the block."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    with httpx2.stream("GET", url + path, headers=headers, timeout=20) as answer:
        yield Events(answer)
