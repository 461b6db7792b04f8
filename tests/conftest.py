"""Fixtures nearly every test uses, and one line for each thing that was missing."""

import signal
from collections import Counter

import pytest

pytest_plugins = [
    "tests.corpus",
    "tests.fakes.running",
    "tests.fakes.smh_vendor",
    "tests.http_server",
    "tests.media",
    "tests.minio_server",
    "tests.redis_server",
    "tests.vendors",
]


def pytest_configure() -> None:
    """Let programs that tests start hear Ctrl-C: a shell starts what runs behind it deaf to it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests each missing thing cost; `-rs` lists them."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count} skipped: {reason}", yellow=True)
