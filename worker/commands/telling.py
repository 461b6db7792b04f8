"""How commands tell the outcome of every source: a line each, in the order of the arguments."""

import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from worker.commands.bars import Bars
from worker.commands.orders import Order
from worker.commands.slots import run_all
from worker.commands.works import Result, Work
from worker.contracts.results import CoverResult
from worker.contracts.snapshot_results import SnapshotResult


def tell_all(
    orders: Sequence[Order],
    work: Work[Result],
    line_of: Callable[[Result], str],
    *,
    title: str,
    as_json: bool,
) -> int:
    """Do the work and tell it; returns how many sources failed, whose lines are errors."""
    failures = 0
    signal.signal(signal.SIGTERM, _end)
    with (
        Bars(title, len(orders)) as bars,
        closing(run_all(orders, work, on_line=bars.line)) as results,
    ):
        for result in results:
            failed = result.status == "failed"
            failures += failed
            out = sys.stderr if failed and not as_json else sys.stdout
            with bars.aside():
                out.write((result.model_dump_json() if as_json else line_of(result)) + "\n")
                out.flush()
    return failures


def error_line(result: CoverResult | SnapshotResult) -> str | None:
    """The line of a source that failed; None where it did not."""
    error = result.error
    return f"{result.source}: {error.code}: {error.message}" if error else None


def _end(number: int, _frame: Any) -> None:
    """End as Ctrl-C does, so that what runs is stopped and tidied first."""
    raise SystemExit(128 + number)
