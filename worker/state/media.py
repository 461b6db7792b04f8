"""The records of media: every medium that a job saw, under an id made of what its source is,
with the cover it shows and what clients call it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Final, NamedTuple, cast

import redis

from worker.contracts.catalogue import MediumCover, MediumLabels, MediumRecord
from worker.contracts.results import MediumInfo
from worker.errors import RequestError
from worker.state import medium_scripts
from worker.state.connection import redis_errors_as_ours
from worker.state.record import time_of
from worker.state.scripts import Script

# More in one script would keep others waiting in Redis, which does one thing at a time.
_BATCH: Final = 200
_PICTURE: Final = {"image_id", "key"}


class Seen(NamedTuple):
    """A medium that a job saw; `is_news` while the store has no document of it as it is."""

    record: MediumRecord
    is_news: bool


class Sighting(NamedTuple):
    """What a job saw: which medium, and what it is."""

    medium_id: str
    source: str
    probe: MediumInfo
    fingerprint: str | None
    of_library: bool


class MediumRecords:
    """All media of all tenants. A medium of another tenant does not exist here.

    Every method raises RequestError `queue.unavailable` when Redis does not do its part.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._see = Script(client, medium_scripts.SEE)
        self._read = Script(client, medium_scripts.READ)
        self._restore = Script(client, medium_scripts.RESTORE)
        self._see_again = Script(client, medium_scripts.SEE_AGAIN)
        self._documented = Script(client, medium_scripts.DOCUMENTED)
        self._cover = Script(client, medium_scripts.COVER)
        self._label = Script(client, medium_scripts.LABELLED)
        self._unused = Script(client, medium_scripts.UNUSED)
        self._forget = Script(client, medium_scripts.FORGET)

    def see(self, tenant: str, sighting: Sighting, at: datetime) -> Seen:
        """The record of a medium, made where it is new; another fingerprint is a new version."""
        told = self._see(
            *(tenant, sighting.medium_id, sighting.source, sighting.probe.model_dump_json()),
            *(sighting.fingerprint or "", int(sighting.of_library), _ms(at)),
        )
        return _seen(tenant, sighting.medium_id, told)

    def show_cover(self, tenant: str, medium_id: str, cover: MediumCover) -> Seen | None:
        """Let a medium show a cover; None where one with a newer fence stands.

        What stands with the same fence gets its picture, if it has none yet, and keeps the rest.
        Raises: RequestError `request.not_found` without such a medium, or when the picture is gone.
        """
        told = self._cover(tenant, medium_id, cover.fence, *packed_cover(cover))
        if told == "job.superseded":
            return None
        if isinstance(told, str):
            raise RequestError(told)
        return _seen(tenant, medium_id, told)

    def label(self, tenant: str, medium_id: str, labels: MediumLabels) -> Seen | None:
        """Keep the labels that are given beside those that are there; None without the medium."""
        told = self._label(tenant, medium_id, *chain.from_iterable(_label_fields(labels)))
        return _seen(tenant, medium_id, told) if told else None

    def documented(self, record: MediumRecord) -> bool:
        """Note that the store has the document of this revision; False when that is not the last.

        A medium that is forgotten has none that would be missing.
        """
        return bool(self._documented(record.tenant, record.medium_id, record.revision))

    def see_again(self, tenant: str, medium_id: str, at: datetime) -> None:
        """Note that a job over the medium was taken then, if that is the latest."""
        self._see_again(tenant, medium_id, _ms(at))

    def restore(self, record: MediumRecord) -> bool:
        """Know a medium that only its document tells of; False where it is known.

        What is set on it counts where nothing was set since, whether it is known or not.
        """
        facts: dict[str, str | int] = {
            "version": record.version,
            "revision": record.revision,
            "created_ms": _ms(record.created_at),
            "of_library": int(record.of_library),
            "source": record.source,
            "probe": record.probe.model_dump_json(),
            "fingerprint": record.fingerprint or "",
        }
        cover = record.cover
        told, picture, image, key = packed_cover(cover) if cover else ("", "", "", "")
        was_set = [("cover", told), ("cover_picture", picture), *_label_fields(record.labels)]
        pairs = [*facts.items(), *((name, value) for name, value in was_set if value)]
        return bool(
            self._restore(
                *(record.tenant, record.medium_id, _ms(record.seen_at)),
                *(cover.fence if cover else 0, key, image),
                *(len(facts), *chain.from_iterable(pairs)),
            )
        )

    def read(self, tenant: str, medium_id: str) -> MediumRecord | None:
        told = self._read(tenant, medium_id)
        return medium_of(tenant, medium_id, told) if told else None

    def unused(self, tenant: str, before: datetime) -> list[str]:
        """The ids of media with nothing made of or set on them that no job since `before` saw."""
        found: list[str] = []
        start = 0
        while True:
            looked_at, *ids = self._unused(tenant, _ms(before), start, _BATCH)
            found += ids
            start += looked_at
            if looked_at < _BATCH:
                return found

    def forget(self, tenant: str, medium_id: str, before: datetime) -> bool:
        """Forget a medium whose document is gone, if it is still unused; whether it was."""
        return bool(self._forget(tenant, medium_id, _ms(before)))

    def tenants(self) -> list[str]:
        """Tenants that have or had media."""
        with redis_errors_as_ours():
            return sorted(cast(set[str], self._redis.smembers("ff:media_tenants")))


