"""MediaPipe's face detector, imported without its drawing module and built without its chatter."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType
from typing import Final

_STDERR: Final = 2
_CHATTER = re.compile(rb"(INFO|WARNING): |[IW]\d{4} ")


class _DrawingLater:
    """Delays running MediaPipe's drawing modules until somebody draws, which nobody here does.

    They import matplotlib.pyplot: 0.9 of the 1.2 s that importing MediaPipe takes, and more the
    first time, when matplotlib builds its cache of fonts.
    """

    delayed: Final = frozenset(
        f"mediapipe.tasks.python.vision.{name}" for name in ("drawing_styles", "drawing_utils")
    )

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in self.delayed else None
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


@contextmanager
def _drawing_later() -> Iterator[None]:
    finder = _DrawingLater()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


@contextmanager
def chatter_dropped() -> Iterator[None]:
    """Drop the INFO and WARNING lines that native code writes to standard error meanwhile.

    LiteRT has no switch for them. Everything else that was written, by any thread, follows when
    the block ends.
    """
    sys.stderr.flush()
    kept = os.dup(_STDERR)
    try:
        with os.fdopen(os.memfd_create("native-stderr"), "w+b") as heard:
            os.dup2(heard.fileno(), _STDERR)
            try:
                yield
            finally:
                os.dup2(kept, _STDERR)
                heard.seek(0)
                os.write(_STDERR, b"".join(line for line in heard if not _CHATTER.match(line)))
    finally:
        os.close(kept)


with _drawing_later():
    from mediapipe import Image, ImageFormat
    from mediapipe.tasks.python import BaseOptions
    from mediapipe.tasks.python.core.mediapipe_c_bindings import load_raw_library
    from mediapipe.tasks.python.vision import FaceDetector, FaceDetectorOptions

__all__ = [
    "BaseOptions",
    "FaceDetector",
    "FaceDetectorOptions",
    "Image",
    "ImageFormat",
    "chatter_dropped",
    "load_raw_library",
]
