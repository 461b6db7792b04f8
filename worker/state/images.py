"""The records of pictures: expected of a job, kept when made, listed, removed."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any, Final, NamedTuple, cast

import redis
from ulid import ULID

from worker.contracts.catalogue import ImageRecord, ImageType
from worker.contracts.jobs import AnyRequest, AttemptedJob, Job
from worker.errors import RequestError
from worker.rules.catalogue import JobPicture, document, expected, expected_medium, image_id
from worker.rules.visibility import is_of_library
from worker.state import image_scripts
from worker.state.connection import redis_errors_as_ours
from worker.state.scripts import Script

MAX_LOOKED_AT: Final = 2000
# More in one script would keep others waiting in Redis, which does one thing at a time.
_BATCH: Final = 200
# What callers are shown of a medium first.
SHOWN_TYPES: Final[tuple[ImageType, ...]] = ("CoverSnapshot", "NormalSnapshot")
_MOST_PAGES: Final = 5
_MOST_OWNERS: Final = 100
_MOST_PLACES: Final = 10_000
_CURSOR: Final = re.compile(r"[0-9]{13}\.[a-z0-9/-]{1,64}\.[0-9a-f]{32}")


class ImageFilters(NamedTuple):
    """What a listed picture must be; None lets every picture pass."""

    job: str | None = None
    medium: str | None = None
    type: ImageType | None = None


class ImagePage(NamedTuple):
    """Some pictures, and where to go on; a page may be short or empty and still have a next one."""

    images: list[ImageRecord]
    next_cursor: str | None


def taken_at(job_id: str) -> datetime:
    """When the job was taken, as its id tells."""
    return ULID.from_str(job_id.removeprefix("job_")).datetime


def records_of(
    tenant: str,
    job_id: str,
    request: AnyRequest,
    drawn: Iterable[JobPicture],
    medium_id: str | None = None,
) -> list[ImageRecord]:
    """The records of a job's pictures: Normal those that have a key, Uploading the others."""
    created_at, of_library = taken_at(job_id), is_of_library(request)
    return [
        ImageRecord(
            image_id=image_id(job_id, each.label),
            tenant=tenant,
            of_library=of_library,
            label=each.label,
            type=each.type,
            title=each.title,
            status="Normal" if each.facts.get("key") else "Uploading",
            created_at=created_at,
            medium_id=medium_id,
            job=job_id,
            **each.facts,
        )
        for each in drawn
    ]


