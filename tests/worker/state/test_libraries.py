"""Libraries and spaces: made once, found again, public or not, and gone without a trace."""

import pytest

from tests.worker.state.looks import commands_sent
from tests.worker.state.shelves import Shelf, directory, library, picture, space
from worker.contracts.libraries import SINGLE_SPACE, Place
from worker.errors import RequestError
from worker.state.libraries import MAX_SPACES


def test_a_library_is_read_as_it_was_made(shelf: Shelf) -> None:
    made = library("films", kind="file", multi_tenant=True, multi_album=True, public_read=True)

    shelf.libraries.create(made, secret="s")

    assert shelf.libraries.read("films") == made
    assert shelf.libraries.list() == [made, library()]
    assert shelf.libraries.read("none") is None


def test_a_library_is_made_once(shelf: Shelf) -> None:
    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.libraries.create(library(kind="file"), secret="another")

    assert shelf.libraries.read("lib1") == library()
    assert shelf.libraries.secret_matches("lib1", "open sesame")


@pytest.mark.parametrize(
    "new_id", ["", "-", "_a", "a:b", "a/b", "..", "a.b", "a b", "ä", "a\n", "a" * 65, "{x}"]
)
def test_an_id_that_could_leave_its_key_or_path_is_refused(shelf: Shelf, new_id: str) -> None:
    shelf.libraries.create(library("many", multi_tenant=True), secret="s")

    with pytest.raises(RequestError, match=r"request\.invalid"):
        shelf.libraries.create(library(new_id), secret="s")
    with pytest.raises(RequestError, match=r"request\.invalid"):
        shelf.libraries.create_space(space(new_id, "many"))


@pytest.mark.parametrize("new_id", ["a", "A-1_b", "0", "a" * 64])
def test_ids_of_letters_and_digits_are_taken(shelf: Shelf, new_id: str) -> None:
    shelf.libraries.create(library(new_id, multi_tenant=True), secret="s")
    shelf.libraries.create_space(space(new_id, new_id))

    assert shelf.libraries.spaces(new_id) == [space(new_id, new_id)]


@pytest.mark.parametrize(
    ("library_id", "secret", "matches"),
    [
        pytest.param("lib1", "open sesame", True, id="its secret"),
        pytest.param("lib1", "open sesam", False, id="a part of it"),
        pytest.param("lib1", "", False, id="none"),
        pytest.param("none", "open sesame", False, id="unknown library"),
        pytest.param("none", "", False, id="unknown library, no secret"),
        pytest.param("lib1", "öffne dich", False, id="Unicode"),
    ],
)
def test_a_secret_matches_its_library_only(
    shelf: Shelf, library_id: str, secret: str, matches: bool
) -> None:
    assert shelf.libraries.secret_matches(library_id, secret) is matches


def test_the_secret_itself_is_not_kept(shelf: Shelf) -> None:
    assert "open sesame" not in str(shelf.redis.hgetall("ff:library:lib1"))


def test_a_library_for_one_tenant_has_exactly_one_space(shelf: Shelf) -> None:
    only = space(SINGLE_SPACE, created_ms=library().created_ms)

    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.libraries.create_space(space("more"))
    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.libraries.delete_space("lib1", SINGLE_SPACE)

    assert shelf.libraries.spaces("lib1") == [only]
    assert shelf.libraries.read_space("lib1", SINGLE_SPACE) == only


def test_a_library_for_many_tenants_has_the_spaces_that_were_made(shelf: Shelf) -> None:
    shelf.libraries.create(library("many", multi_tenant=True), secret="s")
    assert shelf.libraries.spaces("many") == []

    shelf.libraries.create_space(space("b", "many"))
    shelf.libraries.create_space(space("a", "many", public_read=True))

    with pytest.raises(RequestError, match=r"library\.conflict"):
        shelf.libraries.create_space(space("a", "many"))
    with pytest.raises(RequestError, match=r"library\.not_found"):
        shelf.libraries.create_space(space("a", "none"))
    assert shelf.libraries.spaces("many") == [
        space("a", "many", public_read=True),
        space("b", "many"),
    ]
    assert shelf.libraries.read_space("many", SINGLE_SPACE) is None
    assert shelf.libraries.read_space("none", "a") is None


