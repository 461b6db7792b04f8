"""A detector that finds nobody because it cannot look."""

import hashlib
from pathlib import Path

import pytest

from worker.detectors.mediapipe import MediapipeDetector


@pytest.fixture
def broken_detector(tmp_path: Path) -> MediapipeDetector:
    """A detector whose model has the digest it should have and is no model."""
    path = tmp_path / "model.tflite"
    path.write_bytes(b"not a model" * 100)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return MediapipeDetector(model_path=path, model_sha256=digest)
