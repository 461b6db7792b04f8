"""The plain way to a cover, in a warm process of its own: what a script around PyAV would do."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, Final

SIZE_PX: Final = 512


class PlainProcess:
    """A process that makes plain covers and tells what each cost."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def cpu_ms(self, library: str, medium: Path) -> float:
        """CPU milliseconds of one cover of `medium` by `pyav` or `pillow`."""
        lines, answers = self._process.stdin, self._process.stdout
        assert lines is not None
        assert answers is not None
        lines.write(json.dumps([library, str(medium)]) + "\n")
        lines.flush()
        return float(answers.readline())

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def by_pyav(medium: Path, cover: Path) -> None:
    """As PyAV's documentation shows it: the next decoded frame, `to_image()`, Pillow."""
    import av

    with av.open(str(medium)) as container:
        frame: Any = next(container.decode(video=0))
        image = frame.to_image()
    _save_centre(image, cover)


def by_pillow(medium: Path, cover: Path) -> None:
    """A photo as Pillow's documentation shows it."""
    from PIL import Image

    with Image.open(medium) as image:
        _save_centre(image.convert("RGB"), cover)


def _save_centre(image: Any, cover: Path) -> None:
    from PIL import Image

    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    square.resize((SIZE_PX, SIZE_PX), Image.Resampling.LANCZOS).save(cover, quality=85)


def serve(orders: IO[str], answers: IO[str], folder: Path) -> None:
    """Make covers until there are no more orders."""
    ways = {"pyav": by_pyav, "pillow": by_pillow}
    for line in orders:
        library, medium = json.loads(line)
        before_s = time.process_time()
        ways[library](Path(medium), folder / "plain.jpg")
        answers.write(f"{(time.process_time() - before_s) * 1000}\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout, Path(sys.argv[1]))