def _seen(tenant: str, medium_id: str, told: Sequence[str]) -> Seen:
    return Seen(medium_of(tenant, medium_id, told), "documented" not in told[::2])


def medium_of(tenant: str, medium_id: str, told: Sequence[str]) -> MediumRecord:
    """A medium as scripts tell it: names and values in turn."""
    fields = dict(zip(told[::2], told[1::2], strict=True))
    created_at, seen_at = time_of(fields["created_ms"]), time_of(fields["seen_ms"])
    assert created_at
    assert seen_at
    return MediumRecord(
        medium_id=medium_id,
        tenant=tenant,
        of_library=fields["of_library"] == "1",
        source=fields["source"],
        probe=MediumInfo.model_validate_json(fields["probe"]),
        fingerprint=fields["fingerprint"] or None,
        version=int(fields["version"]),
        created_at=created_at,
        seen_at=seen_at,
        cover=_cover(fields),
        labels=_labels(fields),
        revision=int(fields.get("revision", 1)),
    )


def packed_cover(cover: MediumCover) -> tuple[str, str, str, str]:
    """A cover as `show_cover` takes it: what was set, its picture, the picture's id and key.

    Each is "" for none: the picture may come later.
    """
    told = cover.model_dump_json(exclude_none=True, exclude=_PICTURE)
    picture = cover.model_dump_json(exclude_none=True, include=_PICTURE) if cover.key else ""
    return told, picture, cover.image_id or "", cover.key or ""


def _cover(fields: Mapping[str, str]) -> MediumCover | None:
    if "cover" not in fields:
        return None
    told: dict[str, Any] = json.loads(fields["cover"])
    return MediumCover(**told, **json.loads(fields.get("cover_picture", "{}")))


def _labels(fields: Mapping[str, str]) -> MediumLabels:
    names = MediumLabels.model_fields
    told = {name: fields.get(f"{medium_scripts.LABEL}{name}") for name in names}
    return MediumLabels(**{name: json.loads(value) for name, value in told.items() if value})


def _label_fields(labels: MediumLabels) -> Iterator[tuple[str, str]]:
    for name, value in labels.model_dump(exclude_none=True).items():
        yield f"{medium_scripts.LABEL}{name}", json.dumps(value)


def _ms(at: datetime) -> str:
    return f"{at.timestamp() * 1000:.0f}"
