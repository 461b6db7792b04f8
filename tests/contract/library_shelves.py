"""Libraries of every kind, empty and ready to be filled, for the laws they are held to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ulid import ULID

from tests.library_facts import DATA, ENTRY, PLACE, draft
from tests.minio_library import library_of
from tests.minio_server import Minio
from worker.contracts.libraries import Version
from worker.libraries.local import LocalLibrary
from worker.ports import Library

URL = "http://media.example/library-objects"


def a_local_library(request: pytest.FixtureRequest) -> Library:
    """A new object over the test's one folder, as after a restart."""
    folder: Path = request.getfixturevalue("tmp_path") / "libraries"
    folder.mkdir(exist_ok=True)
    return LocalLibrary(folder=folder, public_base_url=URL, link_secret="s3cret")


def a_minio_library(request: pytest.FixtureRequest) -> Library:
    minio: Minio = request.getfixturevalue("minio")
    return library_of(minio, bucket=request.getfixturevalue("bucket"))


LIBRARIES: dict[str, Callable[[pytest.FixtureRequest], Library]] = {
    "local": a_local_library,
    "minio": a_minio_library,
}


class Shelf(NamedTuple):
    """A library, and how to make files and another object over the same bytes."""

    library: Library
    again: Callable[[], Library]
    folder: Path

    def put(self, data: bytes = DATA, entry_id: str = ENTRY, **changes: Any) -> Version:
        """Keep `data` as a version; `changes` are of its draft."""
        return self.library.put(
            changes.pop("place", PLACE), entry_id, self.file(data), draft(data, **changes)
        )

    def file(self, data: bytes) -> Path:
        path = self.folder / str(ULID())
        path.write_bytes(data)
        return path

    def read(self, version: Version, **changes: Any) -> bytes:
        given = {"place": PLACE, "entry_id": ENTRY, "offset": 0, "length": 10**8, **changes}
        place, entry_id = given.pop("place"), given.pop("entry_id")
        return self.library.read(place, entry_id, version.id, **given)


def new_id() -> str:
    return f"ent_{ULID()}"
