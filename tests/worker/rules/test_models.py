"""The models that workers read are the ones set-up fetched."""

import hashlib
import sys
from pathlib import Path

from tests.missing import missing
from worker.rules.models import DEFAULT_MODEL, FETCH_COMMAND, MODELS, default_folder, default_path


def test_models_lie_in_the_environment_and_not_in_the_source() -> None:
    assert default_folder().is_relative_to(sys.prefix)
    assert default_path().name == MODELS[DEFAULT_MODEL].file


def test_the_default_model_has_the_pinned_bytes() -> None:
    if not default_path().is_file():
        missing("the face model", FETCH_COMMAND)

    assert hashlib.sha256(default_path().read_bytes()).hexdigest() == MODELS[DEFAULT_MODEL].sha256


def test_every_pin_is_a_whole_hash_of_a_file_of_its_own() -> None:
    assert {len(bytes.fromhex(model.sha256)) for model in MODELS.values()} == {32}
    assert all(Path(model.file).name == model.file for model in MODELS.values())
    assert len({model.sha256 for model in MODELS.values()}) == len(MODELS)
