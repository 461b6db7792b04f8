"""Claims on names: whoever comes at once, no name is given twice and no file is lost."""

import threading

import pytest

from tests.worker.state.shelves import (
    CLAIM_HELD_S,
    CREATED_MS,
    PLACE,
    Shelf,
    again,
    picture,
    upload,
)
from worker.contracts.libraries import ROOT, Claim, Conflict
from worker.errors import RequestError


def test_a_free_name_is_claimed_and_not_seen(shelf: Shelf) -> None:
    claim = shelf.index.claim(upload(1, "a.jpg"), entry_id="ent_1")

    assert claim == Claim("ent_1", "a.jpg", "created", None)
    assert shelf.listed() == []
    assert shelf.index.resolve(PLACE, ["a.jpg"]) is None
    assert shelf.index.read(PLACE, "ent_1") is None
    sight = shelf.sights.look("lib1", "-", token=None, path=[], first="oldest")
    assert sight.first is None


def test_a_claimed_name_is_seen_once_it_has_a_version(shelf: Shelf) -> None:
    shelf.index.claim(upload(1, "a.jpg"), entry_id="ent_1")

    shelf.add("ent_1", "a.jpg")

    assert shelf.listed() == ["a.jpg"]
    assert list(shelf.redis.scan_iter("ff:claimed:*")) == []


@pytest.mark.parametrize("conflict", ["ask", "rename", "overwrite"])
@pytest.mark.parametrize("seen", [False, True], ids=["claimed", "seen"])
@pytest.mark.parametrize("taken", [False, True], ids=["free", "taken"])
def test_the_same_transfer_gets_the_same_claim(
    shelf: Shelf, conflict: Conflict, seen: bool, taken: bool
) -> None:
    if taken and conflict != "ask":
        shelf.add("ent_0", "a.jpg")
    transfer = upload(1, "a.jpg", conflict=conflict)
    first = shelf.index.claim(transfer, entry_id="ent_1")
    if seen:
        made = again(picture(first.entry_id, first.name), at_ms=CREATED_MS + 99, upload="1")
        shelf.index.put(made, instead_of=shelf.index.read(PLACE, made.id))

    assert shelf.index.claim(transfer, entry_id="ent_2") == first
    shelf.let_claims_run_out()
    assert shelf.index.claim(transfer, entry_id="ent_3") == first


def test_one_that_overwrites_gets_the_file_that_is_there(shelf: Shelf) -> None:
    there = shelf.add("ent_1", "a.jpg")

    claim = shelf.index.claim(upload(1, "a.jpg", conflict="overwrite"), entry_id="ent_2")

    assert claim == Claim("ent_1", "a.jpg", "updated", there.created_ms, "ver_ent_1")
    assert shelf.listed() == ["a.jpg"]


def test_one_that_asks_is_refused_where_a_file_is(shelf: Shelf) -> None:
    shelf.add("ent_1", "a.jpg")

    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.index.claim(upload(1, "a.jpg"), entry_id="ent_2")

    assert list(shelf.redis.scan_iter("ff:claim:*")) == []


def test_those_that_rename_get_the_next_free_names(shelf: Shelf) -> None:
    shelf.add("ent_0", "a.jpg")

    claims = [
        shelf.index.claim(upload(n, "a.jpg", conflict="rename"), entry_id=f"ent_{n}")
        for n in (1, 2)
    ]

    assert claims == [Claim(f"ent_{n}", f"a ({n}).jpg", "created", None) for n in (1, 2)]


def test_the_next_free_name_after_many_is_the_next(shelf_of_one_server: Shelf) -> None:
    shelf = shelf_of_one_server
    for number in range(70):
        transfer = upload(number, "a.jpg", conflict="rename")
        name = shelf.index.claim(transfer, entry_id=f"ent_{number}").name
        assert name == (f"a ({number}).jpg" if number else "a.jpg")


@pytest.mark.parametrize("conflict", ["ask", "overwrite"])
def test_a_directory_is_never_overwritten(shelf: Shelf, conflict: Conflict) -> None:
    shelf.make("ent_d", "a.b")

    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.index.claim(upload(1, "a.b", conflict=conflict), entry_id="ent_1")

    renamed = shelf.index.claim(upload(2, "a.b", conflict="rename"), entry_id="ent_2")
    assert renamed.name == "a (1).b"


