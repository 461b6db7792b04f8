"""`firstframe bench`: covers and their serving against the plain way, and the weight of a slot."""

import json as json_text
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from worker.commands.bench_costs import Comparison, comparisons
from worker.commands.bench_media import bench_media
from worker.commands.bench_memory import Weight, weigh_slot
from worker.commands.bench_row import Row
from worker.commands.bench_served import served_rows
from worker.settings import Settings

WARM_UP_ROUNDS: Final = 2
COVERS: Final = (10, 200)


def bench(
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object instead of tables.")
    ] = False,
    rounds: Annotated[int, typer.Option(min=3, help="Counted rounds of each comparison.")] = 9,
) -> None:
    """Measure covers against the plain way, interleaved in one run, what is served from libraries
    against the bare framework, and the memory of a slot.

    Exit status: 0 if everything that is asked was reached, else 1.
    """
    Settings.read()
    console = Console(stderr=True)
    media = bench_media()
    with tempfile.TemporaryDirectory(prefix="firstframe-bench-") as folder:
        costs = _compare(comparisons(media, Path(folder)), rounds, console)
        console.print("serving an album ...")
        served = served_rows(media.clip, Path(folder), rounds)
        console.print("weighing a slot ...")
        weights = weigh_slot(media.clip, Path(folder), COVERS)
    if json:
        sys.stdout.write(json_text.dumps(_told(costs, served, weights)) + "\n")
    else:
        _print(costs, served, weights)
    sys.stdout.flush()
    reached = all(cost["reached"] for cost in costs) and all(row.reached for row in served)
    # Left without closing the face detector, which would look a host name up.
    os._exit(0 if reached else 1)


def _told(
    costs: list[dict[str, Any]], served: list[Row], weights: list[Weight]
) -> dict[str, list[dict[str, Any]]]:
    return {
        "costs": costs,
        "served": [{**row._asdict(), "reached": row.reached} for row in served],
        "weights": [weight._asdict() for weight in weights],
    }


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


def _print(costs: list[dict[str, Any]], served: list[Row], weights: list[Weight]) -> None:
    console = Console(file=sys.stdout, width=100)
    table = Table("512 px cover, CPU ms", "plain", "ours", "ratio", "asked", "")
    for cost in costs:
        table.add_row(
            cost["name"],
            f"{cost['theirs_cpu_ms']:.1f}",
            f"{cost['ours_cpu_ms']:.1f}",
            f"{cost['ratio']:.2f}",
            f">= {cost['asked']}" if cost["asked"] else "",
            "ok" if cost["reached"] else "MISSED",
        )
    console.print(table)
    table = Table("served from a library, album of 10,000", "measured", "asked", "")
    for row in served:
        asked = "" if row.asked is None else f"<= {row.asked:g}"
        told = f"{row.measured:.2f}" if row.measured < 100 else f"{row.measured:.0f}"
        table.add_row(row.name, told, asked, "ok" if row.reached else "MISSED")
    console.print(table)
    table = Table("a slot's process", *(f"MiB after {count}" for count in COVERS))
    for weight in weights:
        table.add_row(weight.process, *(f"{mib:.0f}" for mib in weight.rss_mib))
    console.print(table)
