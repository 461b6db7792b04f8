"""What the bench prints, and when it has failed."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from worker.commands.bench import Found
from worker.commands.bench_memory import Weight
from worker.commands.bench_peaks import TOGETHER, Peak
from worker.commands.bench_row import Row
from worker.commands.bench_snapshots import Measured
from worker.commands.bench_tables import (
    print_rows,
    print_signing,
    print_snapshots,
    print_weights,
)

MET = Measured("tiles", "ffmpeg", "cpu_s", 1.0, 4.0, 0.25, 0.5)
MISSED = MET._replace(ratio=0.75)
SKIPPED = MET._replace(theirs_took=None, ratio=None)


def printed(tell: Callable[[Console], None]) -> list[str]:
    console = Console(file=io.StringIO(), width=140)
    tell(console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize(
    ("row", "ends_with"), [(MET, "ok"), (MISSED, "MISSED"), (SKIPPED, "skipped: install ffmpeg")]
)
def test_a_row_says_how_it_came_out(row: Measured, ends_with: str) -> None:
    lines = printed(lambda console: print_snapshots(console, [row]))

    (told,) = (line for line in lines if "tiles" in line and "<= 0.5" in line)
    assert told.rstrip(" │").endswith(ends_with)


def test_where_the_vendors_clients_are_missing_it_says_how_to_get_them() -> None:
    (told,) = (line for line in printed(lambda c: print_signing(c, [SKIPPED])) if "tiles" in line)

    assert told.rstrip(" │").endswith("skipped: make vendors")


@pytest.mark.parametrize(
    ("row", "asked", "ends_with"),
    [
        pytest.param(Row("one", 2, asked=4), "<= 4", "ok", id="at-most"),
        pytest.param(Row("one", 5, asked=4), "<= 4", "MISSED", id="too-much"),
        pytest.param(Row("one", 91, least=90), ">= 90", "ok", id="at-least"),
        pytest.param(Row("one", 89, least=90), ">= 90", "MISSED", id="too-little"),
    ],
)
def test_a_row_tells_what_it_has_to_reach(row: Row, asked: str, ends_with: str) -> None:
    (told,) = (line for line in printed(lambda c: print_rows(c, "rows", [row])) if "one" in line)

    assert asked in told
    assert told.rstrip(" │").endswith(ends_with)


def test_bytes_are_told_in_megabytes() -> None:
    row = MET._replace(figure="sent_bytes", ours_took=12_340_000.0, theirs_took=456_000_000.0)

    (told,) = (line for line in printed(lambda c: print_snapshots(c, [row])) if "tiles" in line)
    assert [part.strip() for part in told.split("│")][3:6] == ["MB sent", "456.00", "12.34"]


def test_peaks_are_told_with_what_is_asked_of_the_processes_together() -> None:
    peaks = [Peak("story", 100, 101), Peak(TOGETHER, 250, 310)]
    lines = printed(lambda c: print_weights(c, [Weight("pool child", [1.0])], [10], peaks))

    assert ["MISSED" in line for line in lines if "story" in line or TOGETHER in line] == [
        False,
        True,
    ]
    assert any("<= 300 MiB" in line for line in lines)


@pytest.mark.parametrize(
    ("peak", "reached"),
    [
        pytest.param(Peak(TOGETHER, 270, 297), True, id="within"),
        pytest.param(Peak(TOGETHER, 295, 301), False, id="much"),
        pytest.param(Peak(TOGETHER, 200, 230), False, id="growing"),
        pytest.param(Peak("story", 200, 230), True, id="one-process"),
    ],
)
def test_memory_is_bounded_and_does_not_follow_the_length(peak: Peak, reached: bool) -> None:
    assert peak.reached is reached


@pytest.mark.parametrize(
    ("found", "reached"),
    [
        pytest.param(Found(), True, id="nothing"),
        pytest.param(Found(snapshots=[MET, SKIPPED]), True, id="met"),
        pytest.param(Found(snapshots=[MET, MISSED]), False, id="snapshots"),
        pytest.param(Found(served=[Row("reads", 2, 1)]), False, id="served"),
        pytest.param(Found(signing=[MISSED]), False, id="signing"),
        pytest.param(Found(calls=[Row("calls", 5, 4)]), False, id="calls"),
        pytest.param(Found(records=[Row("records", 80, least=90)]), False, id="records"),
        pytest.param(Found(costs=[{"reached": False}]), False, id="covers"),
        pytest.param(Found(peaks=[Peak(TOGETHER, 1, 999)]), False, id="memory"),
    ],
)
def test_the_bench_fails_with_any_of_its_parts(found: Found, reached: bool) -> None:
    assert found.reached is reached
