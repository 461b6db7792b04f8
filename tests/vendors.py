"""The vendors' own clients, which tests run as programs in an environment of their own."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from tests.architecture.house import ROOT
from tests.missing import missing

ENVIRONMENT: Final = ROOT / ".vendors"


@pytest.fixture(scope="session")
def vendors_python() -> Path:
    """The Python that can import the clients; nothing of ours and no pytest is installed there."""
    if not (ENVIRONMENT / ".firstframe-setup").is_file():
        missing("the vendors' own clients", "make vendors")
    return ENVIRONMENT / "bin" / "python"


class Clients:
    """A program over a vendor's clients: a line of JSON for each that it is sent, until its end.

    It stays, for what takes long about the clients is to import them.
    """

    def __init__(self, python: Path, program: Path, errors: Path) -> None:
        self._errors = errors
        with errors.open("w") as stderr:
            self._process = subprocess.Popen(
                [python, "-I", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )

    def ask(self, told: dict[str, Any]) -> list[dict[str, Any]]:
        """What the clients make of the answers to some calls, or of their exceptions."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, self._errors.read_text()
        outcomes: list[dict[str, Any]] = json.loads(line)
        return outcomes

    def close(self) -> None:
        """End the program, which goes with its input."""
        self._process.communicate(timeout=20)


@pytest.fixture(scope="session")
def vendors_clients(
    vendors_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Clients]]:
    """The program of that name among `tests/vendor_clients`, started once for all tests."""
    started: dict[str, Clients] = {}
    with ExitStack() as ending:

        def clients(name: str) -> Clients:
            if name not in started:
                errors = tmp_path_factory.mktemp("vendors") / f"{name}.txt"
                program = ROOT / "tests" / "vendor_clients" / f"{name}.py"
                started[name] = Clients(vendors_python, program, errors)
                ending.callback(started[name].close)
            return started[name]

        yield clients
