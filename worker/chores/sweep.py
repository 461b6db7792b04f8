"""Removes what is kept no longer: finished jobs, records of covers, old uploads."""

import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from worker.state.retention import Retention

UPLOADS: Final = "uploads/"
_BATCH: Final = 500


class Upload(Protocol):
    """An object of the store below `UPLOADS`."""

    @property
    def key(self) -> str: ...

    @property
    def modified_at_s(self) -> float: ...


def sweep_jobs(retention: Retention, *, keep_s: float) -> int:
    """Forget jobs that finished `keep_s` ago or earlier; pictures of the catalogue stay."""
    forgotten = 0
    while batch := retention.forget_finished(keep_s=keep_s, limit=_BATCH):
        forgotten += batch
    return forgotten


def sweep_records(retention: Retention, *, keep_s: float) -> int:
    """Forget records that ended `keep_s` ago or earlier, and what has stood as long at targets."""
    forgotten = 0
    while batch := retention.forget_records(keep_s=keep_s, limit=_BATCH):
        forgotten += batch
    while retention.forget_targets(keep_s=keep_s, limit=_BATCH):
        pass
    return forgotten


def sweep_uploads(
    retention: Retention,
    list_uploads: Callable[[str], Iterable[Upload]],
    delete: Callable[[str], None],
    *,
    keep_s: float,
) -> int:
    """Delete uploads older than `keep_s`, but none that an unfinished job or transfer needs.

    Raises: StorageError, RequestError `queue.unavailable`.
    """
    deleted = 0
    for upload in list_uploads(UPLOADS):
        tenant, _, upload_id = upload.key.removeprefix(UPLOADS).partition("/")
        old = time.time() - upload.modified_at_s > keep_s
        if old and not retention.upload_is_needed(tenant, upload_id):
            delete(upload.key)
            deleted += 1
    return deleted
