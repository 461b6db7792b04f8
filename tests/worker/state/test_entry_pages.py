"""Pages of a directory: in the wanted order, from anywhere, and whole under writes."""

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.worker.state.shelves import CREATED_MS, PLACE, Shelf, directory, picture
from worker.contracts.libraries import ROOT, Entry
from worker.errors import RequestError
from worker.state.entry_pages import MAX_PAGE, Wanted

WANTED = st.builds(
    Wanted,
    order=st.sampled_from(["name", "creation", "modification", "size"]),
    descending=st.booleans(),
    only=st.sampled_from([None, None, "dirs", "files"]),
    union=st.booleans(),
)
NAME = st.text("aB\u00e9\u7167.\U0001f3ac", min_size=1, max_size=3)


class Drawn(NamedTuple):
    """An entry as it is drawn; few times and sizes, so that many are alike."""

    name: str
    is_dir: bool
    time: int
    size: int

    def entry(self, number: int) -> Entry:
        at_ms = CREATED_MS + self.time
        if self.is_dir:
            return directory(f"ent_{number}", self.name, at_ms=at_ms)
        return picture(f"ent_{number}", self.name, at_ms=at_ms, size=self.size)


DRAWN = st.builds(Drawn, NAME, st.booleans(), st.integers(0, 3), st.integers(0, 2))
PROPERTY = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def in_order(entries: list[Entry], wanted: Wanted) -> list[str]:
    """The names in the order that the words of `Wanted` ask for."""
    keys: dict[str, Callable[[Entry], int]] = {
        "name": lambda _: 0,
        "creation": lambda entry: entry.created_ms,
        "modification": lambda entry: entry.modified_ms,
        "size": lambda entry: entry.version.size_bytes if entry.version else 0,
    }
    key = keys[wanted.order]

    def ordered(some: Iterator[Entry]) -> list[str]:
        by_value = sorted(some, key=lambda e: (key(e), e.name.encode()), reverse=wanted.descending)
        return [entry.name for entry in by_value]

    dirs = [e for e in entries if e.kind == "dir" and wanted.only != "files"]
    files = [e for e in entries if e.kind != "dir" and wanted.only != "dirs"]
    if wanted.union:
        return ordered(iter(dirs + files))
    return ordered(iter(dirs)) + ordered(iter(files))


def emptied(shelf: Shelf) -> Shelf:
    shelf.index.clear(PLACE)
    return shelf


@PROPERTY
@given(st.lists(DRAWN, max_size=14, unique_by=lambda d: d.name), WANTED, st.integers(1, 5))
def test_any_page_is_the_part_of_the_ordered_list_that_its_offset_says(
    shelf_of_one_server: Shelf, drawn: list[Drawn], wanted: Wanted, limit: int
) -> None:
    shelf = emptied(shelf_of_one_server)
    entries = [each.entry(number) for number, each in enumerate(drawn)]
    shelf.index.load(PLACE, entries)
    ordered = in_order(entries, wanted)

    for offset in range(len(entries) + 2):
        page = shelf.index.page(PLACE, ROOT, wanted, offset=offset, limit=limit)
        assert [entry.name for entry in page.entries] == ordered[offset : offset + limit]
        assert (page.next_marker is not None) is (offset + limit < len(ordered))
        assert page.dirs == sum(each.is_dir for each in drawn)
        assert page.files == len(drawn) - page.dirs


@PROPERTY
@given(
    st.lists(DRAWN, max_size=14, unique_by=lambda d: d.name),
    st.lists(st.tuples(st.booleans(), DRAWN), max_size=40),
    WANTED,
    st.integers(1, 4),
)
def test_a_walk_by_marker_tells_once_whatever_stays_and_nothing_twice(
    shelf_of_one_server: Shelf,
    drawn: list[Drawn],
    changes: list[tuple[bool, Drawn]],
    wanted: Wanted,
    limit: int,
) -> None:
    shelf = emptied(shelf_of_one_server)
    stays = {each.name: each.entry(number) for number, each in enumerate(drawn)}
    shelf.index.load(PLACE, stays.values())
    ids, there = itertools.count(100), dict(stays)
    told: list[str] = []
    marker: str | None = None
    writes = iter(changes)
    for _ in range(len(drawn) + len(changes) + 1):
        page = shelf.index.after(PLACE, ROOT, wanted, marker=marker, limit=limit)
        told += [entry.id for entry in page.entries]
        marker = page.next_marker
        if marker is None:
            break
        for adds, each in itertools.islice(writes, 4):
            if each.name in there:
                shelf.index.remove(PLACE, there.pop(each.name).id)
                stays.pop(each.name, None)
            if adds:
                there[each.name] = each.entry(next(ids))
                shelf.index.load(PLACE, [there[each.name]])

    wanted_names = in_order(list(stays.values()), wanted)
    wanted_ids = [stays[name].id for name in wanted_names]
    assert marker is None
    assert [entry_id for entry_id in told if entry_id in wanted_ids] == wanted_ids
    assert len(told) == len(set(told))


def test_a_marker_of_a_removed_entry_goes_on_behind_it(shelf: Shelf) -> None:
    for name in "abcd":
        shelf.add(f"ent_{name}", name)
    first = shelf.index.after(PLACE, ROOT, Wanted(), marker=None, limit=2)
    shelf.index.remove(PLACE, "ent_b")
    shelf.add("ent_0", "aa")

    second = shelf.index.after(PLACE, ROOT, Wanted(), marker=first.next_marker, limit=9)

    assert [entry.name for entry in second.entries] == ["c", "d"]
    assert second.next_marker is None


