"""Films for the bench: minutes and hours of camera-like 1080p, each frame telling its number.

Thirty seconds are encoded, H.264 with a key frame every two, and repeated as they are.
"""

from collections.abc import Iterator
from itertools import count, islice
from math import ceil, cos, pi, sin
from pathlib import Path
from typing import Any, Final, NamedTuple

from worker.commands.bench_media import cache_folder, make
from worker.commands.demo_media import portrait
from worker.geometry.shapes import Size

FOLDER: Final = "bench-films-1"
FRAMES_PER_S: Final = 30
GROUP_FRAMES: Final = 60
PART_FRAMES: Final = 900
# Of a hundred times spread over such films few are those of key frames.
TEN_MINUTES_GROUPS: Final = 303
TWO_HOURS_GROUPS: Final = 3603
SIZE: Final = Size(1920, 1080)
CAMERA_BIT_RATE: Final = 6_000_000
LOW_BIT_RATE: Final = 600_000
_NOISE: Final = 6
# The number stands in the upper left corner, a bit a block, the lowest first.
_BITS: Final = 10
_BLOCK: Final = 0.05


class Films(NamedTuple):
    """`clip` is as a camera writes it; the other two are of a low rate and differ in length."""

    clip: Path
    short: Path
    long: Path


def bench_films() -> Films:
    """The films, made now if they are not in the cache folder yet; about 1 GB."""
    folder = cache_folder(FOLDER)
    camera, low = folder / "part-camera.mp4", folder / "part-low.mp4"
    films = Films(folder / "10-minutes.mp4", folder / "10-minutes-low.mp4", folder / "2-hours.mp4")
    make(camera, lambda path: write_part(path, SIZE, CAMERA_BIT_RATE))
    make(low, lambda path: write_part(path, SIZE, LOW_BIT_RATE))
    make(films.clip, lambda path: repeat(camera, path, TEN_MINUTES_GROUPS))
    make(films.short, lambda path: repeat(low, path, TEN_MINUTES_GROUPS))
    make(films.long, lambda path: repeat(low, path, TWO_HOURS_GROUPS))
    return films


def frame_at(offset_ms: int) -> int:
    """The number of the first frame whose time, rounded to ms, is no earlier."""
    around = max(0, offset_ms * FRAMES_PER_S // 1000 - 1)
    return next(number for number in count(around) if time_ms(number) >= offset_ms)


def key_near(offset_ms: int) -> int:
    """The number of the key frame nearest to that time, the earlier of two as near."""
    return GROUP_FRAMES * max(0, ceil(offset_ms / time_ms(GROUP_FRAMES) - 0.5))


def time_ms(number: int) -> int:
    """When a frame is shown."""
    return round(number * 1000 / FRAMES_PER_S)


def number_shown(picture: Any) -> int:
    """The number that a picture of a frame shows, of any size; frames of a film show it modulo
    `PART_FRAMES`.
    """
    grey = picture.convert("L")
    side = _BLOCK * grey.width
    bits = (grey.getpixel((int((bit + 0.5) * side), int(side / 2))) > 127 for bit in range(_BITS))
    return sum(1 << bit for bit, is_set in enumerate(bits) if is_set)


def write_part(path: Path, size: Size, bit_rate: int) -> None:
    """Encode the part that films are made of."""
    import av

    with av.open(str(path), "w") as container:
        options = {
            "preset": "veryfast",
            "profile": "high",
            "g": str(GROUP_FRAMES),
            "keyint_min": str(GROUP_FRAMES),
            "sc_threshold": "0",
        }
        stream: Any = container.add_stream("libx264", rate=FRAMES_PER_S, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.bit_rate = bit_rate
        for pixels in _moving(*size):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _moving(width: int, height: int) -> Iterator[Any]:
    """A camera that moves over a portrait, with a sensor's noise, as RGB arrays.

    Each group of pictures is a scene of its own, so that there are candidates which differ.
    """
    import numpy as np
    from PIL import Image, ImageOps

    portraits = ImageOps.fit(portrait(), (width * 4 // 3, height * 4 // 3), centering=(0.5, 0.2))
    sides = portraits, ImageOps.mirror(portraits)
    draw = np.random.default_rng(seed=1)
    noise = [draw.normal(0, _NOISE, (height, width, 1)).astype(np.int16) for _ in range(8)]
    for number in range(PART_FRAMES):
        scene, moved = divmod(number, GROUP_FRAMES)
        seen = sides[scene % 2].resize(
            (width, height), Image.Resampling.BILINEAR, _window(portraits.size, scene, moved)
        )
        grain = np.roll(noise[number % 8], int(draw.integers(width)), axis=1)
        pixels = np.clip(np.asarray(seen, np.int16) + grain, 0, 255).astype(np.uint8)
        yield _numbered(pixels, number)


def _window(size: tuple[int, int], scene: int, moved: int) -> tuple[float, float, float, float]:
    """What the camera sees: nearer or further, round about the portrait, moving to the right."""
    share = (0.75, 0.5, 0.34)[scene % 3]
    turn = 2 * pi * 4 * scene / (PART_FRAMES // GROUP_FRAMES)
    width, height = (share * side for side in size)
    left = (0.5 + 0.4 * cos(turn)) * (size[0] - width) + moved * size[0] / 2560
    top = (0.5 + 0.5 * sin(turn)) * (size[1] - height)
    return left, top, left + width, top + height


def _numbered(pixels: Any, number: int) -> Any:
    side = int(_BLOCK * pixels.shape[1])
    for bit in range(_BITS):
        pixels[:side, bit * side : (bit + 1) * side] = 235 if number >> bit & 1 else 20
    return pixels


def repeat(part: Path, path: Path, groups: int) -> None:
    """A film of so many groups of the part, again and again; its index stands at its start."""
    import av

    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as film:
        with av.open(str(part)) as source:
            stream = film.add_stream_from_template(source.streams.video[0])
        for packet in islice(_packets(part), groups * GROUP_FRAMES):
            packet.stream = stream
            film.mux_one(packet)


def _packets(part: Path) -> Iterator[Any]:
    import av

    for turn in count():
        with av.open(str(part)) as source:
            shown: Any
            for shown in source.demux(video=0):
                if shown.size:
                    shift = int(turn * PART_FRAMES / FRAMES_PER_S / shown.time_base)
                    shown.pts, shown.dts = shown.pts + shift, shown.dts + shift
                    yield shown
