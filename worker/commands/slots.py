"""Warm cover processes for the command line: one a core, each fed a source at a time."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, NamedTuple

from worker.contracts.requests import Recipe
from worker.contracts.results import CoverResult, ErrorInfo
from worker.errors import WorkerError
from worker.rules.arguments import shown_argument

CHILD: Final = "worker.commands.slot"


class Order(NamedTuple):
    """One source to cover; `stem` names the files it makes."""

    source: str
    stem: str


class Child:
    """A started cover process and the line to it."""

    def __init__(self, recipe: Recipe, out_dir: Path) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-m", CHILD, str(number), recipe.model_dump_json(), str(out_dir)],
                pass_fds=[number],
            )
            self._lines = ours.makefile("rwb")

    def tell(self, order: Order, *, without_faces: bool) -> None:
        self._lines.write(json.dumps([*order, without_faces]).encode() + b"\n")
        self._lines.flush()

    def answers(self) -> Iterator[tuple[str, Any]]:
        """(`stage`, its name) and (`result`, its JSON); ends when the process does."""
        for line in self._lines:
            word, value = json.loads(line)
            yield word, value

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._lines.close()


class Slot:
    """A place for one child process, started when first needed; used from one thread at a time."""

    def __init__(self, recipe: Recipe, out_dir: Path) -> None:
        self._make = partial(Child, recipe, out_dir)
        self._child: Child | None = None

    def run(self, order: Order) -> CoverResult:
        """Cover one source; a process that dies while detecting gets one more go without faces."""
        stage, result = self._ask(order, without_faces=False)
        if result is None and stage == "detect":
            stage, result = self._ask(order, without_faces=True)
        return result or _lost(order, stage)

    def _ask(self, order: Order, *, without_faces: bool) -> tuple[str, CoverResult | None]:
        child = self._child = self._child or self._make()
        stage = "start"
        # The end of the child shows as a broken connection or as the end of its lines.
        with suppress(ConnectionError):
            child.tell(order, without_faces=without_faces)
            for word, value in child.answers():
                if word == "result":
                    return stage, CoverResult.model_validate(value)
                if word == "stage":
                    stage = value
        self.stop()
        return stage, None

    def stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None


def cover_all(orders: Sequence[Order], recipe: Recipe, out_dir: Path) -> Iterator[CoverResult]:
    """Results in the order of `orders`, made by as many processes as there are cores to use."""
    slots: SimpleQueue[Slot] = SimpleQueue()
    count = min(len(os.sched_getaffinity(0)), len(orders))
    everyone = [Slot(recipe, out_dir) for _ in range(count)]
    for slot in everyone:
        slots.put(slot)

    def run(order: Order) -> CoverResult:
        slot = slots.get()
        try:
            return slot.run(order)
        finally:
            slots.put(slot)

    pool = ThreadPoolExecutor(count)
    try:
        yield from pool.map(run, orders)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for slot in everyone:
            slot.stop()


def _lost(order: Order, stage: str) -> CoverResult:
    error = WorkerError("worker.lost", f"the process died in stage {stage!r}", stage=stage)
    return CoverResult(
        source=shown_argument(order.source),
        status="failed",
        error=ErrorInfo(**error.facts()),
    )