def test_a_name_that_is_being_uploaded_is_held(shelf: Shelf) -> None:
    shelf.index.claim(upload(1, "a.jpg"), entry_id="ent_1")

    shared = shelf.index.claim(upload(2, "a.jpg", conflict="overwrite"), entry_id="ent_2")
    renamed = shelf.index.claim(upload(3, "a.jpg", conflict="rename"), entry_id="ent_3")

    assert shared == Claim("ent_1", "a.jpg", "created", None)
    assert renamed == Claim("ent_3", "a (1).jpg", "created", None)
    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.index.claim(upload(4, "a.jpg"), entry_id="ent_4")
    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.make("ent_d", "a.jpg")
    shelf.add("ent_5", "b.jpg")
    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.index.move(PLACE, "ent_5", parent_id=ROOT, name="a.jpg", conflict="overwrite")


def test_two_uploads_that_overwrite_a_new_name_are_versions_of_one_file(shelf: Shelf) -> None:
    claims = [
        shelf.index.claim(upload(n, "a.jpg", conflict="overwrite"), entry_id=f"ent_{n}")
        for n in (1, 2)
    ]
    entry = picture(claims[0].entry_id, "a.jpg")
    for transfer, at_ms in (("1", CREATED_MS + 40), ("2", CREATED_MS + 50)):
        shown = shelf.index.read(PLACE, entry.id)
        shelf.index.put(again(entry, at_ms=at_ms, upload=transfer), instead_of=shown)

    assert claims[0] == claims[1]
    assert shelf.listed() == ["a.jpg"]
    assert shelf.now("ent_1").modified_ms == CREATED_MS + 50


@pytest.mark.parametrize("conflict", ["ask", "rename", "overwrite"])
def test_an_upload_that_died_blocks_nothing(shelf: Shelf, conflict: Conflict) -> None:
    shelf.index.claim(upload(1, "a.jpg"), entry_id="ent_1")
    shelf.let_claims_run_out()

    claim = shelf.index.claim(upload(2, "a.jpg", conflict=conflict), entry_id="ent_2")

    assert claim == Claim("ent_2", "a.jpg", "created", None)


def test_an_upload_that_lost_its_name_is_told_and_may_claim_again(shelf: Shelf) -> None:
    late = upload(1, "a.jpg", conflict="rename")
    shelf.index.claim(late, entry_id="ent_1")
    shelf.let_claims_run_out()
    shelf.index.claim(upload(2, "a.jpg"), entry_id="ent_2")

    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.add("ent_1", "a.jpg")
    claim = shelf.index.claim(late, entry_id="ent_3")
    shelf.add("ent_2", "a.jpg")
    shelf.add(claim.entry_id, claim.name)

    assert claim == Claim("ent_1", "a (1).jpg", "created", None)
    assert shelf.listed() == ["a (1).jpg", "a.jpg"]


def test_a_claim_that_ran_out_is_still_good_while_nobody_took_the_name(shelf: Shelf) -> None:
    shelf.index.claim(upload(1, "a.jpg"), entry_id="ent_1")
    shelf.let_claims_run_out()
    shelf.index.claim(upload(2, "b.jpg"), entry_id="ent_2")

    shelf.add("ent_1", "a.jpg")

    assert shelf.listed() == ["a.jpg"]


def test_a_released_name_is_free_at_once_and_claimed_again_by_who_comes_first(
    shelf: Shelf,
) -> None:
    failed = upload(1, "a.jpg", conflict="rename")
    first = shelf.index.claim(failed, entry_id="ent_1")

    shelf.index.release(failed)

    assert not shelf.redis.exists("ff:names:lib1:-:root", "ff:claimed:lib1:-:root")
    assert shelf.index.claim(failed, entry_id="ent_2") == first
    shelf.index.release(failed)
    assert shelf.index.claim(upload(2, "a.jpg"), entry_id="ent_3").entry_id == "ent_3"
    again = shelf.index.claim(failed, entry_id="ent_4")
    assert again == Claim("ent_1", "a (1).jpg", "created", None)


def test_a_name_that_another_upload_shares_is_held_until_both_let_it_go(shelf: Shelf) -> None:
    both = [upload(n, "a.jpg", conflict="overwrite") for n in (1, 2)]
    for transfer in both:
        shelf.index.claim(transfer, entry_id=f"ent_{transfer.id}")

    shelf.index.release(both[0])

    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.index.claim(upload(3, "a.jpg"), entry_id="ent_3")
    shelf.index.release(both[1])
    assert shelf.index.claim(upload(3, "a.jpg"), entry_id="ent_3").entry_id == "ent_3"


