"""A sight tells all that a read needs, in one round trip, and uses its token."""

import asyncio
import time
from collections.abc import Callable

import pytest

from tests.redis_server import RedisServer
from tests.worker.state.looks import Looks, commands_sent, in_a_loop
from tests.worker.state.shelves import CREATED_MS, PLACE, Shelf, again, library, picture, space
from worker.contracts.libraries import ROOT, Grant
from worker.errors import RequestError
from worker.state.access_tokens import digest_of
from worker.state.sights import AsyncSights, Sight

GRANT = Grant(library_id="lib1", period_s=300)
NOTHING = Sight(None, None, None, None, None)


def left_ms(shelf: Shelf, token: str) -> int:
    return int(str(shelf.redis.pttl(f"ff:access_token:{digest_of(token)}")))


def test_one_look_tells_everything(shelf: Shelf) -> None:
    token = shelf.tokens.create(GRANT)
    album = shelf.make("ent_d", "album")
    first = shelf.add("ent_1", "a.jpg", parent="ent_d", at_ms=CREATED_MS - 1)

    sight = shelf.sights.look("lib1", "-", token=token, path=["album"], first="oldest")

    only = space("-", created_ms=library().created_ms)
    assert sight == Sight(library(), only, GRANT, shelf.now(album.id), first, opens=True)


def test_a_look_is_one_round_trip_even_where_the_token_slides(shelf: Shelf, redis_url: str) -> None:
    token = shelf.tokens.create(GRANT)
    shelf.make("ent_d", "album")
    shelf.add("ent_1", "a.jpg", parent="ent_d")
    shelf.sights.look("lib1", "-", token=None)
    shelf.redis.pexpire(f"ff:access_token:{digest_of(token)}", 10_000)

    sent = commands_sent(
        redis_url,
        lambda: shelf.sights.look("lib1", "-", token=token, path=["album"], first="newest"),
    )

    assert sent[:1] == ["EVALSHA"]
    assert set(sent[1:]) <= {"SELECT", "CLIENT", "HELLO"}
    assert left_ms(shelf, token) > 299_000


def test_a_look_from_an_event_loop_sees_the_same(shelf: Shelf, redis_url: str) -> None:
    token = shelf.tokens.create(GRANT)
    shelf.make("ent_d", "album")
    shelf.add("ent_1", "Größe.jpg", parent="ent_d")

    def look(path: list[str]) -> Looks:
        return lambda sights: sights.look("lib1", "-", token=token, path=path, first="oldest")

    for path in ([], ["album"], ["album", "Größe.jpg"], ["none"]):
        seen = shelf.sights.look("lib1", "-", token=token, path=path, first="oldest")
        assert in_a_loop(redis_url, look(path)) == seen


def test_looks_at_once_share_round_trips_and_get_each_its_own(shelf: Shelf, redis_url: str) -> None:
    entries = [shelf.add(f"ent_{number}", f"{number}.jpg") for number in range(40)]
    shelf.sights.look("lib1", "-", token=None)

    async def looks(sights: AsyncSights) -> None:
        asked = (sights.look("lib1", "-", token=None, path=[entry.name]) for entry in entries)
        assert [seen.entry for seen in await asyncio.gather(*asked)] == entries

    sent = commands_sent(redis_url, lambda: in_a_loop(redis_url, looks))

    assert sent.count("EVALSHA") == 2


def test_a_look_that_is_given_up_leaves_the_others_their_answers(
    shelf: Shelf, redis_url: str
) -> None:
    async def looks(sights: AsyncSights) -> Sight:
        given_up, kept = (
            asyncio.create_task(sights.look("lib1", "-", token=None, path=[])) for _ in range(2)
        )
        await asyncio.sleep(0)
        given_up.cancel()
        return await kept

    assert in_a_loop(redis_url, looks) == shelf.sights.look("lib1", "-", token=None, path=[])


def test_without_redis_every_look_says_so_and_later_ones_ask_again(
    own_redis: Callable[[], RedisServer],
) -> None:
    server = own_redis()

    async def looks(sights: AsyncSights) -> None:
        server.kill()
        asked = (sights.look("lib1", "-", token=None) for _ in range(2))
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert [str(error) for error in told] == [str(RequestError("queue.unavailable"))] * 2
        server.start()
        assert await sights.look("lib1", "-", token=None) == NOTHING

    in_a_loop(server.url(), looks)


def test_nobody_waits_for_a_silent_redis_longer_than_the_time_that_is_set(
    own_redis: Callable[[], RedisServer],
) -> None:
    server = own_redis()

    async def look(sights: AsyncSights, number: int) -> float:
        await asyncio.sleep(number / 2000)
        asked_s = time.monotonic()
        with pytest.raises(RequestError, match=r"queue\.unavailable"):
            await sights.look("lib1", "-", token=None)
        return time.monotonic() - asked_s

    async def looks(sights: AsyncSights) -> None:
        assert await sights.look("lib1", "-", token=None) == NOTHING
        server.pause()
        try:
            waited_s = await asyncio.gather(*(look(sights, number) for number in range(200)))
        finally:
            server.resume()
        assert max(waited_s) < 1
        assert await sights.look("lib1", "-", token=None) == NOTHING

    in_a_loop(server.url(), looks, timeout_s=0.5)


