"""One warm cover process of `firstframe cover`: orders in, stages and results out."""

import json
import os
import signal
import socket
import sys
from functools import partial
from io import BufferedRWPair
from pathlib import Path
from typing import Any, TypeAlias

from worker import wiring
from worker.commands.supervise import die_with_parent
from worker.contracts.requests import Recipe
from worker.errors import CoverError
from worker.jobs.cover import CoverStory, failed
from worker.rules.arguments import shown_argument
from worker.settings import Settings

Lines: TypeAlias = "BufferedRWPair[Any, Any]"


class OrderAttempt:
    """An attempt that tells the parent which stage it is in."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def enter(self, stage: str) -> None:
        say(self._lines, "stage", stage)

    def progress(self, percent: float, at_ms: int | None = None) -> None:
        say(self._lines, "progress", [percent, at_ms])


def say(lines: Lines, word: str, value: object) -> None:
    """One line to the parent."""
    lines.write(json.dumps([word, value]).encode() + b"\n")
    lines.flush()


def serve(lines: Lines, recipe: Recipe, out_dir: Path) -> None:
    """Cover sources until the parent has no more."""
    settings = Settings.read()
    story = CoverStory(*wiring.cover_parts(settings))
    for line in lines:
        source, stem, without_faces = json.loads(line)
        try:
            result = story.run(
                recipe,
                open_source=partial(wiring.open_argument, settings, source),
                destination=wiring.folder_destination(out_dir, stem),
                attempt=OrderAttempt(lines),
                without_faces=without_faces,
            )
        except CoverError as error:
            result = failed(shown_argument(source), error)
        say(lines, "result", result.model_dump(mode="json"))


def main() -> None:
    """Run on the socket whose number is the first argument."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    number, recipe, out_dir = sys.argv[1:]
    with socket.socket(fileno=int(number)) as link, link.makefile("rwb") as lines:
        serve(lines, Recipe.model_validate_json(recipe), Path(out_dir))
    os._exit(0)


if __name__ == "__main__":
    main()
