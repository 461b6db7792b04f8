"""Keeps a few processes running: started in order, restarted when they die, stopped in reverse."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

import structlog

PR_SET_PDEATHSIG: Final = 1
POLL_S: Final = 0.2
STEADY_S: Final = 10.0
LONGEST_PAUSE_S: Final = 10.0

log = structlog.get_logger(__name__)
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class ProgramDiedError(Exception):
    """A program ended before everything was ready; its own output says why."""


@dataclass
class Program:
    """A program to keep running; `stop_s` is how long it may take to end after SIGTERM."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    stop_s: float = 10.0
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    asked_at: float = 0.0
    pause_s: float = field(default=0.0)

    def start(self) -> None:
        """Start it in a session of its own, so that a terminal's Ctrl-C reaches only us.

        What it prints goes to standard error: programs read what we say on standard output.
        """
        self.process = subprocess.Popen(
            self.argv,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - no thread of ours runs beside this
        )
        self.started_at = time.monotonic()

    def died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def ask_to_stop(self) -> None:
        """Send it SIGTERM."""
        self.asked_at = time.monotonic()
        if self.process is not None:
            self.process.terminate()

    def wait_for_end(self) -> None:
        """Let it end, and SIGKILL it `stop_s` after it was asked."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, self.asked_at + self.stop_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("stop.killed", program=self.name, waited_s=self.stop_s)
            self.process.kill()
            self.process.wait()


class Supervisor:
    """Runs programs until a signal asks it to stop; used from the main thread only."""

    def __init__(self) -> None:
        self.programs: list[Program] = []
        self.stopping = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)

    def _ask_to_stop(self, number: int, _frame: object) -> None:
        self.stopping = True

    def start(self, program: Program) -> None:
        self.programs.append(program)
        program.start()

    def wait_until(self, ready: Callable[[], bool], *, timeout_s: float) -> bool:
        """Wait for `ready`; False when asked to stop, or out of time.

        Raises: ProgramDiedError for a program that ends meanwhile: it cannot work as it is set.
        """
        deadline = time.monotonic() + timeout_s
        while not self.stopping and time.monotonic() < deadline:
            if ready():
                return True
            for program in self.programs:
                if program.died():
                    raise ProgramDiedError(f"{program.name} ended as soon as it was started")
            time.sleep(POLL_S)
        return False

    def run(self) -> None:
        """Watch the programs until asked to stop."""
        while not self.stopping:
            self._watch()

    def _watch(self) -> None:
        for program in self.programs:
            if program.died():
                self._restart(program)
        time.sleep(POLL_S)

    def _restart(self, program: Program) -> None:
        """Start it again; one that keeps dying waits longer each time."""
        now = time.monotonic()
        if now - program.started_at > STEADY_S + program.pause_s:
            program.pause_s = 0.0
        if now - program.started_at < program.pause_s:
            return
        status = program.process.returncode if program.process else None
        log.warning("program.died", program=program.name, status=status)
        program.pause_s = min(max(0.5, program.pause_s * 2), LONGEST_PAUSE_S)
        program.start()

    def stop(self) -> None:
        """End every program, the last started first, those with one command together."""
        for _, alike in groupby(reversed(self.programs), key=lambda program: program.argv):
            together = list(alike)
            for program in together:
                program.ask_to_stop()
            for program in together:
                program.wait_for_end()


def environment(**changes: str) -> dict[str, str]:
    """This process's environment with `changes`."""
    return {**os.environ, **changes}
