"""One warm process of a command: orders in, stages, progress and results out."""

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from io import BufferedRWPair
from pathlib import Path
from typing import Any, Final, TypeAlias

from pydantic import BaseModel

from worker import wiring
from worker.commands.supervise import die_with_parent
from worker.commands.works import RECIPES, failed
from worker.contracts.plans import PlanResult
from worker.contracts.requests import Request
from worker.contracts.snapshots import SnapshotRecipe
from worker.errors import CoverError
from worker.jobs.cover import CoverStory
from worker.jobs.plan import PlanStory
from worker.jobs.snapshot import SnapshotStory
from worker.ports import Attempt, Reader
from worker.rules.arguments import shown_argument
from worker.settings import Settings

Lines: TypeAlias = "BufferedRWPair[Any, Any]"
Run: TypeAlias = Callable[..., BaseModel]
PROGRESS_EVERY_S: Final = 0.1


class OrderAttempt:
    """An attempt that tells the parent which stage it is in and how far it has come."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._next_s = 0.0

    def enter(self, stage: str) -> None:
        say(self._lines, "stage", stage)

    def progress(self, percent: float, at_ms: int | None = None) -> None:
        now_s = time.monotonic()
        if now_s >= self._next_s or percent >= 100:
            self._next_s = now_s + PROGRESS_EVERY_S
            say(self._lines, "progress", [percent, at_ms])


def say(lines: Lines, word: str, value: object) -> None:
    """One line to the parent."""
    lines.write(json.dumps([word, value]).encode() + b"\n")
    lines.flush()


def serve(lines: Lines, kind: str, recipe: Request, out_dir: Path) -> None:
    """Work on sources until the parent has no more."""
    settings = Settings.read()
    run, is_long = _story(kind, settings), kind != "cover"
    for line in lines:
        source, stem, without_faces = json.loads(line)
        try:
            with wiring.folder_destination(out_dir, stem) as destination:
                result = run(
                    recipe,
                    open_source=partial(wiring.open_argument, settings, source, long=is_long),
                    destination=destination,
                    attempt=OrderAttempt(lines),
                    without_faces=without_faces,
                )
        except CoverError as error:
            result = failed(kind, shown_argument(source), error)
        say(lines, "result", result.model_dump(mode="json"))


def _story(kind: str, settings: Settings) -> Run:
    """What makes results of that kind; the stories share a decoder, a detector and encoders."""
    covers = wiring.cover_parts(settings)
    if kind == "cover":
        return CoverStory(*covers).run
    if kind == "plan":
        return partial(_forecast, PlanStory(*wiring.plan_parts(settings, covers)))
    return SnapshotStory(*wiring.snapshot_parts(settings, covers)).run


def _forecast(
    story: PlanStory,
    recipe: Request,
    *,
    open_source: Callable[[], Reader],
    attempt: Attempt,
    **_of_files: object,
) -> PlanResult:
    """Commands remember nothing, so that nothing was made before."""
    assert isinstance(recipe, SnapshotRecipe)
    return story.forecast(
        recipe, open_source=open_source, attempt=attempt, cached=lambda _fingerprint: False
    )


def main() -> None:
    """Run on the socket whose number is the first argument."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    number, kind, recipe, out_dir = sys.argv[1:]
    with socket.socket(fileno=int(number)) as link, link.makefile("rwb") as lines:
        serve(lines, kind, RECIPES[kind].model_validate_json(recipe), Path(out_dir))
    os._exit(0)


if __name__ == "__main__":
    main()
