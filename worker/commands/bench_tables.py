"""The bench's tables, as they are printed."""

from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from worker.commands.bench_memory import Weight
from worker.commands.bench_peaks import MOST_GROWTH, MOST_MIB, TOGETHER, Peak
from worker.commands.bench_row import Row
from worker.commands.bench_snapshots import Figure, Measured

_UNITS: Final[dict[Figure, tuple[str, float]]] = {
    "cpu_s": ("CPU s", 1),
    "wall_s": ("wall s", 1),
    "sent_bytes": ("MB sent", 1e6),
}
FILM: Final = "10 min of 1080p H.264, 30 frames/s, 6 Mbit/s, a key frame every 2 s"
SERVED: Final = "served from a library, album of 10,000"
CALLS: Final = "signed calls of vendors' clients, against the same process' /healthz"
RECORDS: Final = "covers recorded at a provider"
SIGNING: Final = "10,000 requests signed"
LOW_FILMS: Final = "peak MiB, 100 tiles at exact times, 1080p H.264 of 0.6 Mbit/s"


def print_costs(console: Console, costs: Sequence[dict[str, Any]]) -> None:
    """Covers against the plain way."""
    table = Table("512 px cover, CPU ms", "plain", "ours", "ratio", "asked", "")
    for cost in costs:
        table.add_row(
            cost["name"],
            f"{cost['theirs_cpu_ms']:.1f}",
            f"{cost['ours_cpu_ms']:.1f}",
            f"{cost['ratio']:.2f}",
            f">= {cost['asked']}" if cost["asked"] else "",
            _told(cost["reached"]),
        )
    console.print(table)


def print_rows(console: Console, title: str, rows: Sequence[Row]) -> None:
    """What has to stay below something, or above."""
    table = Table(title, "measured", "asked", "")
    for row in rows:
        measured = f"{row.measured:.2f}" if row.measured < 100 else f"{row.measured:.0f}"
        asked = _most(row.asked) if row.least is None else f">= {row.least:g}"
        table.add_row(row.name, measured, asked, _told(row.reached))
    console.print(table)


def print_snapshots(console: Console, rows: Sequence[Measured]) -> None:
    """Storyboards and candidates against other ways."""
    _print_measured(console, FILM, rows, missing="install ffmpeg")


def print_signing(console: Console, rows: Sequence[Measured]) -> None:
    """Signing against the vendors' own clients."""
    _print_measured(console, SIGNING, rows, missing="make vendors")


def _print_measured(
    console: Console, title: str, rows: Sequence[Measured], *, missing: str
) -> None:
    table = Table(title, "against", "", "theirs", "ours", "ratio", "asked", "")
    for row in rows:
        unit, divisor = _UNITS[row.figure]
        ours = f"{row.ours_took / divisor:.2f}"
        if row.ratio is None or row.theirs_took is None:
            told = ("", ours, "", _most(row.asked), f"skipped: {missing}")
        else:
            theirs, ratio = f"{row.theirs_took / divisor:.2f}", f"{row.ratio:.3f}"
            told = (theirs, ours, ratio, _most(row.asked), _told(row.reached))
        table.add_row(row.name, row.theirs, unit, *told)
    console.print(table)


def print_weights(
    console: Console, weights: Sequence[Weight], counts: Sequence[int], peaks: Sequence[Peak]
) -> None:
    """The memory of a slot."""
    table = Table("a slot's process", *(f"MiB after {count}" for count in counts))
    for weight in weights:
        table.add_row(weight.process, *(f"{mib:.0f}" for mib in weight.rss_mib))
    console.print(table)
    table = Table(LOW_FILMS, "10 min", "2 hours", "growth", "asked", "")
    for peak in peaks:
        asked = f"<= {MOST_MIB} MiB, <= {MOST_GROWTH}" if peak.process == TOGETHER else ""
        sizes = (f"{peak.short_mib:.0f}", f"{peak.long_mib:.0f}", f"{peak.growth:.2f}")
        table.add_row(peak.process, *sizes, asked, _told(peak.reached))
    console.print(table)


def _most(asked: float | None) -> str:
    return "" if asked is None else f"<= {asked:g}"


def _told(reached: bool) -> str:
    return "ok" if reached else "MISSED"
