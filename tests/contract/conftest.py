"""What the laws of several files are held over."""

from pathlib import Path

import pytest

from tests.contract.library_shelves import LIBRARIES, Shelf


@pytest.fixture(
    params=[
        pytest.param(name, marks=[pytest.mark.minio] if name == "minio" else [])
        for name in LIBRARIES
    ]
)
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    """An empty library."""
    make = LIBRARIES[request.param]
    files = tmp_path / "files"
    files.mkdir()
    return Shelf(make(request), lambda: make(request), files)
