"""Pictures and clips made at run time from a photo that ships with an installed package.

Clips are kept between runs in `${XDG_CACHE_HOME:-~/.cache}/firstframe/media-<digest>`; the digest
is that of this module, so that a change to how they are made makes them anew.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL.Image import Image

FRAME_RATE = 10
KEY = "000102030405060708090a0b0c0d0e0f"


@dataclass(frozen=True)
class Clip:
    """How a test clip is made; width and height are coded pixels, before rotation.

    `red_then_blue`: the first frame is all red and the others all blue, with no face in any.
    """

    codec: str = "libx264"
    container: str = "mp4"
    width: int = 640
    height: int = 360
    frames: int = 12
    pixel_format: str = "yuv420p"
    rotation_cw: int = 0
    mirrored: bool = False
    pixel_aspect: Fraction = Fraction(1)
    cut_frames: int = 0
    audio_only: bool = False
    red_then_blue: bool = False
    muxer_options: dict[str, str] = field(default_factory=dict)
    codec_options: dict[str, str] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        digest = hashlib.sha256(repr(self).encode()).hexdigest()[:12]
        return f"{self.codec}-{digest}.{self.container}"


FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
ENCRYPTED = {
    "encryption_scheme": "cenc-aes-ctr",
    "encryption_key": KEY,
    "encryption_kid": KEY,
}
_FORMATS = {"mkv": "matroska", "ts": "mpegts"}
_QUICK = {
    "libx264": {"preset": "veryfast", "g": "30"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
    "libsvtav1": {"preset": "12", "svtav1-params": "enable-tf=0"},
}


def photo_path() -> Path:
    """A portrait photo in the public domain: matplotlib's sample of Grace Hopper."""
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"


def cache_folder() -> Path:
    """Where made media are kept, outside the checkout."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    folder = base / "firstframe" / f"media-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def made(clip: Clip) -> Path:
    """The file of `clip`, made now if it is not in the cache yet."""
    path = cache_folder() / clip.file_name
    if not path.is_file():
        unfinished = path.with_name(f"{os.getpid()}-{path.name}")
        _write(clip, unfinished)
        unfinished.replace(path)
    return path


@cache
def _scene(width: int, height: int) -> Any:
    """The photo's upper part with margins to pan over, as an RGB array."""
    import numpy as np
    import PIL.Image

    with PIL.Image.open(photo_path()) as photo:
        head = photo.convert("RGB").crop((0, 40, 512, 40 + 512 * height // width))
    return np.asarray(head.resize((width + 64, height)))


def _window(clip: Clip, index: int) -> Any:
    """The pixels of a frame, as an RGB array."""
    import numpy as np

    if clip.red_then_blue:
        colour = (0, 0, 255) if index else (255, 0, 0)
        return np.full((clip.height, clip.width, 3), colour, np.uint8)
    scene = _scene(clip.width, clip.height)
    return np.ascontiguousarray(scene[:, 3 * index : 3 * index + clip.width])


def _frames(clip: Clip) -> Iterator[Any]:
    import av

    for index in range(clip.frames):
        window = _window(clip, index)
        frame = av.VideoFrame.from_ndarray(window, format="rgb24")
        frame.pts = index
        frame.time_base = Fraction(1, FRAME_RATE)
        yield frame


def _write(clip: Clip, path: Path) -> None:
    import av

    options = {"avoid_negative_ts": "disabled"} if clip.cut_frames else {}
    muxer = _FORMATS.get(clip.container, clip.container)
    with av.open(
        str(path), "w", format=muxer, options={**options, **clip.muxer_options}
    ) as container:
        if clip.audio_only:
            _write_tone(container)
        else:
            _write_video(clip, container)


def _write_video(clip: Clip, container: Any) -> None:
    codec_options = {**_QUICK.get(clip.codec, {}), **clip.codec_options}
    stream = container.add_stream(clip.codec, rate=FRAME_RATE, options=codec_options)
    stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, clip.pixel_format
    stream.codec_context.sample_aspect_ratio = clip.pixel_aspect
    for name, value in clip.tags.items():
        setattr(stream.codec_context, name, value)
    if clip.rotation_cw or clip.mirrored:
        # PyAV counts counter-clockwise, and mirrors what it has turned.
        turn = clip.rotation_cw if clip.mirrored else -clip.rotation_cw
        stream.set_display_rotation(turn, hflip=clip.mirrored)
    for frame in (*_frames(clip), None):
        for packet in stream.encode(frame):
            if clip.cut_frames:
                _shift(packet, clip.cut_frames)
            container.mux(packet)


def _shift(packet: Any, frames: int) -> None:
    """Move a packet `frames` earlier; what falls before zero an edit list hides."""
    ticks = int(frames / FRAME_RATE / packet.time_base)
    packet.pts -= ticks
    packet.dts -= ticks


def _write_tone(container: Any) -> None:
    import av
    import numpy as np

    stream = container.add_stream("aac", rate=16_000)
    stream.layout = "mono"
    wave = (np.sin(np.arange(16_000) / 8) * 0.3).astype(np.float32)
    for start in range(0, len(wave) - 1023, 1024):
        frame = av.AudioFrame.from_ndarray(
            wave[None, start : start + 1024], format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts = 16_000, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def is_red(picture: Image) -> bool:
    """Whether the middle and the corners of a picture are those of a red first frame."""
    width, height = picture.size
    rgb = picture.convert("RGB")
    places = [(x, y) for x in (0, width // 2, width - 1) for y in (0, height // 2, height - 1)]
    colours = [rgb.getpixel(place) for place in places]
    return all(isinstance(c, tuple) and c[0] > 200 and max(c[1:]) < 60 for c in colours)


@pytest.fixture(scope="session")
def photo() -> Path:
    """A portrait photo, JPEG, 512 by 600, one face."""
    return photo_path()


@pytest.fixture(scope="session")
def clip() -> Path:
    """A plain H.264 MP4, 640 by 360, 12 frames, one face in it."""
    return made(Clip())


@pytest.fixture(scope="session")
def make_clip() -> Callable[[Clip], Path]:
    """Makes (or finds in the cache) the file of a `Clip`."""
    return made
