"""An album of ten thousand entries in a running instance, its first medium with real bytes."""

import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from ulid import ULID

from worker import wiring
from worker.contracts.libraries import (
    ROOT,
    SINGLE_SPACE,
    Entry,
    Grant,
    LibraryInfo,
    Place,
    VersionDraft,
)
from worker.rules.crc64 import Crc64
from worker.settings import Settings

LIBRARY: Final = "bench"
ALBUM: Final = "trip"
PLACE: Final = Place(LIBRARY, SINGLE_SPACE)
_PERIOD_S: Final = 3600


class Album(NamedTuple):
    """Where the album is served, and what opens it."""

    settings: Settings
    state: wiring.State
    secret: str
    token: str
    first: str


def fill_album(settings: Settings, medium: Path, entries: int) -> Album:
    """Make a library with one album; `medium` is its oldest entry, the others have no bytes."""
    state = wiring.state(settings, timeout_s=settings.redis.timeout_s)
    at_ms, secret = int(time.time() * 1000), secrets.token_urlsafe(32)
    info = LibraryInfo(
        id=LIBRARY, tenant="default", kind="media", multi_album=True, created_ms=at_ms
    )
    state.libraries.create(info, secret=secret)
    album = Entry(
        id=f"ent_{ULID()}",
        place=PLACE,
        parent_id=ROOT,
        name=ALBUM,
        kind="dir",
        created_ms=at_ms,
        modified_ms=at_ms,
    )
    first = _stored(settings, album.id, medium, at_ms)
    state.entries.load(PLACE, [album])
    state.entries.load(PLACE, _with_others(first, entries))
    token = state.access_tokens.create(Grant(library_id=LIBRARY, period_s=_PERIOD_S))
    return Album(settings, state, secret, token, first.name)


def _stored(settings: Settings, album_id: str, medium: Path, at_ms: int) -> Entry:
    """The medium as a file of the library."""
    checksum = Crc64()
    checksum.update(medium.read_bytes())
    draft = VersionDraft(
        transfer=f"trn_{ULID()}",
        size_bytes=medium.stat().st_size,
        crc64=str(checksum),
        content_type="video/mp4",
        at_ms=at_ms,
        way="created",
    )
    entry = Entry(
        id=f"ent_{ULID()}",
        place=PLACE,
        parent_id=album_id,
        # By name it is the last one.
        name="zz-first.mp4",
        kind="video",
        created_ms=at_ms,
        modified_ms=at_ms,
    )
    library = wiring.library(settings)
    version = library.put(PLACE, entry.id, medium, draft)
    whole = entry.model_copy(update={"version": version})
    library.note(whole)
    return whole


def _with_others(first: Entry, entries: int) -> Iterator[Entry]:
    yield first
    for number in range(1, entries):
        at_ms = first.created_ms + number
        changes = {"id": f"ent_{ULID()}", "name": f"{number:06}.mp4"}
        yield first.model_copy(update={**changes, "created_ms": at_ms, "modified_ms": at_ms})