def test_only_what_is_asked_for_is_told(shelf: Shelf) -> None:
    shelf.add("ent_1", "a.jpg")

    bare = shelf.sights.look("lib1", "-", token=None)
    root = shelf.sights.look("lib1", "-", token=None, path=[])

    assert (bare.grant, bare.entry, bare.first) == (None, None, None)
    assert root.entry is not None
    assert (root.entry.id, root.entry.kind, root.first) == (ROOT, "dir", None)


@pytest.mark.parametrize(
    ("token_library", "token", "slides"),
    [
        pytest.param("lib1", "", True, id="its own"),
        pytest.param("lib2", "", False, id="of another library"),
        pytest.param("lib1", "x", False, id="with one more letter"),
    ],
)
def test_a_token_counts_and_slides_in_its_own_library_only(
    shelf: Shelf, token_library: str, token: str, slides: bool
) -> None:
    grant = GRANT.model_copy(update={"library_id": token_library})
    made = shelf.tokens.create(grant)
    shelf.redis.pexpire(f"ff:access_token:{digest_of(made)}", 10_000)

    sight = shelf.sights.look("lib1", "-", token=made + token)

    assert sight.grant == (grant if slides else None)
    assert (left_ms(shelf, made) > 299_000) is slides


@pytest.mark.parametrize(
    ("bound", "space_id", "opens"),
    [
        pytest.param((), "a", True, id="unbound"),
        pytest.param((), "none", False, id="unknown space"),
        pytest.param((), "", True, id="in no space"),
        pytest.param(("a",), "a", True, id="its space"),
        pytest.param(("a",), "", True, id="bound, in no space"),
        pytest.param(("b", "none"), "a", False, id="another space"),
        pytest.param(("none",), "none", False, id="its space that is none"),
    ],
)
def test_a_token_slides_only_where_it_opens_something(
    shelf: Shelf, bound: tuple[str, ...], space_id: str, *, opens: bool
) -> None:
    shelf.libraries.create(library("many", multi_tenant=True), secret="s")
    for made in ("a", "b"):
        shelf.libraries.create_space(space(made, "many"))
    grant = GRANT.model_copy(update={"library_id": "many", "space_ids": bound})
    token = shelf.tokens.create(grant)
    shelf.redis.pexpire(f"ff:access_token:{digest_of(token)}", 10_000)

    sight = shelf.sights.look("many", space_id, token=token)

    assert (sight.grant, sight.opens) == (grant, opens)
    assert (left_ms(shelf, token) > 299_000) is opens


def test_a_bound_token_does_not_open_the_next_space_of_the_same_id(shelf: Shelf) -> None:
    shelf.libraries.create(library("many", multi_tenant=True), secret="s")
    early = shelf.tokens.create(Grant(library_id="many", space_ids=("a",), period_s=300))
    shelf.libraries.create_space(space("a", "many"))
    token = shelf.tokens.create(Grant(library_id="many", space_ids=("a",), period_s=300))
    assert not shelf.sights.look("many", "a", token=early).opens
    assert shelf.sights.look("many", "a", token=token).opens

    shelf.libraries.delete_space("many", "a")
    shelf.libraries.create_space(space("a", "many"))

    sight = shelf.sights.look("many", "a", token=token)
    assert (sight.space, sight.opens) == (space("a", "many"), False)


@pytest.mark.parametrize("token", [None, "", "acctk", "ä", "x" * 10_000])
def test_an_unknown_token_gives_no_grant(shelf: Shelf, token: str | None) -> None:
    sight = shelf.sights.look("lib1", "-", token=token)

    assert (sight.library, sight.grant) == (library(), None)


def test_an_expired_token_gives_no_grant(shelf: Shelf) -> None:
    token = shelf.tokens.create(GRANT)
    shelf.redis.pexpire(f"ff:access_token:{digest_of(token)}", 1)
    while left_ms(shelf, token) >= 0:
        pass

    assert shelf.sights.look("lib1", "-", token=token).grant is None


def test_uses_within_a_second_write_nothing(shelf_of_one_server: Shelf) -> None:
    shelf = shelf_of_one_server
    token = shelf.tokens.create(GRANT)
    before = shelf.redis.info("commandstats").get("cmdstat_pexpire", {"calls": 0})["calls"]

    for _ in range(3):
        assert shelf.sights.look("lib1", "-", token=token).grant == GRANT

    after = shelf.redis.info("commandstats").get("cmdstat_pexpire", {"calls": 0})["calls"]
    assert after == before


