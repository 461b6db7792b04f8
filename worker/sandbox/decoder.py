"""The Decoder that stories use: the same port, kept by a decode child and its spare."""

from typing import Any

from worker.ports import Reader
from worker.sandbox.medium import SandboxedMedium
from worker.sandbox.process import DecodeProcess


class SandboxedDecoder:
    """Decodes in a child process that is killed when it overruns `frame_timeout_s` or crashes.

    The child is started at once and a spare with the second medium, so that neither slows the
    first cover; a dead child's place is taken by the spare, also when it died while idle. Use it
    from one thread that lives as long as it (`DecodeProcess` says why), and make it after any fork.
    """

    def __init__(
        self,
        *,
        frame_timeout_s: float = 10,
        max_mpx: float = 100,
        max_scaled_jpeg_mpx: float = 268,
        max_bytes: int = 64 * 1024 * 1024,
        background: str = "#ffffff",
    ) -> None:
        self._frame_timeout_s = frame_timeout_s
        self._options: dict[str, Any] = {
            "max_mpx": max_mpx,
            "max_scaled_jpeg_mpx": max_scaled_jpeg_mpx,
            "max_bytes": max_bytes,
            "background": background,
        }
        self._process = DecodeProcess(self._options)
        self._spare: DecodeProcess | None = None
        self._opened = 0

    def open(
        self, reader: Reader, *, needed_px: int | None, max_bytes: int | None = None
    ) -> SandboxedMedium:
        """Open a medium in the child, which reads local files itself and asks for other bytes.

        Of a local file it reads at most `max_bytes`, by default those the decoder was made with.

        Raises: MediaError, with `media.decode_timeout` or `media.decoder_crashed`; SourceError;
            WorkerError when no child can be started.
        """
        process = self._living()
        self._opened += 1
        medium = SandboxedMedium(process, reader, self._opened, self._frame_timeout_s)
        medium.start(needed_px, max_bytes or self._options["max_bytes"])
        return medium

    def _living(self) -> DecodeProcess:
        if self._spare is not None and not self._spare.alive:
            self._spare.close()
            self._spare = None
        if not self._process.alive:
            self._process.close()
            self._process = self._spare or DecodeProcess(self._options)
            self._spare = None
        if self._spare is None and self._opened:
            self._spare = DecodeProcess(self._options)
        return self._process

    @property
    def pids(self) -> tuple[int, ...]:
        """The living children, the working one first."""
        processes = (self._process, self._spare)
        return tuple(process.pid for process in processes if process and process.alive)

    def close(self) -> None:
        """End the children."""
        self._process.close()
        if self._spare is not None:
            self._spare.close()
