"""Programs that are kept running: in which order they end, and who ends together."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.commands.supervise import Program, Supervisor

STOP_S = 0.5
# Tells when it was asked to stop and when it ends, which takes a while.
PROGRAM = """
import os, signal, sys, time

def told(word):
    with open(sys.argv[1], "a") as log:
        log.write(f"{sys.argv[2]} {os.getpid()} {word}\\n")

def stop(*_):
    told("asked")
    time.sleep(float(sys.argv[3]))
    told("ends")
    sys.exit()

signal.signal(signal.SIGTERM, stop)
told("runs")
while True:
    signal.pause()
"""


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [(number, signal.getsignal(number)) for number in numbers]
    made = Supervisor()
    yield made
    made.stop()
    for number, handler in before:
        signal.signal(number, handler)


def told(log: Path) -> list[tuple[str, str]]:
    """What the programs told so far: the word and the command each."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [(word, name) for name, _, word in map(str.split, lines)]


def start(supervisor: Supervisor, log: Path, *names: str, takes_s: float, stop_s: float) -> None:
    for number, name in enumerate(names):
        argv = [sys.executable, "-c", PROGRAM, str(log), name, str(takes_s)]
        supervisor.start(Program(f"{name}-{number}", argv, dict(os.environ), stop_s=stop_s))
    assert supervisor.wait_until(lambda: len(told(log)) == len(names), timeout_s=20)


def test_programs_end_in_turn_and_those_with_one_command_together(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    names = ("redis", "worker", "worker", "worker", "chores")
    start(supervisor, log, *names, takes_s=STOP_S, stop_s=10)

    supervisor.stop()

    assert told(log)[len(names) :] == [
        ("asked", "chores"),
        ("ends", "chores"),
        *[("asked", "worker")] * 3,
        *[("ends", "worker")] * 3,
        ("asked", "redis"),
        ("ends", "redis"),
    ]


def test_programs_that_do_not_end_in_time_are_killed_together(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    start(supervisor, tmp_path / "log", *["stubborn"] * 3, takes_s=60, stop_s=2.0)

    begun_s = time.monotonic()
    supervisor.stop()

    assert 2.0 <= time.monotonic() - begun_s < 4.0
    killed = [program.process for program in supervisor.programs if program.process]
    assert [process.returncode for process in killed] == [-signal.SIGKILL] * 3