def test_spaces_are_told_in_parts_and_counted(shelf: Shelf, redis_url: str) -> None:
    shelf.libraries.create(library("many", multi_tenant=True), secret="s")
    for number in range(1005):
        shelf.libraries.create_space(space(f"s{number:04}", "many"))

    def ids(after: str = "", limit: int | None = None) -> list[str]:
        told = shelf.libraries.spaces("many", after=after, limit=limit)
        return [each.id for each in told]

    everything = [f"s{number:04}" for number in range(1005)]
    assert ids() == everything
    assert (ids(limit=2), ids("s0001", 2), ids("s1004")) == (everything[:2], everything[2:4], [])
    assert ids(limit=1003) == everything[:1003]
    named = shelf.libraries.spaces_of("many", ["s0003", "none", "s0001"])
    assert [each.id for each in named] == ["s0003", "s0001"]
    assert (shelf.libraries.count_spaces("many"), shelf.libraries.count_spaces("none")) == (1005, 0)
    sent = commands_sent(redis_url, ids)
    assert sent.count("EVALSHA") == 2
    assert "HGETALL" not in sent


def test_a_library_has_a_limited_number_of_spaces(shelf: Shelf) -> None:
    shelf.libraries.create(library("many", multi_tenant=True), secret="s")
    shelf.redis.zadd("ff:spaces:many", {f"s{number}": 0 for number in range(MAX_SPACES)})

    with pytest.raises(RequestError, match=r"library\.full"):
        shelf.libraries.create_space(space("a", "many"))


def test_public_read_of_a_library_for_many_tenants_is_not_that_of_its_spaces(shelf: Shelf) -> None:
    shelf.libraries.create(library("many", multi_tenant=True), secret="s")
    shelf.libraries.create_space(space("a", "many"))
    shelf.libraries.create_space(space("b", "many"))

    assert shelf.libraries.set_public_read("many", True)
    assert shelf.libraries.set_space_public_read("many", "a", True)

    many = shelf.libraries.read("many")
    assert many is not None
    assert many.public_read
    assert [each.public_read for each in shelf.libraries.spaces("many")] == [True, False]
    assert shelf.libraries.set_space_public_read("many", "a", False)
    assert [each.public_read for each in shelf.libraries.spaces("many")] == [False, False]


@pytest.mark.parametrize("by_space", [True, False], ids=["by space", "by library"])
def test_public_read_of_a_library_for_one_tenant_is_that_of_its_space(
    shelf: Shelf, by_space: bool
) -> None:
    for value in (True, False):
        if by_space:
            assert shelf.libraries.set_space_public_read("lib1", SINGLE_SPACE, value)
        else:
            assert shelf.libraries.set_public_read("lib1", value)

        read = shelf.libraries.read("lib1")
        assert read is not None
        assert read.public_read is value
        assert [each.public_read for each in shelf.libraries.spaces("lib1")] == [value]


def test_what_is_not_there_cannot_be_made_public(shelf: Shelf) -> None:
    before = set(shelf.redis.keys())

    assert not shelf.libraries.set_public_read("none", True)
    assert not shelf.libraries.set_space_public_read("lib1", "none", True)
    assert not shelf.libraries.set_space_public_read("none", SINGLE_SPACE, True)

    assert set(shelf.redis.keys()) == before


def test_a_deleted_space_leaves_nothing(shelf: Shelf) -> None:
    shelf.libraries.create(library("many", multi_tenant=True), secret="s")
    before = set(shelf.redis.keys())
    place = Place("many", "a")
    shelf.libraries.create_space(space("a", "many"))
    shelf.index.load(place, [picture(f"ent_{n}", f"{n}.jpg", place=place) for n in range(500)])
    for n in range(300):
        made = directory(f"ent_d{n}", f"d{n}").model_copy(update={"place": place})
        shelf.index.make_directory(made)
        shelf.index.put(picture(f"ent_in{n}", "x.jpg", parent=f"ent_d{n}", place=place))

    assert shelf.libraries.delete_space("many", "a")

    assert set(shelf.redis.keys()) == before
    assert not shelf.libraries.delete_space("many", "a")
    assert not shelf.libraries.delete_space("none", "a")


def test_a_new_space_shows_nothing_of_an_old_one_whose_deletion_was_broken_off(
    shelf: Shelf,
) -> None:
    shelf.libraries.create(library("many", multi_tenant=True), secret="s")
    place = Place("many", "a")
    shelf.libraries.create_space(space("a", "many"))
    shelf.index.put(picture("ent_1", "a.jpg", place=place))
    shelf.redis.delete("ff:space:many:a")
    shelf.redis.zrem("ff:spaces:many", "a")

    shelf.libraries.create_space(space("a", "many"))

    assert shelf.index.resolve(place, ["a.jpg"]) is None
    assert shelf.index.read(place, "ent_1") is None
