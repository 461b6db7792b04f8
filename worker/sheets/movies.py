"""Moving previews as animated WebP and as MP4, by FFmpeg's encoders."""

import tempfile
from collections.abc import Iterable, Iterator
from fractions import Fraction
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from worker.ports import View
from worker.sheets.pictures import Pixels, image_errors, pictures

_BT709, _SMPTE170M = 1, 6


class WebpAnimator:
    """Animated lossy WebP; `method` 0 (fast) to 6 (small). At most 16,383 px a side.

    FFmpeg's encoder, because Pillow's wants every frame at once: here one is held at a time.
    """

    content_type = "image/webp"
    extension = "webp"

    def __init__(self, *, webp_method: int = 4) -> None:
        self._method = webp_method

    def animate(self, views: Iterable[View], *, frame_ms: int, quality: int) -> bytes:
        file = BytesIO()
        options = {"quality": str(quality), "compression_level": str(self._method)}
        with image_errors("WebP"), av.open(file, "w", format="webp", options={"loop": "0"}) as out:
            first, frames = _first_and_all(pictures(views))
            stream = out.add_stream(
                "libwebp_anim",
                rate=Fraction(1000, frame_ms),
                options=options,
                **_shape(first, "bgra"),
            )
            for frame in frames:
                out.mux(stream.encode(frame.reformat(format="bgra")))
            out.mux(stream.encode(None))
        return file.getvalue()


class Mp4Animator:
    """H.264 without sound, which browsers play; `quality` becomes a constant rate factor.

    4:2:0 has even sides: an odd last row or column is left out. The matrix is the one that players
    assume for the size, and the tags say so; the index is at the front.
    """

    content_type = "video/mp4"
    extension = "mp4"

    def animate(self, views: Iterable[View], *, frame_ms: int, quality: int) -> bytes:
        # The muxer moves the index to the front by opening the file a second time, by its name.
        with image_errors("MP4"), tempfile.TemporaryDirectory(prefix="firstframe-") as folder:
            path = Path(folder, "preview.mp4")
            options = {"movflags": "+faststart", "fflags": "+bitexact"}
            with av.open(str(path), "w", format="mp4", options=options) as out:
                first, frames = _first_and_all(_even(pixels) for pixels in pictures(views))
                stream = _h264_stream(out, first, Fraction(1000, frame_ms), quality)
                for frame in frames:
                    out.mux(stream.encode(_limited(frame, stream.colorspace)))
                out.mux(stream.encode(None))
            return path.read_bytes()


def _h264_stream(
    out: OutputContainer, first: av.VideoFrame, rate: Fraction, quality: int
) -> VideoStream:
    # Same frames, same bytes: with more threads, or with macroblock trees, they would differ.
    options = {"crf": f"{51 - 0.35 * quality:.2f}", "threads": "1", "mbtree": "0"}
    stream: VideoStream = out.add_stream(
        "libx264",
        rate=rate,
        options=options,
        color_range=ColorRange.MPEG,
        color_primaries=_BT709,
        color_trc=_BT709,
        colorspace=_BT709 if first.width >= 1280 or first.height > 576 else _SMPTE170M,
        **_shape(first, "yuv420p"),
    )
    return stream


def _limited(frame: av.VideoFrame, matrix: int) -> av.VideoFrame:
    """The frame in 4:2:0 of limited range, with that matrix."""
    return frame.reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709 if matrix == _BT709 else Colorspace.SMPTE170M,
        dst_color_range=ColorRange.MPEG,
    )


def _shape(frame: av.VideoFrame, pixel_format: str) -> dict[str, Any]:
    return {"width": frame.width, "height": frame.height, "pix_fmt": pixel_format}


def _even(pixels: Pixels) -> Pixels:
    height, width, _ = pixels.shape
    return np.ascontiguousarray(pixels[: height // 2 * 2, : width // 2 * 2])


def _first_and_all(found: Iterator[Pixels]) -> tuple[av.VideoFrame, Iterator[av.VideoFrame]]:
    """The first frame, which tells their shape, and then all, numbered by the stream's rate."""
    frames = _numbered(found)
    first = next(frames)
    return first, chain([first], frames)


def _numbered(found: Iterator[Pixels]) -> Iterator[av.VideoFrame]:
    for number, pixels in enumerate(found):
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts = number
        yield frame
