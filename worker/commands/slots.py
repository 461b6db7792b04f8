"""Warm cover processes for the command line: one a core, each fed a source at a time."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO, NamedTuple

from worker.contracts.requests import Recipe
from worker.contracts.results import CoverResult, ErrorInfo
from worker.errors import WorkerError


class Order(NamedTuple):
    """One source to cover; `stem` names the files it makes."""

    source: str
    stem: str


class Slot:
    """One child process; `run` is called from one thread."""

    def __init__(self, recipe: Recipe, out_dir: Path) -> None:
        self._arguments = [recipe.model_dump_json(), str(out_dir)]
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: BinaryIO | None = None

    def start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "worker.commands.slot",
                    str(theirs.fileno()),
                    *self._arguments,
                ],
                pass_fds=[theirs.fileno()],
            )
        self._lines = ours.makefile("rwb")
        ours.close()

    def run(self, order: Order) -> CoverResult:
        """Cover one source; a process that dies while detecting gets one more go without faces."""
        stage, result = self._ask(order, without_faces=False)
        if result is None and stage == "detect":
            stage, result = self._ask(order, without_faces=True)
        return result or _lost(order, stage)

    def _ask(self, order: Order, *, without_faces: bool) -> tuple[str, CoverResult | None]:
        stage = "start"
        if self._process is None:
            self.start()
        try:
            self._lines.write(json.dumps([*order, without_faces]).encode() + b"\n")
            self._lines.flush()
            for line in self._lines:
                word, value = json.loads(line)
                if word == "result":
                    return stage, CoverResult.model_validate(value)
                stage = value
        except ConnectionError:
            pass  # the child is gone, as an end of its lines says too
        self.stop()
        return stage, None

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._lines.close()
        self._process = None


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
        source=order.source,
        status="failed",
        error=ErrorInfo(
            code=error.code, message=error.message, retryable=error.retryable, stage=error.stage
        ),
    )