@pytest.mark.parametrize(
    "marker", ["x", "AAAA", "W10", "é", "\x00", "a" * 100_000, "W1tbW1tb" * 500]
)
def test_a_marker_that_no_page_gave_is_not_found(shelf: Shelf, marker: str) -> None:
    shelf.add("ent_1", "a.jpg")

    with pytest.raises(RequestError, match=r"library\.not_found"):
        shelf.index.after(PLACE, ROOT, Wanted(), marker=marker, limit=2)


def test_a_marker_is_good_for_its_own_listing_only(shelf: Shelf) -> None:
    shelf.make("ent_d", "d")
    for name in "abc":
        shelf.add(f"ent_{name}", name)
    marker = shelf.index.after(PLACE, ROOT, Wanted(), marker=None, limit=2).next_marker
    assert marker is not None
    others = [Wanted("size"), Wanted(descending=True), Wanted(only="files"), Wanted(union=True)]

    for wanted in others:
        with pytest.raises(RequestError, match=r"library\.not_found"):
            shelf.index.after(PLACE, ROOT, wanted, marker=marker, limit=2)
    for other in (marker + "=", marker[:-1], marker.swapcase(), " " + marker):
        with pytest.raises(RequestError, match=r"library\.not_found"):
            shelf.index.after(PLACE, ROOT, Wanted(), marker=other, limit=2)
    with pytest.raises(RequestError, match=r"library\.not_found"):
        shelf.index.after(PLACE, "ent_d", Wanted(), marker=marker, limit=2)


def test_the_longest_names_have_markers(shelf: Shelf) -> None:
    for letter in "ab":
        shelf.add(f"ent_{letter}", letter + "\U0001f3ac" * 1000)
    marker = shelf.index.after(PLACE, ROOT, Wanted(), marker=None, limit=1).next_marker

    page = shelf.index.after(PLACE, ROOT, Wanted(), marker=marker, limit=1)

    assert [entry.id for entry in page.entries] == ["ent_b"]


@pytest.mark.parametrize("directory_id", ["ent_none", "ent_1", "", "ROOT"])
def test_only_a_directory_has_pages(shelf: Shelf, directory_id: str) -> None:
    shelf.add("ent_1", "a.jpg")

    with pytest.raises(RequestError, match=r"library\.not_found"):
        shelf.index.page(PLACE, directory_id, Wanted(), offset=0, limit=1)


@pytest.mark.parametrize(
    ("offset", "limit", "shown"),
    [(-1, 2, 2), (0, 0, 0), (0, -1, 0), (10**15, 5, 0), (0, 10**15, MAX_PAGE), (5, 1001, MAX_PAGE)],
)
def test_a_page_is_never_larger_than_the_most(
    shelf_of_one_server: Shelf, offset: int, limit: int, shown: int
) -> None:
    shelf = shelf_of_one_server
    shelf.index.load(PLACE, (picture(f"ent_{n}", f"{n}.jpg") for n in range(MAX_PAGE + 5)))

    for wanted in (Wanted(), Wanted(union=True), Wanted(only="files", descending=True)):
        page = shelf.index.page(PLACE, ROOT, wanted, offset=offset, limit=limit)
        assert len(page.entries) == shown
        assert page.files == MAX_PAGE + 5


class Cost(NamedTuple):
    commands: int
    bytes_out: int


def cost(shelf: Shelf, read: Callable[[], object]) -> Cost:
    """What a read makes Redis do, the commands inside its script counted, and send."""

    def spent() -> Cost:
        stats = shelf.redis.info("commandstats")
        calls = sum(row["calls"] for name, row in stats.items() if name != "cmdstat_info")
        return Cost(calls, int(shelf.redis.info("stats")["total_net_output_bytes"]))

    read()
    idle_from, idle_to = spent(), spent()
    before = spent()
    read()
    after = spent()
    told_bytes = idle_to.bytes_out - idle_from.bytes_out
    return Cost(after.commands - before.commands, after.bytes_out - before.bytes_out - told_bytes)


def test_a_directory_of_100_000_is_read_at_the_cost_of_what_is_told(
    shelf_of_one_server: Shelf,
) -> None:
    shelf, count = shelf_of_one_server, 100_000
    files = (
        picture(f"ent_{n}", f"{n:06}.jpg", at_ms=CREATED_MS + n // 7, size=n % 1000)
        for n in range(count)
    )
    shelf.index.load(PLACE, files)
    shelf.index.load(PLACE, (directory(f"ent_d{n}", f"{n:06}") for n in range(1000)))

    assert int(shelf.redis.info("memory")["used_memory"]) < 200 * 1024 * 1024
    for first in ("oldest", "newest"):
        looked = cost(
            shelf,
            lambda way=first: shelf.sights.look("lib1", "-", token=None, path=[], first=way),  # type: ignore[misc]
        )
        assert looked.commands < 20
        assert looked.bytes_out < 4_000
    for order, union, offset in itertools.product(
        ("name", "creation", "modification", "size"), (False, True), (0, 50_000, 100_850)
    ):
        wanted = Wanted(order, union=union)  # type: ignore[arg-type]
        paged = cost(
            shelf,
            lambda o=offset, w=wanted: shelf.index.page(PLACE, ROOT, w, offset=o, limit=100),  # type: ignore[misc]
        )
        assert paged.commands < 300
        assert paged.bytes_out < 100 * 1_000
    marker = shelf.index.page(PLACE, ROOT, Wanted("size"), offset=70_000, limit=100).next_marker
    after = cost(
        shelf, lambda: shelf.index.after(PLACE, ROOT, Wanted("size"), marker=marker, limit=100)
    )
    assert after.commands < 300
    assert after.bytes_out < 100 * 1_000
