"""Clips whose frames tell their number in a bar code, read back from any picture of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

BARS = 10
RATE = 10
STEP_MS = 1000 // RATE


@dataclass(frozen=True)
class Counting:
    """A clip of `frames`, ten a second unless `times_ms` tells when each is shown.

    `width` and `height` are those of the upright picture; `gop` is how far key frames are apart.
    Frames whose number is in `alike` look as the first does, but for the bar code at the top.
    """

    frames: int = 100
    width: int = 320
    height: int = 180
    gop: int = 10
    rotation_cw: int = 0
    pixel_aspect: Fraction = Fraction(1)
    times_ms: Sequence[int] | None = None
    container: str = "mp4"
    scenes: int = 1


def counting_clip(path: Path, clip: Counting) -> Path:
    """Write the clip."""
    muxer = {"mkv": "matroska", "ts": "mpegts"}.get(clip.container, clip.container)
    turned = clip.rotation_cw in {90, 270}
    width, height = (clip.height, clip.width) if turned else (clip.width, clip.height)
    with av.open(str(path), "w", format=muxer) as container:
        stream: Any = container.add_stream(
            "libx264",
            rate=RATE,
            options={"g": str(clip.gop), "bf": "0", "preset": "ultrafast", "sc_threshold": "0"},
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.sample_aspect_ratio = clip.pixel_aspect
        if clip.rotation_cw:
            stream.set_display_rotation(-clip.rotation_cw)
        for frame in (*_frames(clip), None):
            for packet in stream.encode(frame):
                container.mux(packet)
    return path


def _frames(clip: Counting) -> Iterator[av.VideoFrame]:
    for number in range(clip.frames):
        pixels = np.rot90(_picture(clip, number), clip.rotation_cw // 90)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame.pts = clip.times_ms[number] if clip.times_ms else number * STEP_MS
        frame.time_base = Fraction(1, 1000)
        yield frame


def _picture(clip: Counting, number: int) -> Any:
    """Bars over the upper half, the lowest bit at the left; below, a pattern of the scene."""
    pixels = np.full((clip.height, clip.width, 3), 96, np.uint8)
    half = clip.height // 2
    for bit in range(BARS):
        left, right = bit * clip.width // BARS, (bit + 1) * clip.width // BARS
        pixels[:half, left:right] = 235 if number >> bit & 1 else 16
    scene = number * clip.scenes // clip.frames
    noise = np.random.default_rng(scene).integers(20, 236, (4, 6, 3), np.uint8)
    if clip.scenes > 1:
        below = Image.fromarray(noise).resize(
            (clip.width, clip.height - half), Image.Resampling.NEAREST
        )
        pixels[half:] = np.asarray(below)
    return pixels


def number_in(picture: Image.Image) -> int:
    """The number of the frame that a picture shows."""
    grey = np.asarray(picture.convert("L"), np.float32)
    row = grey[grey.shape[0] // 8 : grey.shape[0] * 3 // 8].mean(axis=0)
    middles = [int((bit + 0.5) * len(row) / BARS) for bit in range(BARS)]
    return sum(int(row[middle] > 128) << bit for bit, middle in enumerate(middles))


def is_black(picture: Image.Image) -> bool:
    """Whether there is nothing on a tile; the darkest bar of a frame has a grey half below."""
    return int(np.asarray(picture).max()) < 24


def tiles_of(sheet: Image.Image, columns: int, tile: tuple[int, int]) -> list[Image.Image]:
    """The tiles of a sheet, row by row."""
    width, height = tile
    return [
        sheet.crop((column * width, row * height, (column + 1) * width, (row + 1) * height))
        for row in range(sheet.height // height)
        for column in range(columns)
    ]
