"""Media for the bench: a camera-like 1080p clip and a 12 MP photo, kept in a cache folder."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from worker.commands.demo_media import portrait

FOLDER: Final = "bench-2"
# A photo of 2.7 MB, as 12 MP cameras write them; its weight decides what decoding costs at least.
PHOTO_NOISE: Final = 3.25
BIT_RATE: Final = 16_000_000
FRAMES: Final = 30


class BenchMedia(NamedTuple):
    clip: Path
    photo: Path


def bench_media() -> BenchMedia:
    """The files, made now if they are not in the cache folder yet."""
    folder = cache_folder(FOLDER)
    media = BenchMedia(folder / "h264-1080p.mp4", folder / "photo-12mp.jpg")
    make(media.clip, _write_clip)
    make(media.photo, _write_photo)
    return media


def cache_folder(name: str) -> Path:
    """A folder in `${XDG_CACHE_HOME:-~/.cache}/firstframe`."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "firstframe" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def make(path: Path, write: Callable[[Path], None]) -> None:
    """Have a file written unless it is there; it appears when it is whole."""
    if path.exists():
        return
    unfinished = path.with_name(f"{os.getpid()}-{path.name}")
    write(unfinished)
    unfinished.replace(path)


def _noisy(width: int, height: int, deviation: float, seed: int) -> Any:
    """The portrait filling the picture, with a sensor's noise on it, as an RGB array."""
    import numpy as np
    from PIL import ImageOps

    picture = ImageOps.fit(portrait(), (width, height), centering=(0.5, 0.2))
    noise = np.random.default_rng(seed).normal(0, deviation, (height, width, 1))
    return np.clip(np.asarray(picture, np.float32) + noise, 0, 255).astype(np.uint8)


def _write_photo(path: Path) -> None:
    from PIL import Image

    Image.fromarray(_noisy(4000, 3000, PHOTO_NOISE, seed=1)).save(path, quality=92)


def _write_clip(path: Path) -> None:
    import av

    with av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "profile": "high", "g": "60"}
        stream: Any = container.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        stream.bit_rate = BIT_RATE
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(_noisy(1920, 1080, 6, seed=number), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
