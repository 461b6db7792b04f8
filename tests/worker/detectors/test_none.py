"""Detection switched off."""

from worker.detectors.none import NoDetector
from worker.ports import View


def test_nobody_is_found_and_no_model_is_named() -> None:
    detector = NoDetector()

    assert detector.detect(View(1, 1, memoryview(bytes(3)))) == ()
    assert detector.model == "none"
