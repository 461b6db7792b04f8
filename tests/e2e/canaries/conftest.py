"""The counts of each scan are printed in the end, whether it found something or not."""

from typing import Final

import pytest

from tests.e2e.canaries.scanning import Scan

SCANS: Final = pytest.StashKey[dict[str, Scan]]()


@pytest.fixture
def scans(request: pytest.FixtureRequest) -> dict[str, Scan]:
    """Where a test leaves its scan to be told."""
    return request.config.stash.setdefault(SCANS, {})


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the counts."""
    for name, scan in config.stash.get(SCANS, {}).items():
        terminalreporter.section(f"planted secrets, log {name}")
        for line in scan.told():
            terminalreporter.write_line(line)