class ImageRecords:
    """All pictures of all tenants. A picture of another tenant does not exist here.

    An expected picture whose job ended without it is told as UploadFail.
    Every method raises RequestError `queue.unavailable` when Redis does not do its part.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._keep = Script(client, image_scripts.KEEP)
        self._read = Script(client, image_scripts.READ)
        self._page = Script(client, image_scripts.PAGE)
        self._remove = Script(client, image_scripts.REMOVE)
        self._of_key = Script(client, image_scripts.OF_KEY)
        self._old = Script(client, image_scripts.OLD)
        self._forget_unmade = Script(client, image_scripts.FORGET_UNMADE)

    def expect(self, job: Job) -> None:
        """Show the pictures that a queued job is to make as Uploading; those there are stay."""
        drawn, medium = expected(job.request), expected_medium(job.tenant, job.request)
        records = records_of(job.tenant, job.id, job.request, drawn, medium)
        self._all(["expect", job.id, ""], job.tenant, records)

    def keep(self, job: AttemptedJob, records: Iterable[ImageRecord]) -> None:
        """Show the pictures of a job as they are now; each refers to its objects.

        Raises: RequestError `job.cancelled`, `job.superseded` when the attempt is over.
        """
        self._all(["keep", job.id, job.attempt], job.tenant, records)

    def restore(self, record: ImageRecord) -> bool:
        """Show a picture that only its document tells of; False where it is known, or going."""
        return bool(self._all(["restore", "", ""], record.tenant, [record]))

    def read(self, tenant: str, image: str) -> ImageRecord | None:
        return next(iter(images_of(self._read(tenant, image))), None)

    def read_all(self, tenant: str, images: Iterable[str]) -> dict[str, ImageRecord]:
        """Those of the pictures that are there, by their ids."""
        rest = iter(images)
        found: list[ImageRecord] = []
        while batch := list(islice(rest, _BATCH)):
            found += images_of(self._read(tenant, *batch))
        return {record.image_id: record for record in found}

    def key_of(self, tenant: str, image: str) -> str | None:
        """Where the picture is stored; None where there is none, or it is not made yet."""
        record = self.read(tenant, image)
        return record.key if record else None

    def page(
        self, tenant: str, filters: ImageFilters, *, cursor: str | None, limit: int
    ) -> ImagePage:
        """Pictures newest first, those of a job in falling order of their labels.

        Looks at no more than `MAX_LOOKED_AT` records. Raises: RequestError `request.invalid` for a
        cursor that no page gave.
        """
        if cursor is not None and not _CURSOR.fullmatch(cursor):
            raise RequestError("request.invalid", "cursor: expected the 'next' of a page")
        top = f"({cursor}" if cursor else "+"
        wanted = [value or "" for value in filters]
        told = self._page(tenant, _list(filters), top, limit, MAX_LOOKED_AT, *wanted)
        return page_of(told)

    def of_key(self, tenant: str, key: str) -> list[ImageRecord]:
        """The pictures that are stored under a key, newest first: the same bytes were made of them.

        Of very many those of the newest jobs.
        """
        found = images_of(self._of_key(tenant, key, _MOST_OWNERS, _MOST_PLACES))
        return sorted(found, key=lambda image: (image.created_at, image.label), reverse=True)

    def of_medium(
        self, tenant: str, medium: str, *, types: Sequence[ImageType] = SHOWN_TYPES, limit: int
    ) -> list[ImageRecord]:
        """What was made of a medium and is stored: in the order of `types`, of each the newest.

        Those of one job by their labels. At most `limit` of each type, so that the order is stable.
        """
        found: list[ImageRecord] = []
        for type_ in types:
            newest = islice(self._made_of(tenant, ImageFilters(None, medium, type_), limit), limit)
            found += of_one_type(newest)
        return found

    def remove(self, tenant: str, image: str) -> list[str] | None:
        """Forget a picture; the objects that nobody needs now. Repeated, it tells none.

        None where a medium shows it as its cover: it stays.
        """
        free: list[str] | str = self._remove(tenant, image)
        return None if isinstance(free, str) else free

    def old(self, tenant: str, type_: ImageType, before: datetime) -> Iterator[ImageRecord]:
        """The tenant's pictures of that type that are older, oldest first; they may be removed.

        Those that are still to come are left out, and those that are the cover of a medium.
        """
        above, below = "-", f"({before.timestamp() * 1000:013.0f}"
        while rows := self._old(tenant, f":type:{type_}", above, below, _BATCH):
            found = images_of(rows)
            yield from (e for e in found if e.status != "Uploading" and not e.is_cover)
            above = f"({_place(found[-1])}"

    def forget_unmade(self) -> int:
        """Forget pictures that were expected of jobs that are forgotten; how many there were."""
        start, forgotten = 0, 0
        while True:
            told: list[int] = self._forget_unmade(start, _BATCH)
            looked_at, gone = told
            start, forgotten = start + looked_at - gone, forgotten + gone
            if looked_at < _BATCH:
                return forgotten

    def tenants(self) -> list[str]:
        """Tenants that have or had pictures."""
        with redis_errors_as_ours():
            return sorted(cast(set[str], self._redis.smembers("ff:image_tenants")))

    def _made_of(self, tenant: str, filters: ImageFilters, limit: int) -> Iterator[ImageRecord]:
        """Stored pictures, newest first, of as many pages as one caller may have looked through."""
        cursor = None
        for _ in range(_MOST_PAGES):
            page = self.page(tenant, filters, cursor=cursor, limit=limit)
            yield from (image for image in page.images if image.status == "Normal")
            cursor = page.next_cursor
            if cursor is None:
                return

    def _all(self, how: Sequence[str | int], tenant: str, records: Iterable[ImageRecord]) -> int:
        """Tell Redis of the records; how many of them changed what it knows."""
        rest = iter(records)
        changed = 0
        while batch := list(islice(rest, _BATCH)):
            pairs = ((record.image_id, _packed(record)) for record in batch)
            told = self._keep(tenant, *how, *chain.from_iterable(pairs))
            if isinstance(told, str):
                raise RequestError(told)
            changed += told
        return changed


def page_of(told: Sequence[Any]) -> ImagePage:
    """A page as its script tells it."""
    last, *rows = told
    return ImagePage(images_of(rows), last or None)


def of_one_type(newest: Iterable[ImageRecord]) -> list[ImageRecord]:
    """Pictures of a medium, those of the newest job first, those of one job by their labels."""
    by_label = sorted(newest, key=lambda image: image.label)
    return sorted(by_label, key=lambda image: image.job, reverse=True)


def _list(filters: ImageFilters) -> str:
    """The shortest list that has all pictures that pass."""
    named = {"job": filters.job, "medium": filters.medium, "type": filters.type}
    return next((f":{name}:{value}" for name, value in named.items() if value), "")


def _place(record: ImageRecord) -> str:
    return f"{record.created_at.timestamp() * 1000:013.0f}.{record.label}.{record.image_id}"


def _packed(record: ImageRecord) -> str:
    facts = (record.status, record.job, record.medium_id or "", record.type, _place(record))
    return json.dumps([*facts, document(record).decode()])


def images_of(rows: Sequence[Any]) -> list[ImageRecord]:
    """Pictures as scripts tell them: a document, its state and whether it is a cover, of each."""
    return list(map(_record, rows[::3], rows[1::3], rows[2::3]))


def _record(told: str, status: str, is_cover: int) -> ImageRecord:
    record = ImageRecord.model_validate_json(told)
    return record.model_copy(update={"status": status, "is_cover": bool(is_cover)})
