"""Videos whose every frame shows its number, to tell which frame came.

Sixteen bars, dark and light, are the number's bits; noise behind them gives the codec work.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from worker.ports import View

BITS = 16
TICK = Fraction(1, 1000)
_FORMATS = {"mkv": "matroska", "ts": "mpegts", "mpg": "mpeg"}
_QUICK = {
    "libx264": {"preset": "veryfast", "sc_threshold": "0"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:scenecut=0"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
    "libsvtav1": {"preset": "12"},
}


@dataclass(frozen=True)
class Numbered:
    """How such a video is made; `times_ms` are those of the frames, at 25 a second by default.

    `shift_ms` moves the packets of frames: from the number on, by so much.
    """

    codec: str = "libx264"
    container: str = "mp4"
    frames: int = 100
    gop: int = 20
    size: tuple[int, int] = (320, 64)
    times_ms: tuple[int, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    muxing: tuple[tuple[str, str], ...] = ()
    shift_ms: tuple[tuple[int, int], ...] = ()
    seekable: bool = True

    @property
    def shown_ms(self) -> tuple[int, ...]:
        return self.times_ms or tuple(40 * number for number in range(self.frames))


@cache
def video(made: Numbered) -> bytes:
    """The file's bytes."""
    if made.seekable:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "video"
            _write(made, str(path))
            return path.read_bytes()
    file = BytesIO()
    _write(made, _OnlyWrite(file))
    return file.getvalue()


def _write(made: Numbered, target: Any) -> None:
    import av

    name = _FORMATS.get(made.container, made.container)
    with av.open(target, "w", format=name, options=dict(made.muxing)) as container:
        options = {**_QUICK.get(made.codec, {}), **dict(made.options)}
        stream: Any = container.add_stream(made.codec, rate=25, options=options)
        stream.width, stream.height = made.size
        stream.pix_fmt = "yuvj420p" if made.codec == "mjpeg" else "yuv420p"
        stream.codec_context.gop_size = made.gop
        if made.times_ms:
            stream.codec_context.time_base = TICK
        for frame in (*_frames(made), None):
            for packet in stream.encode(frame):
                _shifted(packet, made)
                container.mux(packet)


class _OnlyWrite:
    """A file for muxers that may not go back."""

    def __init__(self, file: BytesIO) -> None:
        self.write: Callable[[bytes], int] = file.write


def _frames(made: Numbered) -> Iterator[Any]:
    import av

    for number, at_ms in enumerate(made.shown_ms):
        frame = av.VideoFrame.from_ndarray(_picture(number, made.size), format="rgb24")
        frame.pts = at_ms if made.times_ms else number
        frame.time_base = TICK if made.times_ms else Fraction(1, 25)
        yield frame


def _picture(number: int, size: tuple[int, int]) -> Any:
    import numpy as np

    width, height = size
    noise = np.random.default_rng(number).integers(0, 24, (height, width, 3), np.uint8)
    bars = np.array([200 if number >> bit & 1 else 10 for bit in range(BITS)], np.uint8)
    return noise + np.repeat(bars, width // BITS)[None, :width, None]


def _shifted(packet: Any, made: Numbered) -> None:
    at = packet.pts * packet.time_base * 1000
    for number, by_ms in made.shift_ms:
        if at >= made.shown_ms[number]:
            ticks = int(Fraction(by_ms, 1000) / packet.time_base)
            packet.pts += ticks
            packet.dts += ticks


def number_of(view: View) -> int:
    """Which frame a view of the whole picture shows."""
    import numpy as np

    pixels = np.frombuffer(view.pixels, np.uint8).reshape(view.height_px, view.width_px, 3)
    bars = pixels.reshape(view.height_px, BITS, view.width_px // BITS, 3).mean(axis=(0, 2, 3))
    return sum(1 << bit for bit, light in enumerate(bars) if light > 110)
