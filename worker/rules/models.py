"""The face models: which files they are, how the right ones are known, where they lie."""

import sys
from pathlib import Path
from typing import Final, NamedTuple


class Model(NamedTuple):
    """A model's file name and the SHA-256 of its bytes, in hex."""

    file: str
    sha256: str


MODELS: Final[dict[str, Model]] = {
    "full_range_sparse": Model(
        "face_detection_full_range_sparse.tflite",
        "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
    ),
}
DEFAULT_MODEL: Final = "full_range_sparse"

# One flipped byte loads without complaint, so the hash is checked when a model is fetched and
# again when a worker starts. Only this older release of the wheel carries the files.
WHEEL: Final = "mediapipe==0.10.21"
WHEEL_FOLDER: Final = "mediapipe/modules/face_detection"
FETCH_COMMAND: Final = "make setup"


def default_folder() -> Path:
    """Where set-up puts the models: inside the Python environment, outside the source tree."""
    return Path(sys.prefix) / "share" / "firstframe" / "models"


def default_path() -> Path:
    """The default model's file."""
    return default_folder() / MODELS[DEFAULT_MODEL].file