def test_an_unknown_library_tells_nothing_of_itself_or_others(shelf: Shelf) -> None:
    token = shelf.tokens.create(GRANT.model_copy(update={"library_id": "none"}))

    for library_id in ("none", "", "lib1:-", "lib1:", "LIB1", "\x00"):
        assert shelf.sights.look(library_id, "-", token=token, path=[], first="oldest") == NOTHING


def test_a_space_is_of_its_tenancy(shelf: Shelf) -> None:
    shelf.libraries.create(library("many", multi_tenant=True), secret="s")
    shelf.libraries.create_space(space("a", "many", public_read=True))
    shelf.libraries.set_public_read("lib1", True)

    spaces = {
        (library_id, space_id): shelf.sights.look(library_id, space_id, token=None, path=[])
        for library_id in ("lib1", "many")
        for space_id in ("-", "a", "")
    }

    assert {key for key, sight in spaces.items() if sight.space} == {("lib1", "-"), ("many", "a")}
    assert {key for key, sight in spaces.items() if sight.entry} == {("lib1", "-"), ("many", "a")}
    assert all(sight.library is not None for sight in spaces.values())
    for key in (("lib1", "-"), ("many", "a")):
        seen = spaces[key].space
        assert seen is not None
        assert seen.public_read


@pytest.mark.parametrize(
    "path",
    [["none"], ["a.jpg", "a.jpg"], ["album", "none"], [""], ["..", "album"], ["album/a.jpg"]],
)
def test_a_path_that_leads_nowhere_gives_no_entry(shelf: Shelf, path: list[str]) -> None:
    shelf.make("ent_d", "album")
    shelf.add("ent_1", "a.jpg", parent="ent_d")
    shelf.add("ent_2", "a.jpg")

    sight = shelf.sights.look("lib1", "-", token=None, path=path, first="oldest")

    assert (sight.space is not None, sight.entry, sight.first) == (True, None, None)


def test_a_file_has_no_first_medium(shelf: Shelf) -> None:
    file = shelf.add("ent_1", "a.jpg")

    sight = shelf.sights.look("lib1", "-", token=None, path=["a.jpg"], first="oldest")

    assert (sight.entry, sight.first) == (file, None)


@pytest.mark.parametrize("first", ["oldest", "newest"])
@pytest.mark.parametrize(
    ("times", "oldest", "newest"),
    [
        pytest.param({}, None, None, id="empty"),
        pytest.param({"b": 1, "a": 2}, "b", "a", id="by creation, not by name"),
        pytest.param({"c": 1, "b": 1, "a": 2}, "b", "a", id="tie of the oldest"),
        pytest.param({"a": 1, "c": 2, "b": 2}, "a", "b", id="tie of the newest"),
        pytest.param({"b": 1, "B": 1, "é": 1}, "B", "B", id="tie by bytes"),
        pytest.param({"z": 1, "é": 1, "照": 1}, "z", "z", id="Unicode after ASCII"),
    ],
)
def test_the_first_medium_is_by_creation_then_by_name(
    shelf_of_one_server: Shelf,
    first: str,
    times: dict[str, int],
    oldest: str | None,
    newest: str | None,
) -> None:
    shelf = shelf_of_one_server
    shelf.make("ent_d", "0 a directory is no medium")
    for number, (name, at_ms) in enumerate(times.items()):
        shelf.add(f"ent_{number}", name, at_ms=CREATED_MS + at_ms)

    if first == "oldest":
        seen, wanted = shelf.sights.look("lib1", "-", token=None, path=[], first="oldest"), oldest
    else:
        seen, wanted = shelf.sights.look("lib1", "-", token=None, path=[], first="newest"), newest

    assert (seen.first.name if seen.first else None) == wanted


def test_a_new_version_does_not_change_which_medium_is_first(shelf: Shelf) -> None:
    first = shelf.add("ent_1", "a.jpg", at_ms=CREATED_MS)
    shelf.add("ent_2", "b.jpg", at_ms=CREATED_MS + 1)

    shelf.index.put(again(first, at_ms=CREATED_MS + 9, upload="x"), instead_of=first)

    sight = shelf.sights.look("lib1", "-", token=None, path=[], first="oldest")
    assert sight.first == again(first, at_ms=CREATED_MS + 9, upload="x")
    sight = shelf.sights.look("lib1", "-", token=None, path=[], first="newest")
    assert sight.first == picture("ent_2", "b.jpg", at_ms=CREATED_MS + 1)


def test_a_removed_or_moved_first_medium_gives_way_to_the_next(shelf: Shelf) -> None:
    for number in (1, 2, 3):
        shelf.add(f"ent_{number}", f"{number}.jpg", at_ms=CREATED_MS + number)
    shelf.make("ent_d", "d")

    shelf.index.remove(PLACE, "ent_1")
    shelf.index.move(PLACE, "ent_2", parent_id="ent_d", name="2.jpg")

    sight = shelf.sights.look("lib1", "-", token=None, path=[], first="oldest")
    assert sight.first is not None
    assert sight.first.id == "ent_3"
