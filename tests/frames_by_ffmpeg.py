"""Frames of a video as the ffmpeg program gives them, small: what ours are compared with."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from tests.missing import missing

# What is compared: colours are another matter than which frame it is.
Grey = np.ndarray[Any, np.dtype[np.float32]]


class Decoded(NamedTuple):
    """All frames in the order they are shown: times from the container's start, and pixels."""

    times_ms: list[float]
    pictures: list[Grey]

    def at(self, offset_ms: int) -> int:
        """The number of the first frame that is not before that time; past the last, the last."""
        later = [n for n, time_ms in enumerate(self.times_ms) if round(time_ms) >= offset_ms]
        return later[0] if later else len(self.times_ms) - 1


def check_ffmpeg() -> None:
    """Skip the test, or fail it, without the program."""
    if not (shutil.which("ffmpeg") and shutil.which("ffprobe")):
        missing("the ffmpeg program", "apt-get install ffmpeg")


def decoded(path: Path, width: int, height: int) -> Decoded:
    """Decode the whole video once, every frame scaled to that size."""
    told = _ffprobe(path, "frame=best_effort_timestamp_time:format=start_time")
    start_s = float(told["format"].get("start_time", 0))
    times_ms = [
        (float(frame["best_effort_timestamp_time"]) - start_s) * 1000 for frame in told["frames"]
    ]
    raw = _ffmpeg("-i", str(path), *_scaled(width, height), "-fps_mode", "passthrough")
    frames = np.frombuffer(raw, np.uint8).reshape(-1, height, width).astype(np.float32)
    assert len(frames) == len(times_ms), "ffmpeg and ffprobe see the same frames"
    return Decoded(times_ms, list(frames))


def duration_ms(path: Path) -> float:
    """How long the file says it is."""
    return float(_ffprobe(path, "format=duration")["format"]["duration"]) * 1000


def sought(path: Path, offset_ms: int, width: int, height: int) -> Grey | None:
    """The frame of an accurate seek, `ffmpeg -ss T -i FILE`; None past the last frame.

    Half a millisecond earlier, because our times are rounded to one.
    """
    seconds = f"{max(0, offset_ms - 0.5) / 1000:.4f}"
    scaled = _scaled(width, height)
    raw = _ffmpeg("-ss", seconds, "-i", str(path), *scaled, "-frames:v", "1")
    if not raw:
        return None
    return np.frombuffer(raw, np.uint8).reshape(height, width).astype(np.float32)


def grey(picture: Image.Image) -> Grey:
    return np.asarray(picture.convert("L"), np.float32)


def psnr_db(one: Grey, other: Grey) -> float:
    """How alike two pictures are; at most 99."""
    error = float(np.mean((one - other) ** 2))
    return min(99.0, 10 * float(np.log10(255**2 / max(error, 1e-9))))


def _scaled(width: int, height: int) -> list[str]:
    scale = f"scale={width}:{height}:flags=area,format=gray"
    return ["-map", "0:V:0", "-vf", scale]


def _ffmpeg(*arguments: str) -> bytes:
    command = ["ffmpeg", "-v", "error", *arguments, "-f", "rawvideo", "-"]
    return subprocess.run(command, capture_output=True, timeout=100, check=True).stdout


def _ffprobe(path: Path, entries: str) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-select_streams", "V:0", "-show_entries", entries]
    done = subprocess.run(
        [*command, "-of", "json", str(path)], capture_output=True, timeout=100, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
