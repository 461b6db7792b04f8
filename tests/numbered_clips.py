"""Clips whose frames show their own number, so that a picture tells which frame it was made of.

The number stands in bits: black and white fields side by side, from the highest, over the whole
height. They survive scaling to a tile and JPEG.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from PIL import Image

BITS: Final = 10
WIDTH, HEIGHT = 640, 360
_MS: Final = Fraction(1, 1000)


def write_numbered(path: Path, times_ms: Sequence[int], *, gop: int = 50) -> Path:
    """An H.264 clip with B-frames, a frame at each of `times_ms`; the container goes by name."""
    import av

    with av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "g": str(gop), "bf": "2", "crf": "20", "sc_threshold": "0"}
        stream: Any = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = stream.codec_context.time_base = _MS
        for frame in (*_frames(times_ms), None):
            container.mux(stream.encode(frame))
    return path


def number_in(picture: Image.Image) -> int:
    """The number that a frame, or a tile of it, shows."""
    grey = picture.convert("L")
    field = grey.width / BITS
    bits = [grey.getpixel((int((place + 0.5) * field), grey.height // 2)) for place in range(BITS)]
    assert all(isinstance(bit, int) and not 80 < bit < 170 for bit in bits), "bits are clear"
    return int("".join("1" if isinstance(bit, int) and bit > 128 else "0" for bit in bits), 2)


def _frames(times_ms: Sequence[int]) -> Iterator[Any]:
    import av
    import numpy as np

    for number, time_ms in enumerate(times_ms):
        bits = [255 if number >> place & 1 else 0 for place in reversed(range(BITS))]
        row = np.repeat(np.array(bits, np.uint8), WIDTH // BITS)
        frame = av.VideoFrame.from_ndarray(np.tile(row[:, None], (HEIGHT, 1, 3)), format="rgb24")
        frame.pts, frame.time_base = time_ms, _MS
        yield frame
