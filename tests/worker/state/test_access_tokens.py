"""Access tokens: known by their digest, of one library, and alive while they are used."""

import re

import pytest

from tests.worker.state.shelves import Shelf
from worker.contracts.libraries import Grant
from worker.state.access_tokens import digest_of

GRANT = Grant(library_id="lib1", space_ids=("-",), user_id="ann", grants=("admin",), period_s=300)


def left_ms(shelf: Shelf, token: str) -> int:
    return int(str(shelf.redis.pttl(f"ff:access_token:{digest_of(token)}")))


def let_pass(shelf: Shelf, token: str, seconds: int) -> None:
    """As if the token had not been used for so long."""
    shelf.redis.pexpire(
        f"ff:access_token:{digest_of(token)}", (GRANT.period_s - seconds) * 1000 or 1
    )


def test_tokens_are_long_and_of_the_vendors_form(shelf: Shelf) -> None:
    tokens = {shelf.tokens.create(GRANT) for _ in range(100)}

    assert len(tokens) == 100
    assert all(re.fullmatch(r"acctk[A-Za-z0-9_-]{43}", token) for token in tokens)


def test_the_token_itself_is_not_kept(shelf: Shelf) -> None:
    token = shelf.tokens.create(GRANT)

    for key in shelf.redis.scan_iter("ff:access_token*"):
        assert token not in str(key)
        text = shelf.redis.hgetall(key) if shelf.redis.type(key) == "hash" else key
        assert token not in str(text)


def test_renewing_lets_a_full_period_begin(shelf: Shelf) -> None:
    token = shelf.tokens.create(GRANT)
    let_pass(shelf, token, 200)

    assert shelf.tokens.renew("lib1", token) == GRANT

    assert 299_000 < left_ms(shelf, token) <= 300_000
    assert [left_s > 299 for _, left_s in shelf.tokens.list("lib1")] == [True]


def test_a_token_is_of_its_library_only(shelf: Shelf) -> None:
    token = shelf.tokens.create(GRANT)
    let_pass(shelf, token, 200)

    assert shelf.tokens.renew("lib2", token) is None
    assert not shelf.tokens.delete("lib2", token)

    assert left_ms(shelf, token) <= 100_000
    assert shelf.tokens.list("lib2") == []


@pytest.mark.parametrize("token", ["", "acctk", "acctk" + "a" * 43, "ä" * 100, "x:y"])
def test_an_unknown_token_allows_nothing(shelf: Shelf, token: str) -> None:
    assert shelf.tokens.renew("lib1", token) is None
    assert not shelf.tokens.delete("lib1", token)


def test_a_token_that_was_not_used_for_its_period_is_gone(shelf: Shelf) -> None:
    token = shelf.tokens.create(GRANT)
    kept = shelf.tokens.create(GRANT)
    let_pass(shelf, token, GRANT.period_s)
    while left_ms(shelf, token) >= 0:
        pass

    assert shelf.tokens.renew("lib1", token) is None
    assert len(shelf.tokens.list("lib1")) == 1
    assert shelf.tokens.renew("lib1", kept) == GRANT


def test_a_deleted_token_is_gone(shelf: Shelf) -> None:
    before = set(shelf.redis.keys())
    token = shelf.tokens.create(GRANT)

    assert shelf.tokens.delete("lib1", token)

    assert shelf.tokens.renew("lib1", token) is None
    assert not shelf.tokens.delete("lib1", token)
    assert set(shelf.redis.keys()) == before


def test_the_list_tells_what_tokens_allow_and_how_long_they_last(shelf: Shelf) -> None:
    longer = Grant(library_id="lib1", period_s=86400)
    shelf.tokens.create(longer)
    shelf.tokens.create(GRANT)
    shelf.tokens.create(GRANT.model_copy(update={"library_id": "lib2"}))

    told = shelf.tokens.list("lib1")

    assert [grant for grant, _ in told] == [GRANT, longer]
    assert [round(left_s / 10) * 10 for _, left_s in told] == [300, 86400]


def test_ended_tokens_leave_the_list_when_the_next_is_made(shelf: Shelf) -> None:
    shelf.tokens.create(GRANT)
    for digest in shelf.redis.zrange("ff:access_tokens:lib1", 0, -1):
        shelf.redis.zadd("ff:access_tokens:lib1", {str(digest): 1})

    shelf.tokens.create(GRANT)

    assert shelf.redis.zcard("ff:access_tokens:lib1") == 1


def test_reading_a_token_lets_it_end_when_it_would_have(shelf: Shelf) -> None:
    token = shelf.tokens.create(GRANT)
    let_pass(shelf, token, 200)

    read = shelf.tokens.read("lib1", token)

    assert read is not None
    assert read[0] == GRANT
    assert 99 < read[1] <= 100
    assert left_ms(shelf, token) <= 100_000
    assert shelf.tokens.read("lib2", token) is None
    assert shelf.tokens.read("lib1", token[:-1]) is None


@pytest.mark.parametrize(
    ("holders", "left"),
    [
        pytest.param({"user_id": "ann"}, {"bob"}, id="user"),
        pytest.param({"client_id": "app"}, {"ann", "web"}, id="client"),
        pytest.param({"user_id": "ann", "client_id": "web"}, {"ann", "bob"}, id="both"),
        pytest.param({"session_id": "s1"}, {"ann", "bob"}, id="session"),
        pytest.param({"user_id": "eve"}, {"ann", "bob", "web"}, id="unknown"),
    ],
)
def test_the_tokens_of_those_who_are_told_are_deleted(
    shelf: Shelf, holders: dict[str, str], left: set[str]
) -> None:
    given = {
        "ann": Grant(library_id="lib1", user_id="ann", period_s=300),
        "bob": Grant(library_id="lib1", user_id="bob", client_id="app", period_s=300),
        "web": Grant(
            library_id="lib1", user_id="ann", client_id="web", session_id="s1", period_s=300
        ),
    }
    elsewhere = shelf.tokens.create(given["ann"].model_copy(update={"library_id": "lib2"}))
    tokens = {name: shelf.tokens.create(grant) for name, grant in given.items()}

    assert shelf.tokens.delete_of("lib1", **holders) == 3 - len(left)

    assert {name for name, token in tokens.items() if shelf.tokens.renew("lib1", token)} == left
    assert len(shelf.tokens.list("lib1")) == shelf.redis.zcard("ff:access_tokens:lib1") == len(left)
    assert shelf.tokens.renew("lib2", elsewhere) is not None


def test_of_many_tokens_all_that_are_wanted_are_deleted(shelf: Shelf) -> None:
    for number in range(1500):
        user_id = "ann" if number % 3 else "bob"
        shelf.tokens.create(Grant(library_id="lib1", user_id=user_id, period_s=300))

    assert shelf.tokens.delete_of("lib1", user_id="ann") == 1000

    assert {grant.user_id for grant, _ in shelf.tokens.list("lib1")} == {"bob"}
