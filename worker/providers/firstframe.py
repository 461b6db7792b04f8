"""Covers of the media of our own catalogue, which the vendor APIs served here show too."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from worker.contracts.catalogue import MediumCover
from worker.contracts.records import RecordedCover
from worker.contracts.targets import FirstframeTarget
from worker.errors import ProviderError, RequestError, StorageError
from worker.ports.recording import CoverCopy, MediumCovers, Receipt, Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstframeProvider:
    """Sets the covers of one tenant's media. What a medium shows is told by its key in the store,
    which is made of the picture's bytes, or by the URL of a picture that is not ours.

    The catalogue itself keeps the order of fences, however late a write comes. A Redis that is
    away says nothing of a provider: its RequestError is passed on.
    """

    remakes: ClassVar[bool] = False
    timeout_s: ClassVar[float] = 0
    media: MediumCovers

    def record(self, target: FirstframeTarget, copy: CoverCopy) -> Receipt:
        """Show the cover, unless one of a newer order stands. Raises: ProviderError."""
        cover = copy.cover
        shown = MediumCover(
            url=(target.as_set and target.as_set.url) or cover.url,
            image_id=cover.image_id,
            key=cover.key,
            set_by=target.as_set.by if target.as_set else "firstframe",
            set_at=datetime.now(UTC),
            job=copy.job,
            record=copy.record,
            fence=copy.fence,
        )
        with _translated():
            is_set = self.media.set(target.medium_id, shown)
        if not is_set:
            raise ProviderError("provider.conflict", "The medium shows the cover of a newer order.")
        return Receipt(reference=cover.key)

    def read(self, target: FirstframeTarget) -> Shown:
        """The key of the picture that the medium shows, else its URL."""
        with _translated():
            found = self.media.shown(target.medium_id)
        return Shown((found.key or found.url) if found else None)

    def shows(
        self, shown: Shown, copy: CoverCopy, target: FirstframeTarget, reference: str | None
    ) -> bool:
        """Whether it is the same picture."""
        return shown.reference == copy.cover.key

    def would_send(self, target: FirstframeTarget, cover: RecordedCover) -> Mapping[str, Any]:
        """There is no request: what would be set of which medium."""
        told = {"url": cover.url, "image_id": cover.image_id, "sha256": cover.sha256}
        return {"medium_id": target.medium_id, "cover": told}


@contextmanager
def _translated() -> Iterator[None]:
    """Raises: ProviderError; RequestError `queue.unavailable` as it is."""
    try:
        yield
    except RequestError as error:
        if error.code == "queue.unavailable":
            raise
        text = "There is no such medium, or its picture is gone."
        raise ProviderError("provider.not_found", text) from error
    except StorageError as error:
        raise ProviderError("provider.unavailable", error.message, unsure=True) from error
