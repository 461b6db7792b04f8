"""`firstframe bench`: covers, serving, storyboards, vendors' calls, records, a slot's memory."""

import json as json_text
import os
import sys
import tempfile
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final, NamedTuple

import typer
from rich.console import Console
from rich.progress import Progress

from worker.commands.bench_calls import call_rows
from worker.commands.bench_costs import Comparison, comparisons
from worker.commands.bench_films import bench_films
from worker.commands.bench_media import bench_media
from worker.commands.bench_memory import Weight, weigh_slot
from worker.commands.bench_peaks import Peak, peaks
from worker.commands.bench_records import record_rows
from worker.commands.bench_row import Row
from worker.commands.bench_served import served_rows
from worker.commands.bench_signing import signing_rows
from worker.commands.bench_snapshots import Measured, snapshot_rows
from worker.commands.bench_tables import (
    CALLS,
    RECORDS,
    SERVED,
    print_costs,
    print_rows,
    print_signing,
    print_snapshots,
    print_weights,
)
from worker.settings import Settings

WARM_UP_ROUNDS: Final = 2
CALLS_A_ROUND: Final = 1000
COVERS: Final = (10, 200)


class Part(StrEnum):
    """What the bench measures."""

    COVERS = "covers"
    SERVING = "serving"
    SNAPSHOTS = "snapshots"
    SIGNING = "signing"
    CALLS = "calls"
    RECORDS = "records"
    MEMORY = "memory"


class Found(NamedTuple):
    """What was measured; None is a part that was not asked for."""

    costs: list[dict[str, Any]] | None = None
    served: list[Row] | None = None
    snapshots: list[Measured] | None = None
    signing: list[Measured] | None = None
    calls: list[Row] | None = None
    records: list[Row] | None = None
    weights: list[Weight] | None = None
    peaks: list[Peak] | None = None

    @property
    def reached(self) -> bool:
        """Whether all that is asked was reached."""
        costs, kept = self.costs or (), (self.served, self.calls, self.records)
        rows = [row.reached for rows in kept for row in rows or ()]
        compared = [*(self.snapshots or ()), *(self.signing or ()), *(self.peaks or ())]
        rows += [row.reached for row in compared]
        return all(cost["reached"] for cost in costs) and all(rows)


def bench(
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object instead of tables.")
    ] = False,
    rounds: Annotated[int, typer.Option(min=3, help="Counted rounds of each comparison.")] = 9,
    film_rounds: Annotated[
        int, typer.Option(min=1, help="The same where films are read: minutes each.")
    ] = 3,
    only: Annotated[
        list[Part] | None, typer.Option(help="This part alone; may be given several times.")
    ] = None,
) -> None:
    """Measure covers against the plain way, interleaved in one run, what is served from libraries
    against the bare framework, vendors' calls against one that does nothing, storyboards against
    the ffmpeg program, signing against the vendors' own clients, how fast covers are recorded, and
    the memory of a slot.

    Exit status: 0 if everything that is asked was reached, else 1.
    """
    Settings.read()
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="firstframe-bench-") as folder:
        found = _measured(set(only or Part), Path(folder), (rounds, film_rounds), console)
    if json:
        sys.stdout.write(json_text.dumps(_told(found)) + "\n")
    else:
        _print(found)
    sys.stdout.flush()
    # Left without closing the face detector, which would look a host name up.
    os._exit(0 if found.reached else 1)


def _measured(parts: set[Part], folder: Path, rounds: tuple[int, int], console: Console) -> Found:
    media, found = bench_media(), Found()
    if Part.COVERS in parts:
        costs = _compare(comparisons(media, folder), rounds[0], console)
        found = found._replace(costs=costs)
    if Part.SERVING in parts:
        console.print("serving an album ...")
        found = found._replace(served=served_rows(media.clip, folder, rounds[0]))
    if parts & {Part.SIGNING, Part.CALLS, Part.RECORDS}:
        found = _of_vendors(parts, found, folder, rounds[0], console)
    if parts & {Part.SNAPSHOTS, Part.MEMORY}:
        console.print("having films of 10 minutes and 2 hours ...")
        films = bench_films()
    if Part.SNAPSHOTS in parts:
        console.print("making storyboards ...")
        found = found._replace(snapshots=snapshot_rows(films.clip, folder, rounds[1], console))
    if Part.MEMORY in parts:
        console.print("weighing a slot ...")
        weights = weigh_slot(media.clip, folder, COVERS)
        found = found._replace(weights=weights, peaks=peaks(films, folder))
    return found


def _of_vendors(
    parts: set[Part], found: Found, folder: Path, rounds: int, console: Console
) -> Found:
    clip = bench_media().clip
    if Part.SIGNING in parts:
        console.print("signing requests ...")
        found = found._replace(signing=signing_rows(rounds))
    if Part.CALLS in parts:
        console.print("serving calls of vendors' clients ...")
        found = found._replace(calls=call_rows(clip, folder, rounds, CALLS_A_ROUND))
    if Part.RECORDS in parts:
        console.print("recording covers ...")
        found = found._replace(records=record_rows(clip, folder, rounds))
    return found


def _told(found: Found) -> dict[str, list[dict[str, Any]]]:
    """As JSON, without the parts that were not asked for."""
    told = {
        "costs": found.costs,
        "served": _with_reached(found.served),
        "snapshots": _with_reached(found.snapshots),
        "signing": _with_reached(found.signing),
        "calls": _with_reached(found.calls),
        "records": _with_reached(found.records),
        "weights": None if found.weights is None else [w._asdict() for w in found.weights],
        "peaks": _with_reached(found.peaks),
    }
    return {name: rows for name, rows in told.items() if rows is not None}


def _with_reached(
    rows: Sequence[Row | Measured | Peak] | None,
) -> list[dict[str, Any]] | None:
    return None if rows is None else [{**row._asdict(), "reached": row.reached} for row in rows]


def _compare(rows: list[Comparison], rounds: int, console: Console) -> list[dict[str, Any]]:
    """Every row in every round, theirs and ours in turn; medians of the CPU times and ratios."""
    taken: dict[str, list[tuple[float, float]]] = {row.name: [] for row in rows}
    with Progress(console=console, disable=not console.is_terminal) as progress:
        for number in progress.track(range(WARM_UP_ROUNDS + rounds), description="rounds"):
            for row in rows:
                pair = row.theirs(), row.ours()
                if number >= WARM_UP_ROUNDS:
                    taken[row.name].append(pair)
    return [_cost(row, taken[row.name]) for row in rows]


def _cost(row: Comparison, pairs: list[tuple[float, float]]) -> dict[str, Any]:
    ratio = median(theirs / ours for theirs, ours in pairs)
    return {
        "name": row.name,
        "theirs_cpu_ms": round(median(theirs for theirs, _ in pairs), 1),
        "ours_cpu_ms": round(median(ours for _, ours in pairs), 1),
        "ratio": round(ratio, 2),
        "asked": row.asked,
        "reached": row.asked is None or ratio >= row.asked,
    }


def _print(found: Found) -> None:
    console = Console(file=sys.stdout, width=120)
    if found.costs:
        print_costs(console, found.costs)
    for title, rows in ((SERVED, found.served), (CALLS, found.calls), (RECORDS, found.records)):
        if rows:
            print_rows(console, title, rows)
    if found.snapshots:
        print_snapshots(console, found.snapshots)
    if found.signing:
        print_signing(console, found.signing)
    if found.weights and found.peaks:
        print_weights(console, found.weights, COVERS, found.peaks)
