"""The vendors' own clients, which tests run as programs in an environment of their own."""

from pathlib import Path
from typing import Final

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
