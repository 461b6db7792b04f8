"""A medium opened in a decode child: each question is asked over the channel."""

import fcntl
import json
import mmap
import os
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from worker.contracts.passes import Forecast, Timeline, Wanted
from worker.contracts.results import MediumInfo
from worker.errors import MediaError
from worker.geometry.shapes import Box
from worker.ports import Frame, Reader, View
from worker.sandbox.ahead import AheadReader
from worker.sandbox.messages import Done, ForecastDone, FrameDone, NextDone, OpenDone, TimelineDone
from worker.sandbox.process import Call, DecodeProcess, Listening

Answer = TypeVar("Answer")

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW


class SandboxedMedium:
    """A medium opened in a decode child. Its views live on after it is closed."""

    def __init__(
        self, process: DecodeProcess, reader: Reader, number: int, timeout_s: float
    ) -> None:
        self._process = process
        self._reader = reader
        self._ahead = AheadReader(reader)
        self._number = number
        self._timeout_s = timeout_s
        self._info: MediumInfo | None = None
        self._passes = 0

    def start(self, needed_px: int | None, max_bytes: int) -> None:
        """Have the child open it."""
        asked = {
            "do": "open",
            "medium": self._number,
            "needed_px": needed_px,
            "max_bytes": max_bytes,
            "size_bytes": self._reader.size_bytes,
        }
        call = Call(asked, descriptor=self._reader.descriptor())
        try:
            opened = self._called(call, OpenDone)
        except BaseException:
            self._ahead.close()
            raise
        self._info = opened.medium

    @property
    def info(self) -> MediumInfo:
        """Complete once a frame was decoded. Bytes count what parent and child have read."""
        assert self._info is not None
        return self._info.model_copy(
            update={
                "bytes_read": self._info.bytes_read + self._reader.bytes_read,
                "bytes_total": self._reader.size_bytes,
                "requests": self._reader.requests,
            }
        )

    def frame(self, at: str) -> Frame:
        """The frame that policy `at` names. Raises: MediaError, SourceError, RequestError."""
        return self._held(self._ask(FrameDone, do="frame", at=at))

    def timeline(self) -> Timeline:
        """How long it is and where its key frames are. Raises: MediaError, SourceError."""
        return self._ask(TimelineDone, do="timeline").timeline

    def forecast(self, wanted: Sequence[Wanted]) -> Forecast:
        """What a pass for `wanted` would cost. Raises: MediaError, SourceError."""
        call = Call({"do": "forecast", "medium": self._number}, _as_payload(wanted))
        return self._called(call, ForecastDone).forecast

    def frames(
        self, wanted: Sequence[Wanted], *, on_pass: Callable[[int], None]
    ) -> Iterator[Frame | None]:
        """The wanted frames, decoded as they are taken from here; a later pass ends an earlier.

        Between two frames, and whenever `on_pass` is told a time, `frame_timeout_s` begins anew.
        Raises: MediaError, SourceError, and what `on_pass` raises, which ends the child.
        """
        self._passes += 1
        number = self._passes
        self._called(Call({"do": "pass", "medium": self._number}, _as_payload(wanted)), Done)
        for _ in wanted:
            assert number == self._passes, "a later pass has ended this one"
            done = self._called(Call({"do": "next", "medium": self._number}), NextDone, on_pass)
            yield None if done.frame is None else self._held(done.frame)

    def view(self, frame: Frame, box: Box, width_px: int, height_px: int) -> View:
        """The upright region `box` in memory that the child fills and both sides share.

        Raises: MediaError.
        """
        size_bytes = width_px * height_px * 3
        descriptor = os.memfd_create("view", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(descriptor, size_bytes)
            # A child that shrank it would have us die of SIGBUS.
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
            asked = {
                "do": "view",
                "medium": self._number,
                "handle": frame.handle,
                "box": tuple(box),
                "width_px": width_px,
                "height_px": height_px,
            }
            self._called(Call(asked, descriptor=descriptor), Done)
            memory = mmap.mmap(descriptor, size_bytes, prot=mmap.PROT_READ)
        finally:
            os.close(descriptor)
        return View(width_px, height_px, memoryview(memory))

    def release(self, frame: Frame) -> None:
        if self._process.alive:
            self._ask(Done, do="release", handle=frame.handle)

    def close(self) -> None:
        """Let go of the medium in the child; a child that died has done so already."""
        try:
            if self._process.alive:
                self._ask(Done, do="close")
        finally:
            self._ahead.close()

    def _held(self, done: FrameDone) -> Frame:
        """The frame as its handle; what the medium is known to be by now."""
        self._info = done.medium
        return Frame(done.handle, done.pts_ms, done.index, done.flags)

    def _ask(self, expected: type[Answer], **request: object) -> Answer:
        return self._called(Call({**request, "medium": self._number}), expected)

    def _called(
        self, call: Call, expected: type[Answer], on_pass: Callable[[int], None] | None = None
    ) -> Answer:
        if not self._process.alive:
            raise MediaError("media.decoder_crashed", stage="decode")
        listening = Listening(self._ahead, on_pass)
        return self._process.ask(call, expected, timeout_s=self._timeout_s, listening=listening)


def _as_payload(wanted: Sequence[Wanted]) -> bytes:
    """Thousands of them are too long for a header."""
    return json.dumps(wanted).encode()
