"""The face models are kept only when they are the pinned ones."""

from pathlib import Path

import pytest

from deploy.fetch_models import fetch, is_pinned
from tests.missing import missing
from worker.rules.models import (
    DEFAULT_MODEL,
    FETCH_COMMAND,
    MODELS,
    WHEEL_FOLDER,
    default_path,
)


@pytest.fixture
def models() -> Path:
    """The folder of the fetched models."""
    if not default_path().is_file():
        missing("the face model", FETCH_COMMAND)
    return default_path().parent


def installer(folder: Path, source: Path) -> str:
    """A program that, asked as uv is, puts the models of `source` where uv would."""
    program = folder / "uv"
    program.write_text(
        "#!/bin/sh\n"
        'while [ "$1" != --target ]; do shift; done\n'
        f'mkdir -p "$2/{WHEEL_FOLDER}" && cp "{source}"/*.tflite "$2/{WHEEL_FOLDER}/"\n'
    )
    program.chmod(0o755)
    return str(program)


def test_missing_models_are_fetched(models: Path, tmp_path: Path) -> None:
    uv = installer(tmp_path, models)

    fetch(uv, tmp_path / "models")

    assert all(is_pinned(tmp_path / "models" / m.file, m) for m in MODELS.values())


def test_one_altered_byte_is_fetched_again(models: Path, tmp_path: Path) -> None:
    model = MODELS[DEFAULT_MODEL]
    data = bytearray((models / model.file).read_bytes())
    data[1000] ^= 1
    (tmp_path / model.file).write_bytes(data)
    assert not is_pinned(tmp_path / model.file, model)

    fetch(installer(tmp_path, models), tmp_path)

    assert is_pinned(tmp_path / model.file, model)


def test_a_model_that_is_not_the_pinned_one_is_not_kept(tmp_path: Path) -> None:
    for model in MODELS.values():
        (tmp_path / model.file).write_bytes(b"something else")
    uv = installer(tmp_path, tmp_path)

    with pytest.raises(SystemExit, match="is not the pinned file"):
        fetch(uv, tmp_path / "models")

    assert list((tmp_path / "models").iterdir()) == []


def test_models_that_are_there_need_no_program(models: Path) -> None:
    fetch("/there/is/no/uv", models)
