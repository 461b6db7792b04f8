"""`firstframe records reconcile`: what the ledger says stands, and what providers show."""

import json as json_module
import sys
from collections import Counter
from contextlib import closing
from typing import Annotated, Final, get_args

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from worker.chores.records import Wanted, counted, found
from worker.commands import ledger_parts as parts
from worker.commands.lists import AsJson, tell
from worker.contracts.records import Finding
from worker.contracts.targets import ProviderName
from worker.settings import Settings
from worker.wiring import State
from worker.wiring.recording import Recorders

COMMAND: Final = "records reconcile"
# What is counted, in the order that is told. Nobody can say what the last three show.
WORDS: Final = {
    "agrees": "agree",
    "mended": "recorded again",
    "drifted": "drifted",
    "gone": "gone",
    "unreachable": "not reached",
    "unreadable": "not readable",
    "busy": "being recorded",
}


def reconcile(
    provider: Annotated[str | None, typer.Option(help="Only at this provider.")] = None,
    profile: Annotated[str | None, typer.Option(help="Only of this profile.")] = None,
    mend: Annotated[
        bool, typer.Option("--mend", help="Record covers again that are not shown any more.")
    ] = False,
    last: Annotated[
        bool, typer.Option("--last", help="Only tell what the chores found the last time.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell all that agree, too.")] = (
        False
    ),
    json: AsJson = False,
) -> None:
    """Read back from providers what was recorded there, and tell where another cover is shown.

    Reads take their turns among those of live work. With `--mend` a cover that is not shown any
    more is recorded again in its old place: a newer one still wins.
    Exit status: 0 all that could be read agree or are recorded again, 1 some show another cover or
    were not reached.
    """
    parts.check_word(COMMAND, "--provider", provider, get_args(ProviderName))
    settings = Settings.read()
    with parts.opened(COMMAND, settings) as state:
        if last:
            _tell_last(state, as_json=json)
            return
        wanted, counts = Wanted(provider, profile, mend), Counter[str]()
        with closing(Recorders(settings, state)) as recorders, _progress() as progress:
            task = progress.add_task("targets", total=None)
            for finding in found(state, recorders, wanted):
                counts.update(counted(finding))
                progress.advance(task)
                _tell(finding, progress, as_json=json, verbose=verbose)
    if not json:
        tell(_summary(counts))
    if counts["drifted"] or counts["unreachable"]:
        raise typer.Exit(1)


def _tell(finding: Finding, progress: Progress, *, as_json: bool, verbose: bool) -> None:
    if not (as_json or verbose or finding.verdict in {"drifted", "gone", "unreachable"}):
        return
    progress.stop()
    tell(finding.model_dump_json() if as_json else _line(finding))
    sys.stdout.flush()
    progress.start()


def _line(finding: Finding) -> str:
    word = "mended" if finding.mended else finding.verdict
    told = f"{word:<12}{finding.account}  {finding.target}  {finding.tenant}/{finding.record}"
    if finding.verdict == "drifted":
        return f"{told}  shows {finding.shown or 'none'}"
    return f"{told}  {finding.code}" if finding.code else told


def _summary(counts: Counter[str]) -> str:
    told = ", ".join(f"{counts[each]} {word}" for each, word in WORDS.items() if counts[each])
    targets = "1 target" if counts.total() == 1 else f"{counts.total()} targets"
    return f"{targets}: {told}" if counts else "nothing stands at any target that was named"


def _tell_last(state: State, *, as_json: bool) -> None:
    """What the chores noted; ends the program with 1 where there was no run yet."""
    run = state.reconciliations.last()
    if run is None:
        parts.fail(COMMAND, "the chores have not looked yet (records.reconcile_every_s)")
    if as_json:
        times = {"began_at": run.began_at.isoformat(), "ended_at": run.ended_at.isoformat()}
        tell(json_module.dumps({**times, "counts": run.counts}))
        return
    between = f"{parts.moment(run.began_at)} to {parts.moment(run.ended_at)}"
    tell(f"{between}: {_summary(Counter(run.counts))}")


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:.0f}"),
        TimeElapsedColumn(),
    )
    return Progress(
        *columns,
        console=console,
        disable=not console.is_interactive,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
