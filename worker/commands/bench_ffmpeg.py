"""The `ffmpeg` program's ways to a storyboard: by key frames, by decoding all, by seeking."""

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from worker.commands.bench_films import GROUP_FRAMES, TEN_MINUTES_GROUPS, time_ms

PROGRAM: Final = "ffmpeg"
TILES: Final = 100
SHEET: Final = "ffmpeg-sheet.jpg"
_FILM_S: Final = time_ms(TEN_MINUTES_GROUPS * GROUP_FRAMES) / 1000
_SCALE: Final = "scale=160:-2"
_TILED: Final = f"{_SCALE},tile=10x10"


class Spent(NamedTuple):
    """What a piece of work took, over all its processes; bytes where they were counted."""

    cpu_s: float
    wall_s: float
    sent_bytes: int = 0


def is_there() -> bool:
    """Whether the program is installed."""
    return shutil.which(PROGRAM) is not None


class Ffmpeg:
    """The program on one medium, a path or a URL, with one thread; pictures go to a folder."""

    def __init__(self, medium: str, folder: Path) -> None:
        self._medium = medium
        self._sheet = str(folder / SHEET)
        self._tile = str(folder / "ffmpeg-tile.jpg")

    def key_frames(self) -> Spent:
        """A sheet of every third of the key frames, all of which are decoded."""
        chosen = rf"select=not(mod(n\,{TEN_MINUTES_GROUPS // TILES})),{_TILED}"
        return self._run(["-skip_frame", "nokey"], ["-vf", chosen, "-frames:v", "1", self._sheet])

    def everything_sampled(self) -> Spent:
        """A sheet by the `fps` filter, which decodes everything."""
        sheet = f"fps={TILES}/{_FILM_S:g},{_TILED}"
        return self._run([], ["-vf", sheet, "-frames:v", "1", self._sheet])

    def everything(self) -> Spent:
        """Decode all and make nothing."""
        return self._run([], ["-f", "null", "-"])

    def tile_by_tile(self, *, exact: bool) -> Spent:
        """A process for each tile, at the key frame before its time or at the time itself."""
        spent = [
            self._run(
                [
                    *(() if exact else ("-noaccurate_seek",)),
                    *("-ss", f"{number * _FILM_S / TILES:.3f}"),
                ],
                # It would decode on to the time else, dropping what is shown before it.
                ["-fps_mode", "passthrough", "-vf", _SCALE, "-frames:v", "1", self._tile],
            )
            for number in range(TILES)
        ]
        return Spent(sum(one.cpu_s for one in spent), sum(one.wall_s for one in spent))

    def _run(self, before: Sequence[str], after: Sequence[str]) -> Spent:
        quiet = ("-nostdin", "-v", "error", "-y", "-threads", "1")
        begun_s = time.monotonic()
        process = subprocess.Popen([PROGRAM, *quiet, *before, "-i", self._medium, *after])
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{PROGRAM} ended with {process.returncode}")
        return Spent(used.ru_utime + used.ru_stime, time.monotonic() - begun_s)
