"""Warm processes for the command line: one a core, each fed a source at a time."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, Generic

from worker.commands.orders import Order
from worker.commands.works import Result, Work
from worker.errors import WorkerError
from worker.rules.arguments import shown_argument
from worker.rules.keys import unfinished_name

CHILD: Final = "worker.commands.slot"
_ASKS_TO_END: Final = (signal.SIGINT, signal.SIGTERM)

OnLine = Callable[[Order, str, Any], None]


class Child:
    """A started process and the line to it."""

    def __init__(self, work: Work[Any]) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            number = theirs.fileno()
            kind, recipe, folder = work
            self._process = subprocess.Popen(
                [sys.executable, "-m", CHILD, str(number), kind, recipe.model_dump_json(), folder],
                pass_fds=[number],
            )
            self._lines = ours.makefile("rwb")

    def tell(self, order: Order, *, without_faces: bool) -> None:
        self._lines.write(json.dumps([*order, without_faces]).encode() + b"\n")
        self._lines.flush()

    def answers(self) -> Iterator[tuple[str, Any]]:
        """(`stage`, its name), (`progress`, [percent, at_ms]) and (`result`, its JSON).

        Ends when the process does.
        """
        for line in self._lines:
            word, value = json.loads(line)
            yield word, value

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self.kill()
        self._lines.close()


class Slot(Generic[Result]):
    """A place for one child process, started when first needed; used from one thread at a time.

    Only `end` may be called from another thread.
    """

    def __init__(self, work: Work[Result], on_line: OnLine) -> None:
        self._work, self._on_line = work, on_line
        self._child: Child | None = None
        self._is_over = False
        self._changing = threading.Lock()

    def run(self, order: Order) -> Result:
        """Do one source; a process that dies while detecting gets one more go without faces."""
        stage, result = self._ask(order, without_faces=False)
        if result is None and stage == "detect":
            stage, result = self._ask(order, without_faces=True)
        if result is None:
            result = self._lost(order, stage)
            self._on_line(order, "result", None)
        return result

    def _ask(self, order: Order, *, without_faces: bool) -> tuple[str, Result | None]:
        stage = "start"
        child = self._started()
        if child is None:
            return stage, None
        # The end of the child shows as a broken connection or as the end of its lines.
        with suppress(ConnectionError):
            child.tell(order, without_faces=without_faces)
            for word, value in child.answers():
                self._on_line(order, word, value)
                if word == "result":
                    return stage, self._work.result(value)
                if word == "stage":
                    stage = value
        self.close()
        _sweep(order, self._work.folder)
        return stage, None

    def _started(self) -> Child | None:
        with self._changing:
            if self._child is None and not self._is_over:
                self._child = Child(self._work)
            return self._child

    def end(self) -> None:
        """Kill the process, and start none again."""
        with self._changing:
            self._is_over = True
            if self._child is not None:
                self._child.kill()

    def close(self) -> None:
        with self._changing:
            if self._child is not None:
                self._child.close()
                self._child = None

    def _lost(self, order: Order, stage: str) -> Result:
        error = WorkerError("worker.lost", f"the process died in stage {stage!r}", stage=stage)
        return self._work.failed(shown_argument(order.source), error)


def run_all(
    orders: Sequence[Order], work: Work[Result], *, on_line: OnLine
) -> Generator[Result, None, None]:
    """Results in the order of `orders`, made by as many processes as there are cores to use.

    `on_line` is told, from other threads, which stage a source is in and how far it has come.
    """
    slots: SimpleQueue[Slot[Result]] = SimpleQueue()
    count = min(len(os.sched_getaffinity(0)), len(orders))
    everyone = [Slot(work, on_line) for _ in range(count)]
    for slot in everyone:
        slots.put(slot)

    def run(order: Order) -> Result:
        slot = slots.get()
        try:
            return slot.run(order)
        finally:
            slots.put(slot)

    pool = ThreadPoolExecutor(count)
    try:
        yield from pool.map(run, orders)
    finally:
        with _undisturbed():
            for slot in everyone:
                slot.end()
            pool.shutdown(cancel_futures=True)
            for slot in everyone:
                slot.close()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No second Ctrl-C while processes end: it would leave some behind."""
    before = [(number, signal.signal(number, signal.SIG_IGN)) for number in _ASKS_TO_END]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _sweep(order: Order, folder: Path) -> None:
    """Remove what a process that died had made of the source so far."""
    shutil.rmtree(folder / unfinished_name(order.stem), ignore_errors=True)
