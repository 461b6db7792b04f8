"""Uploads of one file at once, repeated, overtaken: what the library has last is what is seen."""

from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from tests.library_facts import draft
from tests.worker.jobs.checksum_bench import Attempt, Bench
from tests.worker.state.shelves import PLACE
from worker.contracts.libraries import ROOT, Entry
from worker.libraries.local import LocalLibrary
from worker.state.entries import EntryIndex


@pytest.mark.parametrize("ahead_ms", [0, 5_000, 86_400_000], ids=["same", "seconds", "a day"])
def test_what_is_confirmed_last_is_seen_whatever_the_clocks_of_workers_say(
    bench: Bench, ahead_ms: int, tmp_path: Path
) -> None:
    first = bench.run(bench.sent(b"one"))
    before = bench.shelf.now(first.entry_id)
    assert before.version is not None
    at_ms = before.version.at_ms + ahead_ms
    body = tmp_path / "body"
    body.write_bytes(b"123")
    ahead = bench.library.put(PLACE, first.entry_id, body, draft(b"123", at_ms=at_ms))
    newer = before.model_copy(update={"version": ahead, "modified_ms": at_ms})
    bench.shelf.index.put(newer, instead_of=before)

    last = bench.run(bench.sent(b"last", conflict="overwrite"))

    entry = bench.shelf.now(first.entry_id)
    assert entry.version == bench.versions(first.entry_id)[0]
    assert (entry.version.id, entry.modified_ms) == (last.version_id, entry.version.at_ms)
    assert entry.version.at_ms > at_ms


def test_a_file_that_is_overwritten_is_not_listed(bench: Bench, tmp_path: Path) -> None:
    """However many versions it has."""

    class Unlisted(LocalLibrary):
        def versions(self, *args: object, **kwargs: object) -> NoReturn:
            raise AssertionError("listed")

    library = Unlisted(folder=tmp_path, public_base_url="http://a.example", link_secret=None)
    story = replace(bench.story, library=library)

    for data in (b"one", b"two", b"three"):
        sent = bench.sent(data, conflict="overwrite")
        story.keep(sent, [data], attempt=Attempt())

    assert bench.shelf.listed() == ["a.jpg"]


def test_an_attempt_that_is_repeated_undoes_no_move(bench: Bench) -> None:
    sent = bench.sent(b"one")
    first = bench.story.keep(sent, [b"one"], attempt=Attempt())
    moved = bench.shelf.index.move(PLACE, first.entry_id, parent_id=ROOT, name="b.jpg").entry
    bench.library.note(moved)

    bench.story.keep(sent, [b"one"], attempt=Attempt())

    assert bench.shelf.listed() == ["b.jpg"]
    assert [entry.name for entry in bench.library.entries(PLACE)] == ["b.jpg"]


@pytest.mark.parametrize("overwritten", [False, True])
def test_an_attempt_that_was_overtaken_undoes_no_move(bench: Bench, overwritten: bool) -> None:
    """What it noted before the move is noted as it is now."""
    sent = bench.sent(b"one")

    class Late(EntryIndex):
        """An index to which its caller comes after others were done with the same upload."""

        def put(self, entry: Entry, *, instead_of: Entry | None = None) -> Entry | None:
            if not bench.shelf.listed():
                bench.story.keep(sent, [b"one"], attempt=Attempt())
                if overwritten:
                    bench.run(bench.sent(b"two", conflict="overwrite"))
                moved = self.move(PLACE, entry.id, parent_id=ROOT, name="b.jpg").entry
                bench.library.note(moved)
                bench.library.note(entry)  # by the late one, just before it came here
            return super().put(entry, instead_of=instead_of)

    replace(bench.story, entries=Late(bench.shelf.redis)).keep(sent, [b"one"], attempt=Attempt())

    (entry,) = bench.library.entries(PLACE)
    assert entry == bench.shelf.now(entry.id).model_copy(update={"modified_ms": entry.modified_ms})
    assert (entry.name, entry.version) == ("b.jpg", bench.versions(entry.id)[0])
