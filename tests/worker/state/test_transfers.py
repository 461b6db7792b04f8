"""Uploads on their way: read as recorded, piece by piece, for a day."""

import threading

import pytest

from tests.worker.state.shelves import Shelf, upload
from worker.contracts.libraries import Part
from worker.state.retention import Retention


def part(number: int, size: int = 5) -> Part:
    return Part(upload=f"upl_{number}", size_bytes=size, etag=f'"{number}"')


def test_a_transfer_is_read_as_it_was_made(shelf: Shelf) -> None:
    meta = {"hue": "grün"}
    made = upload(1, "Größe.jpg").model_copy(update={"parts": {1: part(1)}, "meta": meta})

    shelf.transfers.create(made)

    assert shelf.transfers.read(made.id) == made
    assert shelf.transfers.read("trn_2") is None


def test_pieces_are_told_by_number_and_the_last_of_a_number_counts(shelf: Shelf) -> None:
    shelf.transfers.create(upload(1, "a.jpg"))

    assert all(shelf.transfers.add_part("trn_1", n, part(n)) for n in (10, 2, 1))
    assert shelf.transfers.add_part("trn_1", 2, part(2, size=7))

    read = shelf.transfers.read("trn_1")
    assert read is not None
    assert list(read.parts.items()) == [(1, part(1)), (2, part(2, size=7)), (10, part(10))]


def test_pieces_that_come_together_are_all_kept(shelf: Shelf) -> None:
    shelf.transfers.create(upload(1, "a.jpg"))
    senders = [
        threading.Thread(target=shelf.transfers.add_part, args=("trn_1", n, part(n)))
        for n in range(1, 21)
    ]
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

    assert not shelf.transfers.add_part("trn_1", 1, part(1))
    assert shelf.transfers.read("trn_1") is None
    shelf.transfers.delete("trn_1")


def test_a_transfer_is_kept_for_a_day_from_its_start(shelf: Shelf) -> None:
    shelf.transfers.create(upload(1, "a.jpg"))
    day_ms = 24 * 3600 * 1000
    assert day_ms - 5000 < int(str(shelf.redis.pttl("ff:transfer:trn_1"))) <= day_ms

    shelf.redis.pexpire("ff:transfer:trn_1", 5000)
    shelf.transfers.add_part("trn_1", 1, part(1))

    assert int(str(shelf.redis.pttl("ff:transfer:trn_1"))) <= 5000


@pytest.mark.parametrize("way", ["created", "added"])
def test_pieces_are_needed_as_long_as_their_transfer_is_there(shelf: Shelf, way: str) -> None:
    transfer = upload(1, "a.jpg")
    if way == "created":
        shelf.transfers.create(transfer.model_copy(update={"parts": {1: part(1)}}))
    else:
        shelf.transfers.create(transfer)
        shelf.redis.pexpire("ff:transfer:trn_1", 60_000)
        shelf.transfers.add_part("trn_1", 1, part(1))
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

    assert shelf.transfers.keep("trn_1")

    assert all(int(str(shelf.redis.pttl(key))) > 23 * 3600 * 1000 for key in keys)
    assert not shelf.transfers.keep("trn_2")
    assert shelf.transfers.read("trn_2") is None


def test_a_transfer_of_as_many_pieces_as_there_may_be_is_kept_at_once(shelf: Shelf) -> None:
    pieces = {number: part(number) for number in range(1, 10_001)}
    transfer = upload(1, "a.jpg").model_copy(update={"parts": pieces})

    shelf.transfers.create(transfer)

    assert shelf.transfers.keep("trn_1")
    assert shelf.transfers.read("trn_1") == transfer
