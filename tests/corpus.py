"""The media corpus that FIRSTFRAME_CORPUS names: real files and what is expected of each."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.missing import missing


class CorpusFile(NamedTuple):
    path: Path
    facts: dict[str, Any]


@pytest.fixture(scope="session")
def corpus() -> dict[str, CorpusFile]:
    """Corpus files by name (`images/face-frontal-01.jpg`)."""
    folder = os.environ.get("FIRSTFRAME_CORPUS")
    if not folder or not (Path(folder) / "manifest.json").is_file():
        missing("the media corpus", "FIRSTFRAME_CORPUS=<folder with manifest.json> make test")
    rows = json.loads((Path(folder) / "manifest.json").read_text())
    return {row["file"]: CorpusFile(Path(folder) / row["file"], row) for row in rows}
