"""Uploads to libraries, checked by real workers that may be killed at it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from ulid import ULID

from tests.integration.queue_parts import TENANT, GatedSource, House, pool_child
from tests.worker.jobs.test_checksum import crc64_of
from worker.contracts.jobs import Job
from worker.contracts.libraries import ROOT, LibraryInfo, Part, Place, Transfer, VersionDraft
from worker.contracts.requests import ChecksumRequest, CoverRequest
from worker.contracts.results import ChecksumResult, CoverResult
from worker.libraries.local import LocalLibrary
from worker.rules.keys import upload_key
from worker.stores.local import LocalStore

PLACE = Place("pics", "-")


class Works(NamedTuple):
    """A house whose workers keep libraries, and what they keep."""

    house: House
    store: LocalStore
    library: LocalLibrary
    spool: Path

    def confirmed(self, data: bytes, *, name: str = "a.jpg", crc64: str | None = None) -> Job:
        """The job of an upload whose bytes have come."""
        upload_id = f"upl_{ULID()}"
        key = upload_key(TENANT, upload_id)
        self.store.put(key, data, content_type="application/octet-stream")
        transfer = Transfer(
            id=f"trn_{ULID()}",
            tenant=TENANT,
            place=PLACE,
            parent_id=ROOT,
            name=name,
            kind="image",
            conflict="ask",
            multipart=False,
            content_type="image/jpeg",
            created_ms=0,
            parts={1: Part(upload=upload_id, size_bytes=len(data), etag='""')},
        )
        state = self.house.state
        state.transfers.create(transfer)
        wanted = ChecksumRequest(transfer=transfer.id, crc64=crc64)
        job = state.jobs.create(TENANT, wanted, flight=transfer.id)
        state.lanes.release(job.lane)
        return job


@pytest.fixture
def works(one_redis_url: str, tmp_path: Path) -> Iterator[Works]:
    source = GatedSource(b"")
    house = House(one_redis_url, tmp_path / "house", source)
    folders = {name: tmp_path / name for name in ("libraries", "spool")}
    folders["libraries"].mkdir()
    house.settings_text["libraries"] = f'folder = "{folders["libraries"]}"'
    house.settings_text["api"] = f'spool_folder = "{folders["spool"]}"'
    house.open()
    info = LibraryInfo(id="pics", tenant=TENANT, kind="media", created_ms=0)
    house.state.libraries.create(info, secret="s3cret")
    url: Any = {"public_base_url": "http://media.example", "link_secret": None}
    yield Works(
        house,
        LocalStore(folder=tmp_path / "house" / "objects", **url),
        LocalLibrary(folder=folders["libraries"], **url),
        folders["spool"],
    )
    house.close()
    source.close()
    house.redis.close()


def test_an_upload_becomes_a_file_and_the_file_a_cover(works: Works, photo: Path) -> None:
    data = photo.read_bytes()
    works.house.start_worker()

    checked = works.house.ended(works.confirmed(data, crc64=crc64_of(data)))

    assert isinstance(checked.result, ChecksumResult), checked.error
    reference = {**PLACE._asdict(), **checked.result.model_dump(include={"entry_id", "version_id"})}
    wanted = {"source": {"entry": reference}, "sizes": [64], "visibility": "private"}
    job = works.house.state.jobs.create(TENANT, CoverRequest.model_validate(wanted))
    works.house.state.lanes.release(job.lane)
    covered = works.house.ended(job)
    assert isinstance(covered.result, CoverResult), covered.error
    assert covered.result.covers[0].key is not None
    assert covered.result.covers[0].key.startswith(f"private/{TENANT}/")


@pytest.mark.parametrize(
    ("public_at_the_end", "kept_under"), [(True, "covers/"), (False, f"private/{TENANT}/")]
)
def test_a_library_made_private_while_a_job_waits_gives_no_public_cover(
    works: Works, photo: Path, public_at_the_end: bool, kept_under: str
) -> None:
    entry_id, libraries = f"ent_{ULID()}", works.house.state.libraries
    draft = VersionDraft(
        transfer="trn_1",
        size_bytes=photo.stat().st_size,
        crc64=crc64_of(photo.read_bytes()),
        content_type="image/jpeg",
        at_ms=1,
        way="created",
    )
    version = works.library.put(PLACE, entry_id, photo, draft)
    reference = {**PLACE._asdict(), "entry_id": entry_id, "version_id": version.id}
    wanted = {"source": {"entry": reference}, "sizes": [64], "visibility": "public"}
    libraries.set_public_read(PLACE.library_id, True)
    job = works.house.state.jobs.create(TENANT, CoverRequest.model_validate(wanted))
    libraries.set_public_read(PLACE.library_id, public_at_the_end)
    works.house.start_worker()
    works.house.state.lanes.release(job.lane)

    ended = works.house.ended(job)

    assert isinstance(ended.result, CoverResult), ended.error
    assert (ended.result.covers[0].key or "").startswith(kept_under)
    assert (ended.result.covers[0].url is not None) is public_at_the_end


def test_other_bytes_than_were_told_end_the_job(works: Works) -> None:
    works.house.start_worker()

    ended = works.house.ended(works.confirmed(b"bytes", crc64="1"))

    assert ended.error is not None
    assert (ended.status, ended.error.code) == ("failed", "library.bad_checksum")
    assert (ended.attempts, list(works.library.entries(PLACE))) == (1, [])


def test_a_worker_that_is_killed_at_it_makes_no_second_version(works: Works) -> None:
    data = Random(8).randbytes(48 * 1024 * 1024)
    worker = works.house.start_worker()
    job = works.confirmed(data)
    works.house.wait_for(lambda: works.house.now(job).status == "running")
    os.kill(pool_child(worker).pid, signal.SIGKILL)

    ended = works.house.ended(job)

    assert isinstance(ended.result, ChecksumResult), ended.error
    assert ended.attempts == 2
    assert len(works.library.versions(PLACE, ended.result.entry_id)) == 1
    assert [entry.id for entry in works.library.entries(PLACE)] == [ended.result.entry_id]
    assert list(works.store.list("uploads/")) == []
    assert list(works.spool.iterdir()) == []
