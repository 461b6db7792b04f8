"""A reader as the file object that libavformat reads from, and the border of FFmpeg's errors."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import av

from worker.decoders.failures import media_errors
from worker.errors import CoverError, MediaError
from worker.ports import Reader

_UNSUPPORTED = (
    av.error.DecoderNotFoundError,
    av.error.ExperimentalError,
    av.error.PatchWelcomeError,
    NotImplementedError,
)
# PyAV's errors also inherit these built-in ones, and it raises some bare.
_DAMAGE = (
    av.FFmpegError,
    ArithmeticError,
    AssertionError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
)


class AvFile:
    """Bytes by range as a file without a name: FFmpeg would guess formats from one.

    FFmpeg swallows what its callbacks raise or takes it for the end of the file, so the reader's
    first error is kept in `fault`, and the file ends there. `names_encryption` says whether an
    encrypted sample entry (ISO/IEC 14496-12, 8.12) went by, for files too damaged to be opened.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._position = 0
        self.fault: CoverError | None = None
        self.names_encryption = False

    @property
    def size_bytes(self) -> int | None:
        return self._reader.size_bytes

    def read(self, length: int) -> bytes:
        """At most `length` bytes: FFmpeg copies all it gets into a buffer of that length."""
        if self.fault is not None:
            return b""
        try:
            data = self._reader.read(self._position, length)[:length]
        except CoverError as fault:
            self.fault = fault
            return b""
        self._position += len(data)
        self.names_encryption |= b"encv" in data and b"sinf" in data
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_CUR:
            offset += self._position
        elif whence == os.SEEK_END:
            if self._reader.size_bytes is None:
                return -1
            offset += self._reader.size_bytes
        self._position = max(0, offset)
        return self._position

    def tell(self) -> int:
        return self._position


@contextmanager
def translated(file: AvFile, stage: str) -> Iterator[None]:
    """Errors of libav* as `media.*`, judged by where they happen: their classes mislead.

    FFmpeg says PermissionError for an unknown codec option and OSError for bad bits. A fault of
    the reader comes first, whatever FFmpeg made of it, success included.
    """
    try:
        with converting(stage):
            yield
    except MediaError as error:
        if file.fault is not None:
            raise file.fault from error
        if error.code == "media.corrupt" and file.names_encryption:
            raise MediaError("media.encrypted", stage=stage) from error
        raise
    if file.fault is not None:
        raise file.fault


def converting(stage: str = "decode") -> AbstractContextManager[None]:
    """The same where no reader takes part: filters and scaling of frames that are decoded."""
    return media_errors(stage, unsupported=_UNSUPPORTED, damage=_DAMAGE)
