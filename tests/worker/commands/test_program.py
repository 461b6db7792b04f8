"""The program as a whole: what it lists, and what it refuses by name."""

import subprocess
import sys

import pytest

from worker.commands.program import UNBUILT


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "worker.commands", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_help_lists_every_command_that_works() -> None:
    told = run("--help").stdout

    for name in ("cover", "snapshots", "up", "demo", "worker", "api", "chores", "bench", "smh"):
        assert f"\n  {name} " in told
    assert not [name for name in UNBUILT if f"\n  {name} " in told]


@pytest.mark.parametrize("arguments", [["jobs", "list", "--json"], ["load", "--help"]])
def test_a_promised_command_that_is_not_built_is_refused_by_name(arguments: list[str]) -> None:
    done = run(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"request.not_available: this build has no command '{arguments[0]}'" in done.stderr


def test_a_command_nobody_promised_is_no_command() -> None:
    done = run("fly")

    assert done.returncode == 2
    assert "No such command" in done.stderr
