"""Uploads become versions over a real Redis and real libraries, once, whatever dies on the way."""

from random import Random

import pytest
from ulid import ULID

from tests.worker.jobs.checksum_bench import Attempt, Bench
from tests.worker.state.shelves import PLACE
from worker.contracts.libraries import ROOT
from worker.contracts.results import ChecksumResult
from worker.errors import CoverError, RequestError, StorageError, WorkerError
from worker.jobs.checksum import CHUNK_BYTES
from worker.rules.crc64 import Crc64
from worker.rules.keys import upload_key

DATA = Random(5).randbytes(3 * CHUNK_BYTES // 2)
SPLITS = {
    "one": [DATA],
    "three": [DATA[:1000], DATA[1000 : CHUNK_BYTES + 1], DATA[CHUNK_BYTES + 1 :]],
}


def crc64_of(data: bytes) -> str:
    checksum = Crc64()
    checksum.update(data)
    return str(checksum)


@pytest.mark.parametrize("parts", SPLITS.values(), ids=SPLITS)
def test_an_upload_becomes_a_version_that_is_seen(bench: Bench, parts: list[bytes]) -> None:
    transfer = bench.sent(*parts)

    result = bench.run(transfer, crc64=crc64_of(DATA))

    assert (result.bytes, result.crc64, result.name) == (len(DATA), crc64_of(DATA), "a.jpg")
    (version,) = bench.versions(result.entry_id)
    assert (version.id, version.transfer) == (result.version_id, transfer.id)
    entry = bench.shelf.now(result.entry_id)
    assert (entry.parent_id, entry.name, entry.kind) == (ROOT, "a.jpg", "image")
    assert entry.version == version
    assert entry.created_ms == entry.modified_ms == version.at_ms
    kept = bench.library.read(PLACE, entry.id, version.id, offset=0, length=len(DATA) + 1)
    assert kept == DATA
    assert bench.entry_ids() == [entry.id]


def test_nothing_of_the_upload_is_left_when_it_is_a_version(bench: Bench) -> None:
    bench.run(bench.sent(*SPLITS["three"]))

    assert bench.uploads() == []
    assert bench.story.spool_folder is not None
    assert list(bench.story.spool_folder.iterdir()) == []


def test_an_empty_file_is_a_file(bench: Bench) -> None:
    result = bench.run(bench.sent(b""), crc64="0")

    assert (result.bytes, result.crc64) == (0, "0")
    assert bench.shelf.listed() == ["a.jpg"]


def test_other_bytes_than_were_told_are_refused_and_nothing_is_kept(bench: Bench) -> None:
    transfer = bench.sent(DATA)

    assert bench.refused(transfer, crc64=crc64_of(DATA[:-1])) == "library.bad_checksum"

    assert (bench.shelf.listed(), bench.entry_ids()) == ([], [])
    assert len(bench.uploads()) == 1
    assert bench.run(bench.sent(b"others"), crc64=crc64_of(b"others")).name == "a.jpg"


def test_a_checksum_may_be_told_as_signed(bench: Bench) -> None:
    signed = int(crc64_of(b"123456789")) - 2**64

    assert bench.run(bench.sent(b"123456789"), crc64=str(signed)).bytes == 9


# Begun, two chunks, put, made seen.
@pytest.mark.parametrize("died_after", range(5))
@pytest.mark.parametrize(
    "died_of",
    [RequestError("job.superseded"), WorkerError("worker.timeout")],
    ids=["superseded", "late"],
)
def test_an_attempt_that_died_anywhere_is_repeated_without_a_second_version(
    bench: Bench, died_after: int, died_of: CoverError
) -> None:
    transfer = bench.sent(*SPLITS["one"])
    with pytest.raises(CoverError, match=died_of.code):
        bench.run(transfer, attempt=Attempt(died_after, died_of))
    assert bench.shelf.listed() == []

    repeated = Attempt()
    result = bench.run(transfer, attempt=repeated)

    assert repeated.entered == ["source", "source", "source", "store", "store"]
    assert [version.id for version in bench.versions(result.entry_id)] == [result.version_id]
    assert bench.shelf.listed() == ["a.jpg"]
    assert bench.entry_ids() == [result.entry_id]


def test_what_was_done_is_told_again_without_its_parts(bench: Bench) -> None:
    transfer = bench.sent(*SPLITS["three"])
    first = bench.run(transfer)

    again = bench.run(transfer)

    assert again.model_copy(update={"timings_ms": first.timings_ms}) == first
    assert len(bench.versions(first.entry_id)) == 1


def test_an_upload_that_went_on_meanwhile_stays_the_newest(bench: Bench) -> None:
    slow = bench.sent(DATA)
    with pytest.raises(RequestError):
        bench.run(slow, attempt=Attempt(4))
    quick = bench.run(bench.sent(b"newer", conflict="overwrite"))

    told = bench.run(slow)

    assert told.entry_id == quick.entry_id
    assert [v.id for v in bench.versions(quick.entry_id)] == [quick.version_id, told.version_id]
    newest = bench.shelf.now(quick.entry_id).version
    assert newest is not None
    assert newest.id == quick.version_id


def test_overwriting_makes_a_version_and_keeps_when_the_file_was_made(bench: Bench) -> None:
    first = bench.run(bench.sent(b"one"))
    made_ms = bench.shelf.now(first.entry_id).created_ms

    second = bench.run(bench.sent(b"two", conflict="overwrite"))

    assert second.entry_id == first.entry_id
    assert [version.way for version in bench.versions(first.entry_id)] == ["updated", "created"]
    entry = bench.shelf.now(first.entry_id)
    assert entry.created_ms == made_ms
    assert entry.version is not None
    assert entry.version.id == second.version_id


def test_a_file_that_was_moved_is_overwritten_where_it_is(bench: Bench) -> None:
    first = bench.run(bench.sent(b"one"))
    overwriting = bench.sent(b"two", conflict="overwrite")
    with pytest.raises(RequestError):
        bench.run(overwriting, attempt=Attempt(3))
    moved = bench.shelf.index.move(PLACE, first.entry_id, parent_id=ROOT, name="b.jpg").entry
    bench.library.note(moved)

    bench.run(overwriting)

    assert bench.shelf.listed() == ["b.jpg"]
    assert [entry.name for entry in bench.library.entries(PLACE)] == ["b.jpg"]


@pytest.mark.parametrize(
    ("conflict", "name"), [("rename", "a (1).jpg"), ("ask", None)], ids=["rename", "ask"]
)
def test_a_name_that_is_taken_is_dealt_with_as_told(
    bench: Bench, conflict: str, name: str | None
) -> None:
    bench.run(bench.sent(b"one"))
    other = bench.sent(b"two", conflict=conflict)

    if name:
        assert bench.run(other).name == name
    else:
        assert bench.refused(other) == "library.conflict"


@pytest.mark.parametrize(
    ("died_of", "blocked"),
    [
        pytest.param(StorageError("storage.full"), False, id="store"),
        pytest.param(RequestError("job.cancelled"), False, id="cancelled"),
        pytest.param(RequestError("job.superseded"), True, id="superseded"),
    ],
)
def test_a_failed_attempt_blocks_its_name_for_those_only_who_took_it_over(
    bench: Bench, died_of: CoverError, blocked: bool
) -> None:
    with pytest.raises(CoverError, match=died_of.code):
        bench.run(bench.sent(DATA), attempt=Attempt(4, died_of))

    other = bench.sent(b"other")

    if blocked:
        assert bench.refused(other) == "library.conflict"
    else:
        assert bench.run(other).name == "a.jpg"


def test_an_upload_that_the_library_refuses_frees_its_name(bench: Bench) -> None:
    assert bench.refused(bench.sent(b"one", content_type="odd")) == "request.invalid"

    assert bench.run(bench.sent(b"two")).name == "a.jpg"
    assert list(bench.library.leftovers(PLACE)) == []


def test_what_lost_its_name_at_the_last_moment_is_not_kept(bench: Bench) -> None:
    others: list[ChecksumResult] = []

    def another() -> None:
        bench.shelf.let_claims_run_out()
        others.append(bench.run(bench.sent(b"another")))

    with pytest.raises(RequestError, match=r"library\.conflict"):
        bench.run(bench.sent(DATA, conflict="rename"), attempt=Attempt(before={4: another}))

    assert bench.entry_ids() == [others[0].entry_id]
    assert list(bench.library.leftovers(PLACE)) == []
    assert [found.version for found in bench.library.entries(PLACE)] == bench.versions(
        others[0].entry_id
    )


def test_what_lost_its_directory_at_the_last_moment_is_not_kept(bench: Bench) -> None:
    folder = bench.shelf.make(f"ent_{ULID()}", "d")
    bench.library.note(folder)

    def remove() -> None:
        bench.shelf.index.remove(PLACE, folder.id)
        bench.library.delete(PLACE, folder.id)

    with pytest.raises(RequestError, match=r"library\.not_found"):
        bench.run(bench.sent(DATA, parent_id=folder.id), attempt=Attempt(before={4: remove}))

    assert (bench.entry_ids(), list(bench.library.leftovers(PLACE))) == ([], [])


def test_of_a_file_that_was_there_only_the_refused_version_is_removed(bench: Bench) -> None:
    first = bench.run(bench.sent(b"one"))

    def replace() -> None:
        bench.shelf.index.remove(PLACE, first.entry_id)
        bench.shelf.make(f"ent_{ULID()}", "a.jpg")

    overwriting = bench.sent(b"two", conflict="overwrite")
    with pytest.raises(RequestError, match=r"library\.not_found"):
        bench.run(overwriting, attempt=Attempt(before={3: replace}))

    assert [version.id for version in bench.versions(first.entry_id)] == [first.version_id]


def test_an_attempt_that_is_over_removes_nothing(bench: Bench) -> None:
    """The one that took over may have made it seen under another name."""
    slow = bench.sent(DATA, conflict="rename")

    def another() -> None:
        bench.shelf.let_claims_run_out()
        bench.run(bench.sent(b"another"))

    with pytest.raises(RequestError, match="superseded"):
        bench.run(slow, attempt=Attempt(5, before={4: another}))

    result = bench.run(slow)
    assert result.name == "a (1).jpg"
    assert [version.id for version in bench.versions(result.entry_id)] == [result.version_id]


def test_an_upload_without_all_its_parts_is_not_found(bench: Bench) -> None:
    whole = bench.sent(b"one", b"two")
    gap = whole.model_copy(update={"id": f"trn_{ULID()}", "parts": {2: whole.parts[2]}})
    none = whole.model_copy(update={"id": f"trn_{ULID()}", "parts": {}})
    for transfer in (gap, none):
        bench.shelf.transfers.create(transfer)
    bench.store.delete(upload_key("ann", whole.parts[2].upload))

    for transfer in (whole, gap, none):
        assert bench.refused(transfer) == "library.not_found"
    assert (bench.shelf.listed(), bench.entry_ids()) == ([], [])


def test_an_upload_with_other_bytes_than_were_sealed_is_not_found(bench: Bench) -> None:
    sealed = bench.sent(b"one", b"two")
    bench.shelf.transfers.seal(sealed.id, conflict="ask")
    other = bench.sent(b"longer").parts[1]
    bench.shelf.redis.hset(f"ff:transfer:{sealed.id}", "part:2", other.model_dump_json())

    assert bench.refused(sealed) == "library.not_found"
    assert (bench.shelf.listed(), bench.entry_ids()) == ([], [])


def test_a_sealed_upload_takes_its_name_by_the_rule_that_was_sealed(bench: Bench) -> None:
    bench.run(bench.sent(DATA))
    sealed = bench.sent(b"other", conflict="ask")
    bench.shelf.transfers.seal(sealed.id, conflict="rename")

    assert bench.run(sealed).name == "a (1).jpg"


def test_an_upload_of_nobody_or_somebody_else_is_not_found(bench: Bench) -> None:
    foreign = bench.sent(DATA, tenant="bob")
    unknown = foreign.model_copy(update={"id": f"trn_{ULID()}"})

    assert bench.refused(foreign) == "library.not_found"
    assert bench.refused(unknown) == "library.not_found"


def test_a_directory_that_is_gone_is_not_found(bench: Bench) -> None:
    lost = bench.sent(DATA, parent_id="ent_01JC6Z5G0Q8V2N3M4P5R6S7T8W")

    assert bench.refused(lost) == "library.not_found"


def test_a_part_that_is_not_as_long_as_it_was_is_an_error_of_the_store(bench: Bench) -> None:
    transfer = bench.sent(DATA)
    key = upload_key("ann", transfer.parts[1].upload)
    bench.store.put(key, DATA[:-1], content_type="application/octet-stream")

    with pytest.raises(StorageError, match="integrity"):
        bench.run(transfer)
