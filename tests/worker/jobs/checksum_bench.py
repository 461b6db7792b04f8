"""The story of a checksum over a real Redis, store and libraries, and attempts that die."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ulid import ULID

from tests.minio_library import library_of
from tests.worker.state.shelves import PLACE, Shelf, upload
from worker.contracts.libraries import Part, Transfer, Version
from worker.contracts.requests import ChecksumRequest
from worker.contracts.results import ChecksumResult
from worker.errors import CoverError, RequestError
from worker.jobs.checksum import ChecksumStory
from worker.libraries.local import LocalLibrary
from worker.ports import Library
from worker.rules.keys import upload_key
from worker.stores.local import LocalStore


@dataclass
class Attempt:
    """Dies when it has entered stages `dies_after` times; before it enters, things happen."""

    dies_after: int | None = None
    dies_of: CoverError = field(default_factory=lambda: RequestError("job.superseded"))
    before: dict[int, Callable[[], object]] = field(default_factory=dict)
    entered: list[str] = field(default_factory=list)

    def enter(self, stage: str) -> None:
        self.before.get(len(self.entered), lambda: None)()
        if len(self.entered) == self.dies_after:
            raise self.dies_of
        self.entered.append(stage)

    def progress(self, percent: float, at_ms: int | None = None) -> None:
        """Nobody asks how far it is."""


@dataclass
class Bench:
    """A story, and what it works with."""

    shelf: Shelf
    store: LocalStore
    library: Library
    story: ChecksumStory

    def sent(self, *parts: bytes, name: str = "a.jpg", **facts: str) -> Transfer:
        """An upload whose parts have come."""
        begun = upload(0, name).model_copy(update={"id": f"trn_{ULID()}", **facts})
        kept = {number: self._part(part) for number, part in enumerate(parts, 1)}
        transfer = begun.model_copy(update={"parts": kept})
        self.shelf.transfers.create(transfer)
        return transfer

    def run(
        self, transfer: Transfer, *, crc64: str | None = None, attempt: Attempt | None = None
    ) -> ChecksumResult:
        wanted = ChecksumRequest(transfer=transfer.id, crc64=crc64)
        return self.story.run(wanted, tenant="ann", attempt=attempt or Attempt())

    def refused(self, transfer: Transfer, *, crc64: str | None = None) -> str:
        with pytest.raises(CoverError) as caught:
            self.run(transfer, crc64=crc64)
        return caught.value.code

    def versions(self, entry_id: str) -> list[Version]:
        return self.library.versions(PLACE, entry_id)

    def entry_ids(self) -> list[str]:
        return [entry.id for entry in self.library.entries(PLACE)]

    def uploads(self) -> list[str]:
        return [found.key for found in self.store.list("uploads/")]

    def _part(self, data: bytes) -> Part:
        upload_id = f"upl_{ULID()}"
        key = upload_key("ann", upload_id)
        self.store.put(key, data, content_type="application/octet-stream")
        return Part(upload=upload_id, size_bytes=len(data), etag='"etag"')


def a_local_library(request: pytest.FixtureRequest) -> Library:
    folder: Path = request.getfixturevalue("tmp_path") / "libraries"
    folder.mkdir()
    url = "http://media.example/library-objects"
    return LocalLibrary(folder=folder, public_base_url=url, link_secret="s3cret")


def a_minio_library(request: pytest.FixtureRequest) -> Library:
    minio, bucket = map(request.getfixturevalue, ("minio", "bucket"))
    return library_of(minio, bucket=bucket)


LIBRARIES: dict[str, Callable[[pytest.FixtureRequest], Library]] = {
    "local": a_local_library,
    "minio": a_minio_library,
}
