"""Removes what is kept no longer: pictures and media by their age, objects that nobody needs."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from worker.contracts.catalogue import ImageType
from worker.errors import StorageError
from worker.state.catalogue import Catalogue

OBJECT: Final = "object"
MEDIUM: Final = "medium"
_BATCH: Final = 200
_MOST_FAILURES: Final = 5

log = logging.getLogger(__name__)


class Gone(NamedTuple):
    """A picture, by its type and id, a medium, or an object, by its key; `bytes`, where known."""

    kind: str
    name: str
    bytes: int


class KeepRules(NamedTuple):
    """How long pictures of each type are kept, and media without any, None for good; and objects
    that nobody needs.
    """

    keep_s: Mapping[ImageType, float | None]
    grace_s: float
    keep_medium_s: float | None = None


class _Failures:
    """Lets the store fail for a few objects, so that they do not hold up all others."""

    def __init__(self) -> None:
        self._errors: list[StorageError] = []

    @contextmanager
    def counted(self, what: str) -> Iterator[None]:
        """Raises: StorageError, when there were too many."""
        try:
            yield
        except StorageError as error:
            self._errors.append(error)
            log.warning("%s was not removed: %s", what, error)
            if len(self._errors) == _MOST_FAILURES:
                raise

    def tell(self) -> None:
        """Raises: StorageError, the last one, when there were any."""
        if self._errors:
            raise self._errors[-1]


def sweep_pictures(catalogue: Catalogue, rules: KeepRules) -> int:
    """Remove what is due; how much that was. Raises: as `swept`."""
    return sum(1 for _ in swept(catalogue, rules))


def swept(catalogue: Catalogue, rules: KeepRules, *, dry_run: bool = False) -> Iterator[Gone]:
    """Remove, one by one, the pictures that are too old, then media, then the objects nobody needs.

    Objects of removed pictures stay for the grace. A dry run tells the same and removes nothing,
    but knows nothing of media and objects that only such a removal would free.
    Raises: RequestError `queue.unavailable`; StorageError after a few failures, or at the end.
    """
    failures = _Failures()
    yield from _pictures(catalogue, rules, failures, dry_run)
    if not dry_run:
        catalogue.images.forget_unmade()
    if rules.keep_medium_s is not None:
        yield from _media(catalogue, rules.keep_medium_s, failures, dry_run)
    yield from _objects(catalogue, rules.grace_s, failures, dry_run)
    failures.tell()


def _pictures(
    catalogue: Catalogue, rules: KeepRules, failures: _Failures, dry_run: bool
) -> Iterator[Gone]:
    limits = {type_: keep_s for type_, keep_s in rules.keep_s.items() if keep_s is not None}
    for tenant in catalogue.images.tenants() if limits else ():
        for type_, keep_s in limits.items():
            before = datetime.now(UTC) - timedelta(seconds=keep_s)
            for record in catalogue.images.old(tenant, type_, before):
                with failures.counted(record.image_id):
                    if not dry_run:
                        catalogue.remove(record)
                    yield Gone(type_, record.image_id, record.bytes or 0)


def _media(
    catalogue: Catalogue, keep_s: float, failures: _Failures, dry_run: bool
) -> Iterator[Gone]:
    before = datetime.now(UTC) - timedelta(seconds=keep_s)
    for tenant in catalogue.media.tenants():
        for medium in catalogue.media.unused(tenant, before):
            with failures.counted(medium):
                if dry_run or catalogue.forget_medium(tenant, medium, before):
                    yield Gone(MEDIUM, medium, 0)


def _objects(
    catalogue: Catalogue, grace_s: float, failures: _Failures, dry_run: bool
) -> Iterator[Gone]:
    references, objects = catalogue.references, catalogue.objects
    stayed = 0
    while keys := references.orphans(grace_s=grace_s, start=stayed, limit=_BATCH):
        for key in keys:
            is_gone = False
            with failures.counted(key):
                found = objects.find(key)
                is_gone = dry_run or references.delete(key, objects.delete, grace_s=grace_s)
                if is_gone:
                    yield Gone(OBJECT, key, found.size_bytes if found else 0)
            stayed += dry_run or not is_gone
