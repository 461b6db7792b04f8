from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.contracts.libraries import First
from worker.errors import SourceError
from worker.rules.first_medium import (
    PAGE_ENTRIES,
    Listed,
    ListingPage,
    best_of,
    find_first,
    is_sorted,
)


def image(name: str, created_us: int | None = 1) -> Listed:
    return Listed(name, "image", created_us)


class Listing:
    """A directory that is listed as asked, or not; it counts what it was asked for."""

    def __init__(self, entries: Sequence[Listed], first: First = "oldest") -> None:
        self.entries = list(entries)
        self.first = first
        self.pages = 0
        self.scans = 0
        self.sorts = True
        self.tells_total = True

    def page(self, number: int) -> ListingPage:
        self.pages += 1
        shown = self.entries
        if self.sorts:
            backwards = self.first == "newest"
            shown = sorted(shown, key=lambda entry: entry.created_us or 0, reverse=backwards)
        begin = (number - 1) * PAGE_ENTRIES
        total = len(shown) if self.tells_total else None
        return ListingPage(tuple(shown[begin : begin + PAGE_ENTRIES]), total)

    def after(self, marker: str | None) -> ListingPage | None:
        self.scans += 1
        begin = int(marker or 0)
        more = str(begin + 3) if begin + 3 < len(self.entries) else None
        return ListingPage(tuple(self.entries[begin : begin + 3]), next_marker=more)

    def find(self) -> Listed | None:
        return find_first(self.page, self.after, first=self.first)


ENTRIES = st.lists(
    st.builds(
        Listed,
        st.text("abc/.", min_size=0, max_size=3),
        st.sampled_from(["image", "video", "dir", "symlink", "file"]),
        st.integers(0, 4),
        st.booleans(),
    ),
    max_size=70,
)


@given(ENTRIES, st.sampled_from(["oldest", "newest"]), st.booleans(), st.booleans())
def test_every_way_of_listing_gives_the_same_first_medium(
    entries: list[Listed], first: First, sorts: bool, tells_total: bool
) -> None:
    listing = Listing(entries, first)
    listing.sorts, listing.tells_total = sorts, tells_total
    eligible = [e for e in entries if e.is_eligible]
    times = [e.created_us or 0 for e in eligible]
    extreme = (max if first == "newest" else min)(times, default=None)
    expected = min(
        (e for e in eligible if e.created_us == extreme), key=lambda e: e.name, default=None
    )

    list_page = listing.page if sorts else lambda number: None
    found = find_first(list_page, listing.after, first=first)

    assert (found and found.name) == (expected and expected.name)


@pytest.mark.parametrize(
    ("entry", "eligible"),
    [
        pytest.param(Listed("a", "image", 1), True, id="image"),
        pytest.param(Listed("a", "video", 1), True, id="video"),
        pytest.param(Listed("a", "file", 1), False, id="file"),
        pytest.param(Listed("a", "dir", 1), False, id="directory"),
        pytest.param(Listed("a", "symlink", 1), False, id="link"),
        pytest.param(Listed("a", "virtual", 1), False, id="virtual"),
        pytest.param(Listed("a", "image", 1, removed=True), False, id="removed-by-quota"),
        pytest.param(Listed("", "image", 1), False, id="nameless"),
        pytest.param(Listed("..", "image", 1), False, id="parent"),
        pytest.param(Listed("a/b", "image", 1), False, id="name-with-slash"),
    ],
)
def test_eligible_is_what_a_cover_can_be_made_of(entry: Listed, eligible: bool) -> None:
    assert entry.is_eligible is eligible


@pytest.mark.parametrize(
    ("times", "first", "expected"),
    [
        ([], "oldest", True),
        ([1, 1, 2], "oldest", True),
        ([1, 3, 2], "oldest", False),
        ([3, 3, 1], "newest", True),
        ([1, 2], "newest", False),
    ],
)
def test_sorted_means_from_the_first_on(times: list[int], first: First, expected: bool) -> None:
    assert is_sorted(times, first) is expected


def test_one_page_is_enough_when_it_is_sorted() -> None:
    listing = Listing([image(f"{n:03}", n) for n in range(100)])

    assert listing.find() == image("000", 0)
    assert (listing.pages, listing.scans) == (1, 0)


def test_a_tie_is_followed_over_the_end_of_the_page_and_no_farther() -> None:
    entries = [image(f"{n:03}", 5) for n in range(30, 0, -1)] + [
        image(f"z{n}", 6) for n in range(99)
    ]

    listing = Listing(entries)

    assert listing.find() == image("001", 5)
    assert listing.pages == 2


@pytest.mark.parametrize(
    "breaks", [pytest.param(0, id="in-the-first-page"), pytest.param(25, id="in-a-later-page")]
)
def test_a_page_that_is_not_sorted_is_not_believed(breaks: int) -> None:
    entries = [image(f"{n:03}", 5) for n in range(60)]
    entries[breaks + 1] = image("old", 1)
    listing = Listing(entries)
    listing.sorts = False

    assert listing.find() == image("old", 1)
    assert listing.scans == 20


def test_the_first_entry_of_a_page_may_not_be_before_the_last_of_the_page_before() -> None:
    listing = Listing([*(image(f"{n:03}", 5) for n in range(PAGE_ENTRIES)), image("old", 1)])
    listing.sorts = False

    assert listing.find() == image("old", 1)


def test_directories_that_a_server_lists_all_the_same_are_sorted_apart() -> None:
    listing = Listing([Listed("d", "dir", 9), image("a", 1), image("b", 2)])
    listing.sorts = False

    assert listing.find() == image("a", 1)
    assert listing.scans == 0


def test_beyond_what_page_mode_reaches_everything_is_looked_at() -> None:
    listing = Listing([Listed(f"{n:05}", "symlink", 1) for n in range(10_000)] + [image("z", 2)])

    assert listing.find() == image("z", 2)
    assert listing.pages == 500


def test_a_medium_without_its_time_is_an_error_rather_than_a_guess() -> None:
    with pytest.raises(SourceError) as caught:
        best_of([image("a", None), image("b", 1)], "oldest")

    assert caught.value.code == "source.rejected"


def test_a_marker_that_comes_again_is_an_error() -> None:
    def after(marker: str | None) -> ListingPage:
        return ListingPage((image("a"),), next_marker={None: "1", "1": "2"}.get(marker, "1"))

    with pytest.raises(SourceError, match="circle"):
        find_first(lambda number: None, after, first="oldest")


@pytest.mark.parametrize(("losses", "found"), [(1, image("a", 0)), (2, None)])
def test_a_lost_marker_lets_the_scan_begin_anew_once(losses: int, found: Listed | None) -> None:
    listing = Listing([image("c", 2), image("b", 1), image("d", 3), image("a", 0)])
    left = [None] * losses

    def after(marker: str | None) -> ListingPage | None:
        return left.pop() if marker and left else listing.after(marker)

    if found is None:
        with pytest.raises(SourceError) as caught:
            find_first(lambda number: None, after, first="oldest")
        assert caught.value.code == "source.changed"
    else:
        assert find_first(lambda number: None, after, first="oldest") == found


def test_the_choice_does_not_depend_on_the_order_of_a_listing() -> None:
    entries = [image(name, 7) for name in "dbacé"]

    for seed in range(5):
        Random(seed).shuffle(entries)
        assert best_of(entries, "newest") == image("a", 7)
