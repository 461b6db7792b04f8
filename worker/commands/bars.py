"""How far a command has come, on standard error, only where that is a terminal that redraws."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock
from types import TracebackType
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from worker.commands.orders import Order
from worker.rules.arguments import shown_argument

_NAME_CHARACTERS: Final = 40


class Bars:
    """A bar over all sources, and one for each that is being worked on."""

    def __init__(self, title: str, sources: int) -> None:
        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
            TimeRemainingColumn(),
        )
        # Standard output stays what it is: by itself rich would turn it to standard error.
        self._progress = Progress(
            *columns,
            console=console,
            disable=not console.is_interactive,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._sources, self._done = sources, 0
        self._all = self._progress.add_task(title, total=sources, told=f"0/{sources}")
        self._running: dict[Order, TaskID] = {}
        self._changing = Lock()

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Off the terminal, while a line is written that may go to the same one."""
        self._progress.stop()
        yield
        self._progress.start()

    def line(self, order: Order, word: str, value: Any) -> None:
        """What a process said of its source: a stage, a progress, or that it is done."""
        with self._changing:
            bar = self._running.get(order)
            if bar is None:
                bar = self._progress.add_task(_name(order), total=100, told="")
                self._running[order] = bar
            if word == "stage":
                self._progress.update(bar, told=value)
            elif word == "progress":
                percent, at_ms = value
                self._progress.update(bar, completed=percent, told=_told(percent, at_ms))
            elif word == "result":
                self._progress.remove_task(self._running.pop(order))
                self._done += 1
                told = f"{self._done}/{self._sources}"
                self._progress.update(self._all, completed=self._done, told=told)


def _name(order: Order) -> str:
    name = shown_argument(order.source)
    short = name if len(name) <= _NAME_CHARACTERS else "…" + name[1 - _NAME_CHARACTERS :]
    return escape(short)


def _told(percent: float, at_ms: int | None) -> str:
    at = "" if at_ms is None else f" at {timedelta(seconds=at_ms // 1000)}"
    return f"{percent:.0f} %{at}"
