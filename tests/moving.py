"""Frames for moving previews, and what other people's programs say of the files."""

import json
import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageSequence

from tests.missing import missing
from worker.ports import View

Pixels = npt.NDArray[np.uint8]


class Told(NamedTuple):
    """What webpmux says of an animation; `loops` 0 is for ever."""

    width: int
    height: int
    loops: int
    durations_ms: tuple[int, ...]


def view_of(pixels: Pixels) -> View:
    height_px, width_px, _ = pixels.shape
    return View(width_px, height_px, memoryview(pixels.tobytes()))


def scenes(count: int, width: int = 96, height: int = 64) -> list[Pixels]:
    """A bright bar on soft colours, in each frame at another place."""
    y, x = np.indices((height, width))
    found = []
    for number in range(count):
        pixels = np.stack([x * 2 % 256, y * 3 % 256, np.full_like(x, 90)], axis=2)
        left = number * width // count
        pixels[:, left : left + width // (count + 1)] = (250, 240, 20)
        found.append(pixels.astype(np.uint8))
    return found


def unrolled(data: bytes) -> list[tuple[Pixels, int]]:
    """The frames of a WebP or GIF and how long each is shown, by Pillow."""
    with Image.open(BytesIO(data)) as picture:
        return [
            (np.asarray(frame.convert("RGB")), int(frame.info.get("duration", 0)))
            for frame in ImageSequence.Iterator(picture)
        ]


def psnr_db(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    error = np.asarray(one, float) - np.asarray(other, float)
    return float(10 * np.log10(255**2 / max((error**2).mean(), 1e-9)))


def webp_told(path: Path) -> Told:
    """The animation as webpmux reads it, after webpinfo found no fault in it."""
    checked = _run("webpinfo", "-quiet", "-diag", str(path))
    assert "No error detected" in checked or not checked.strip(), checked
    text = _run("webpmux", "-info", str(path))
    (size,) = re.findall(r"Canvas size: (\d+) x (\d+)", text)
    (loops,) = re.findall(r"Loop Count : (\d+)", text)
    rows = re.findall(r"^ *\d+: +\d+ +\d+ +\w+ +\d+ +\d+ +(\d+)", text, re.MULTILINE)
    return Told(int(size[0]), int(size[1]), int(loops), tuple(map(int, rows)))


def probed(path: Path) -> dict[str, Any]:
    """What ffprobe says of a file after decoding all of it: `streams` and `format`."""
    text = _run(
        *("ffprobe", "-v", "error", "-of", "json", "-count_frames"),
        *("-show_streams", "-show_format", str(path)),
    )
    found: dict[str, Any] = json.loads(text)
    return found


def _run(program: str, *words: str) -> str:
    package = "ffmpeg" if program == "ffprobe" else "webp"
    if not shutil.which(program):
        missing(program, f"apt-get install -y {package}")
    done = subprocess.run([program, *words], capture_output=True, text=True, check=True)
    assert not done.stderr.strip(), done.stderr
    return done.stdout
