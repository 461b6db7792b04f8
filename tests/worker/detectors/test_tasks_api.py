"""How MediaPipe is imported: quickly, and with its chatter dropped but nothing else."""

import subprocess
import sys


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )


def test_importing_the_detector_does_not_load_matplotlib() -> None:
    code = "import sys, worker.detectors.mediapipe; print('matplotlib' in sys.modules)"

    assert run(code).stdout == "False\n"


def test_the_drawing_modules_still_work_for_whoever_wants_them() -> None:
    code = (
        "import worker.detectors.mediapipe\n"
        "from mediapipe.tasks.python.vision import drawing_utils\n"
        "print(drawing_utils.DrawingSpec().thickness)"
    )

    assert run(code).stdout == "2\n"


def test_only_information_and_warnings_are_dropped() -> None:
    code = (
        "import os\n"
        "from worker.detectors.tasks_api import chatter_dropped\n"
        "with chatter_dropped():\n"
        "    os.write(2, b'INFO: built\\nERROR: broken\\nWARNING: sparse\\nW0000 00:1 odd\\n')\n"
        "os.write(2, b'INFO: later\\n')"
    )

    assert run(code).stderr == "ERROR: broken\nINFO: later\n"