@pytest.mark.parametrize("conflict", ["ask", "overwrite"])
def test_releasing_takes_no_name_from_anybody_else(shelf: Shelf, conflict: Conflict) -> None:
    late = upload(1, "a.jpg", conflict=conflict)
    if conflict == "overwrite":
        shelf.add("ent_1", "a.jpg")
    shelf.index.claim(late, entry_id="ent_1")
    if conflict == "ask":
        shelf.let_claims_run_out()
        shelf.index.claim(upload(2, "a.jpg"), entry_id="ent_2")
    before = shelf.redis.hgetall("ff:names:lib1:-:root")

    for transfer in (late, upload(3, "a.jpg"), upload(4, "b.jpg")):
        shelf.index.release(transfer)

    assert shelf.redis.hgetall("ff:names:lib1:-:root") == before
    assert shelf.redis.keys("ff:claimants:*:ent_3") == []


def test_who_shared_a_claim_is_forgotten_when_the_file_is_seen(shelf: Shelf) -> None:
    shelf.index.claim(upload(1, "a.jpg"), entry_id="ent_1")
    assert 0 < int(str(shelf.redis.pttl("ff:claimants:lib1:-:ent_1"))) <= CLAIM_HELD_S * 1000

    shelf.add("ent_1", "a.jpg")

    assert shelf.redis.keys("ff:claimants:*") == []
    shelf.index.release(upload(1, "a.jpg"))
    assert shelf.listed() == ["a.jpg"]


def test_a_claim_on_a_file_that_was_removed_is_made_anew(shelf: Shelf) -> None:
    shelf.add("ent_1", "a.jpg")
    transfer = upload(1, "a.jpg", conflict="overwrite")
    shelf.index.claim(transfer, entry_id="ent_2")
    shelf.index.remove(PLACE, "ent_1")

    claim = shelf.index.claim(transfer, entry_id="ent_3")

    assert claim == Claim("ent_3", "a.jpg", "created", None)


def test_names_of_uploads_that_died_do_not_pile_up(shelf: Shelf) -> None:
    for number in range(25):
        shelf.index.claim(upload(number, f"{number}.jpg"), entry_id=f"ent_{number}")
    shelf.let_claims_run_out()

    for number in range(100, 103):
        shelf.index.claim(upload(number, "a.jpg", conflict="rename"), entry_id=f"ent_{number}")

    assert shelf.redis.hlen("ff:names:lib1:-:root") == 3
    assert shelf.redis.zcard("ff:claimed:lib1:-:root") == 3


@pytest.mark.parametrize("parent", ["ent_none", "ent_1"], ids=["unknown", "a file"])
def test_a_name_is_claimed_only_in_a_directory(shelf: Shelf, parent: str) -> None:
    shelf.add("ent_1", "a.jpg")

    with pytest.raises(RequestError, match=r"library\.not_found"):
        shelf.index.claim(upload(1, "a.jpg", parent=parent), entry_id="ent_2")


def test_a_claim_does_not_keep_its_directory(shelf: Shelf) -> None:
    shelf.make("ent_d", "d")
    transfer = upload(1, "a.jpg", parent="ent_d")
    shelf.index.claim(transfer, entry_id="ent_1")

    assert shelf.index.remove(PLACE, "ent_d")

    with pytest.raises(RequestError, match=r"library\.not_found"):
        shelf.index.claim(transfer, entry_id="ent_1")
    with pytest.raises(RequestError, match=r"library\.not_found"):
        shelf.add("ent_1", "a.jpg", parent="ent_d")
    assert list(shelf.redis.scan_iter("ff:*:ent_d*")) == []


@pytest.mark.parametrize("conflict", ["ask", "rename", "overwrite"])
def test_of_uploads_that_claim_at_once_each_gets_what_its_rule_says(
    shelf: Shelf, conflict: Conflict
) -> None:
    claims: list[Claim] = []
    refusals: list[str] = []
    together = threading.Barrier(8)

    def claim(number: int) -> None:
        together.wait()
        try:
            transfer = upload(number, "a.jpg", conflict=conflict)
            claims.append(shelf.index.claim(transfer, entry_id=f"ent_{number}"))
        except RequestError as error:
            refusals.append(error.code)

    claimers = [threading.Thread(target=claim, args=(number,)) for number in range(8)]
    for claimer in claimers:
        claimer.start()
    for claimer in claimers:
        claimer.join()

    names = sorted(claim.name for claim in claims)
    ids = {claim.entry_id for claim in claims}
    numbered = ["a.jpg", *(f"a ({n}).jpg" for n in range(1, 8))]
    wanted = {
        "ask": (["a.jpg"], 1, ["library.conflict"] * 7),
        "rename": (sorted(numbered), 8, []),
        "overwrite": (["a.jpg"] * 8, 1, []),
    }
    assert (names, len(ids), refusals) == wanted[conflict]
