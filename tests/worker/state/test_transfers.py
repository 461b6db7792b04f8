"""Uploads on their way: read as recorded, piece by piece, for a day."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.worker.state.shelves import PLACE, Shelf, upload
from worker.contracts.libraries import Part
from worker.errors import RequestError
from worker.state.retention import Retention
from worker.state.transfers import MAX_OPEN, SENT_AGAIN_BYTES

OPEN = f"ff:transfers:{PLACE.library_id}"


def part(number: int, size: int = 5) -> Part:
    return Part(upload=f"upl_{number}", size_bytes=size, etag=f'"{number}"')


def add(shelf: Shelf, number: int, piece: Part, *, max_bytes: int = 1000) -> str | None:
    return shelf.transfers.add_part("trn_1", number, piece, max_bytes=max_bytes)


def test_a_transfer_is_read_as_it_was_made(shelf: Shelf) -> None:
    meta = {"hue": "grün"}
    made = upload(1, "Größe.jpg").model_copy(update={"parts": {1: part(1)}, "meta": meta})

    shelf.transfers.create(made)

    assert shelf.transfers.read(made.id) == made
    assert shelf.transfers.read("trn_2") is None


def test_pieces_are_told_by_number_and_the_last_of_a_number_counts(shelf: Shelf) -> None:
    shelf.transfers.create(upload(1, "a.jpg"))

    newer = Part(upload="upl_new", size_bytes=7, etag='"new"')

    assert [add(shelf, n, part(n)) for n in (10, 2, 1)] == [None] * 3
    assert add(shelf, 2, newer) == "upl_2"

    read = shelf.transfers.read("trn_1")
    assert read is not None
    assert list(read.parts.items()) == [(1, part(1)), (2, newer), (10, part(10))]
    needed = Retention(shelf.redis).upload_is_needed
    assert [needed("ann", each) for each in ("upl_2", "upl_new")] == [False, True]


def test_pieces_that_come_together_are_all_kept(shelf: Shelf) -> None:
    shelf.transfers.create(upload(1, "a.jpg"))
    senders = [threading.Thread(target=add, args=(shelf, n, part(n))) for n in range(1, 21)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    read = shelf.transfers.read("trn_1")
    assert read is not None
    assert sorted(read.parts) == list(range(1, 21))


def test_a_piece_of_a_deleted_transfer_is_not_kept(shelf: Shelf) -> None:
    shelf.transfers.create(upload(1, "a.jpg"))

    shelf.transfers.delete("trn_1")

    with pytest.raises(RequestError, match=r"library\.not_found"):
        add(shelf, 1, part(1))
    assert shelf.transfers.read("trn_1") is None
    shelf.transfers.delete("trn_1")


def test_a_transfer_is_kept_for_a_day_from_its_start(shelf: Shelf) -> None:
    shelf.transfers.create(upload(1, "a.jpg"))
    day_ms = 24 * 3600 * 1000
    assert day_ms - 5000 < int(str(shelf.redis.pttl("ff:transfer:trn_1"))) <= day_ms

    shelf.redis.pexpire("ff:transfer:trn_1", 5000)
    add(shelf, 1, part(1))

    assert int(str(shelf.redis.pttl("ff:transfer:trn_1"))) <= 5000


@pytest.mark.parametrize("way", ["created", "added"])
def test_pieces_are_needed_as_long_as_their_transfer_is_there(shelf: Shelf, way: str) -> None:
    transfer = upload(1, "a.jpg")
    if way == "created":
        shelf.transfers.create(transfer.model_copy(update={"parts": {1: part(1)}}))
    else:
        shelf.transfers.create(transfer)
        shelf.redis.pexpire("ff:transfer:trn_1", 60_000)
        add(shelf, 1, part(1))
    needed = Retention(shelf.redis).upload_is_needed

    assert needed("ann", "upl_1")
    assert not needed("ann", "upl_2")
    lives = [int(str(shelf.redis.pttl(key))) for key in ("ff:piece:upl_1", "ff:transfer:trn_1")]
    assert abs(lives[0] - lives[1]) < 1000


def test_a_transfer_that_a_job_needs_lives_another_day_with_its_pieces(shelf: Shelf) -> None:
    pieces = {number: part(number) for number in (1, 2)}
    shelf.transfers.create(upload(1, "a.jpg").model_copy(update={"parts": pieces}))
    keys = ("ff:transfer:trn_1", "ff:piece:upl_1", "ff:piece:upl_2")
    for key in keys:
        shelf.redis.pexpire(key, 5000)

    assert shelf.transfers.seal("trn_1", conflict="ask") == "sealed"

    assert all(int(str(shelf.redis.pttl(key))) > 23 * 3600 * 1000 for key in keys)
    assert shelf.transfers.seal("trn_2", conflict="ask") == "gone"
    assert shelf.transfers.read("trn_2") is None


def test_a_transfer_of_as_many_pieces_as_there_may_be_is_kept_at_once(shelf: Shelf) -> None:
    pieces = {number: part(number) for number in range(1, 10_001)}
    transfer = upload(1, "a.jpg").model_copy(update={"parts": pieces})

    shelf.transfers.create(transfer)

    assert shelf.transfers.read("trn_1") == transfer
    assert shelf.transfers.seal("trn_1", conflict="ask") == "sealed"


def test_a_sealed_transfer_takes_no_more_and_tells_what_was_sealed(shelf: Shelf) -> None:
    shelf.transfers.create(upload(1, "a.jpg"))
    add(shelf, 2, part(2, size=7))
    assert shelf.transfers.seal("trn_1", conflict="rename") == "incomplete"
    add(shelf, 1, part(1))

    assert shelf.transfers.seal("trn_1", conflict="rename") == "sealed"

    for number in (1, 3):
        with pytest.raises(RequestError, match=r"library\.not_found"):
            add(shelf, number, Part(upload="upl_late", size_bytes=1, etag='"late"'))
    read, arriving = shelf.transfers.read("trn_1"), shelf.transfers.arriving("trn_1", 1)
    assert read is not None
    assert (read.conflict, read.total_bytes, sorted(read.parts)) == ("rename", 12, [1, 2])
    assert arriving is not None
    assert arriving.is_sealed
    # The answer to what was noted before the seal may have been lost.
    assert add(shelf, 1, part(1)) is None
    assert shelf.transfers.seal("trn_1", conflict="overwrite") == "sealed"


def test_pieces_that_come_together_never_pass_what_a_file_may_have(shelf: Shelf) -> None:
    shelf.transfers.create(upload(1, "a.jpg"))

    def told(number: int) -> str | None:
        try:
            return add(shelf, number, part(number), max_bytes=22)
        except RequestError as refused:
            return refused.code

    with ThreadPoolExecutor(8) as pool:
        answers = Counter(pool.map(told, range(1, 21)))

    assert answers == {None: 4, "request.too_large": 16}
    read = shelf.transfers.read("trn_1")
    assert read is not None
    assert len(read.parts) == 4


def test_a_piece_cannot_be_sent_again_without_end(shelf: Shelf) -> None:
    shelf.transfers.create(upload(1, "a.jpg"))
    size = SENT_AGAIN_BYTES

    for number in range(3):
        add(shelf, 1, part(number, size=size), max_bytes=size)

    arriving = shelf.transfers.arriving("trn_1", 1)
    assert arriving is not None
    assert (arriving.bytes, arriving.received, arriving.left_bytes(size)) == (0, 3 * size, 0)
    with pytest.raises(RequestError, match=r"request\.too_large"):
        add(shelf, 1, part(4, size=1), max_bytes=size)


def test_what_has_to_be_known_of_a_piece_that_comes_is_told_without_the_others(
    shelf: Shelf,
) -> None:
    made = upload(1, "a.jpg")
    shelf.transfers.create(made)
    for number, size in ((1, 5), (2, 7)):
        add(shelf, number, part(number, size=size))

    assert shelf.transfers.arriving("trn_1", 1) == (made, False, 7, 12)
    assert shelf.transfers.arriving("trn_1", 3) == (made, False, 12, 12)
    assert shelf.transfers.arriving("trn_2", 1) is None


@pytest.mark.parametrize("ending", ["sealed", "deleted", "over"])
def test_a_library_has_only_so_many_open_uploads(shelf: Shelf, ending: str) -> None:
    shelf.transfers.create(upload(1, "a.jpg"))
    add(shelf, 1, part(1))
    later_ms = time.time() * 1000 + 60_000
    others = {f"other_{n}": later_ms for n in range(MAX_OPEN - 1)}
    shelf.redis.zadd(OPEN, others)

    assert not shelf.transfers.create(upload(2, "b.jpg"))
    assert shelf.transfers.create(upload(1, "a.jpg").model_copy(update={"parts": {1: part(1)}}))
    if ending == "sealed":
        shelf.transfers.seal("trn_1", conflict="ask")
    elif ending == "deleted":
        shelf.transfers.delete("trn_1")
    else:
        shelf.redis.zadd(OPEN, {"trn_1": time.time() * 1000 - 1})

    assert shelf.transfers.create(upload(2, "b.jpg"))
    assert shelf.redis.zcard(OPEN) == MAX_OPEN
