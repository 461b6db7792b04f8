"""Frames of real videos against the accurate seek of the ffmpeg program."""

import math
import subprocess

import numpy as np
import pytest

from tests.corpus import CorpusFile
from tests.frames_by_ffmpeg import check_ffmpeg
from worker.contracts.passes import Wanted
from worker.decoders.pyav import PyavDecoder, PyavMedium
from worker.geometry.shapes import Box
from worker.ports import Frame
from worker.sources.local import LocalSource

LEAST_DB = 38.0
# Sound with a cover picture: refused by choice.
NO_VIDEO = {"videos/attached-picture-01.mp3"}
SHARES = (0.11, 0.37, 0.52, 0.83)
# ffmpeg's seek lands on a later key frame here, or behind the end; decoding through does not.
DECODED_THROUGH = {"videos/interlaced-01.mts"}
# A tick of these is a frame or more, and ffmpeg rounds the time asked for to the nearest: 1.512 s
# at 41.7 ms a tick gives it the frame at 1.502 s. It is asked for the time that we tell instead.
COARSE = {"videos/black-first-01.avi", "videos/dark-01.ogv", "videos/face-mjpeg-01.mov"}
# ffmpeg 5.1 converts these as BT.601, whatever they are tagged with or as large as they are.
MATRICES = {1080: "bt709", 720: "bt709", 1280: "bt709"}


def by_ffmpeg(file: CorpusFile, at_ms: int, matrix: str | None, *, through: bool) -> bytes:
    """The frame as RGB, scaled only in its colours: the matrix is told as we take it."""
    colours = f"scale=in_color_matrix={matrix}:" if matrix else "scale="
    filters = f"{colours}flags=bicubic+accurate_rnd+full_chroma_int,format=rgb24"
    seek = ["-ss", f"{(at_ms - 0.5) / 1000:.4f}"]
    source = ["-i", str(file.path)]
    command = ["ffmpeg", "-v", "error", *((*source, *seek) if through else (*seek, *source))]
    command += ["-map", "0:V:0", "-frames:v", "1", "-vf", filters]
    command += ["-fps_mode", "passthrough"]
    return subprocess.run([*command, "-f", "rawvideo", "-"], check=True, capture_output=True).stdout


def psnr(medium: PyavMedium, frame: Frame, theirs: bytes) -> float:
    size = medium.info.width, medium.info.height
    ours = np.frombuffer(medium.view(frame, Box(0, 0, *size), *size).pixels, np.uint8)
    error = float(((ours.astype(float) - np.frombuffer(theirs, np.uint8)) ** 2).mean())
    return 99.0 if error == 0 else 10 * math.log10(255**2 / error)


@pytest.mark.corpus
@pytest.mark.ffmpeg
def test_frames_are_those_of_an_accurate_seek(corpus: dict[str, CorpusFile]) -> None:
    check_ffmpeg()
    poor = {}
    for name, file in corpus.items():
        if name.startswith("videos/") and name not in NO_VIDEO and file.facts["expect"] == "ok":
            poor.update(_poor(name, file))

    assert poor == {}


def _poor(name: str, file: CorpusFile) -> dict[str, object]:
    medium = PyavDecoder().open(LocalSource(max_bytes=1 << 26).open(file.path), needed_px=None)
    length_ms = medium.timeline().duration_ms or 0
    wanted = [Wanted(round(length_ms * share)) for share in SHARES]
    found: dict[str, object] = {}
    for one, frame in zip(wanted, medium.frames(wanted, on_pass=lambda _: None), strict=True):
        if frame is None:
            found[f"{name} {one.offset_ms}"] = None
            continue
        matrix = MATRICES.get(min(medium.info.width, medium.info.height))
        asked_ms = (frame.pts_ms or 0) if name in COARSE else one.offset_ms
        theirs = by_ffmpeg(file, asked_ms, matrix, through=name in DECODED_THROUGH)
        if not theirs and (frame.pts_ms or 0) < one.offset_ms:
            # Past the last frame ffmpeg gives nothing, and we the last one.
            continue
        size = medium.info.width * medium.info.height * 3
        quality = psnr(medium, frame, theirs) if len(theirs) == size else len(theirs) / size
        if quality < LEAST_DB:
            found[f"{name} {one.offset_ms}"] = quality
        medium.release(frame)
    medium.close()
    return found
