"""The decode child's desk: takes the parent's requests, one at a time, and answers each."""

import gc
import json
import mmap
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from worker.contracts.passes import Wanted
from worker.errors import CoverError, MediaError
from worker.geometry.shapes import Box
from worker.ports import Decoder, Frame, OpenMedium
from worker.rules.sniff import HEAD_BYTES, sniff
from worker.sandbox.channel import Channel, Message
from worker.sandbox.readers import DescriptorReader, HeadReader, ParentReader

# Audio goes to the video decoder, which knows why it is refused.
_DECODER_OF = {"video": "video", "audio": "video", "still": "still"}


class _Asked(NamedTuple):
    """A request about medium `number`."""

    number: int
    request: dict[str, Any]
    message: Message


class _Pass(NamedTuple):
    """A pass that has begun, and how many answers are still to come."""

    answers: Iterator[Frame | None]
    left: int


Said = dict[str, object]


class Desk:
    """Open media and their frames, by the numbers the parent knows them under."""

    def __init__(self, channel: Channel, decoders: dict[str, Decoder]) -> None:
        self._channel = channel
        self._decoders = decoders
        self._media: dict[int, tuple[OpenMedium, HeadReader]] = {}
        self._frames: dict[tuple[int, int], Frame] = {}
        self._passes: dict[int, _Pass] = {}
        self._answers: dict[str, Callable[[_Asked], Said]] = {
            "open": self._open,
            "frame": self._frame,
            "timeline": self._timeline,
            "forecast": self._forecast,
            "pass": self._begin_pass,
            "next": self._next,
            "view": self._view,
            "release": self._release,
            "close": self._close,
        }

    def serve(self) -> None:
        """Answer until the parent hangs up: then ChannelError ends the process."""
        while True:
            message = self._channel.receive()
            request = json.loads(message.header)
            asked = _Asked(request["medium"], request, message)
            try:
                answer = self._answers[request["do"]](asked)
            except CoverError as error:
                answer = _failed(error)
            except MemoryError:
                answer = _failed(MediaError("media.resource_limit"))
            self._channel.send(answer)

    def _open(self, asked: _Asked) -> Said:
        request, descriptor = asked.request, asked.message.descriptor
        reader = HeadReader(
            ParentReader(self._channel, request["size_bytes"])
            if descriptor is None
            else DescriptorReader(descriptor, request["size_bytes"], request["max_bytes"])
        )
        try:
            sniffed = sniff(reader.read(0, HEAD_BYTES))
            decoder = self._decoders[_DECODER_OF[sniffed.family] if sniffed else "still"]
            medium = decoder.open(reader, needed_px=request["needed_px"])
        except BaseException:
            reader.close()
            raise
        self._media[asked.number] = medium, reader
        return {"say": "opened", "medium": medium.info.model_dump()}

    def _frame(self, asked: _Asked) -> Said:
        medium, _ = self._media[asked.number]
        return self._held(asked.number, medium.frame(asked.request["at"]))

    def _timeline(self, asked: _Asked) -> Said:
        medium, _ = self._media[asked.number]
        return {"say": "timeline", **medium.timeline().model_dump()}

    def _forecast(self, asked: _Asked) -> Said:
        medium, _ = self._media[asked.number]
        return {"say": "forecast", **medium.forecast(_wanted(asked)).model_dump()}

    def _begin_pass(self, asked: _Asked) -> Said:
        # The parent may have left an earlier pass unfinished: it ends before the next begins.
        self._passes.pop(asked.number, None)
        medium, _ = self._media[asked.number]
        wanted = _wanted(asked)
        answers = medium.frames(wanted, on_pass=self._tell_passed)
        self._passes[asked.number] = _Pass(answers, len(wanted))
        return {"say": "done"}

    def _tell_passed(self, at_ms: int) -> None:
        self._channel.send({"say": "passed", "at_ms": at_ms})

    def _next(self, asked: _Asked) -> Said:
        """The next answer; with the last one, or with an error, the pass is over."""
        number = asked.number
        answers, left = self._passes.pop(number)
        frame = next(answers)
        if left > 1:
            self._passes[number] = _Pass(answers, left - 1)
        return {"say": "next", "frame": None if frame is None else self._held(number, frame)}

    def _held(self, number: int, frame: Frame) -> Said:
        """The frame as the parent knows it, held until the parent releases it."""
        medium, _ = self._media[number]
        self._frames[number, frame.handle] = frame
        return {
            "say": "frame",
            "handle": frame.handle,
            "pts_ms": frame.pts_ms,
            "index": frame.index,
            "flags": frame.flags,
            "medium": medium.info.model_dump(),
        }

    def _view(self, asked: _Asked) -> Said:
        """Fill the parent's memory with the view's pixels."""
        number, request, descriptor = asked.number, asked.request, asked.message.descriptor
        assert descriptor is not None
        try:
            size = request["width_px"], request["height_px"]
            medium, _ = self._media[number]
            frame = self._frames[number, request["handle"]]
            view = medium.view(frame, Box(*request["box"]), *size)
            with mmap.mmap(descriptor, size[0] * size[1] * 3) as memory:
                memory[:] = view.pixels
        finally:
            os.close(descriptor)
        return {"say": "done"}

    def _release(self, asked: _Asked) -> Said:
        medium, _ = self._media[asked.number]
        medium.release(self._frames.pop((asked.number, asked.request["handle"])))
        return {"say": "done"}

    def _close(self, asked: _Asked) -> Said:
        number = asked.number
        self._passes.pop(number, None)
        medium, reader = self._media.pop(number)
        self._frames = {key: frame for key, frame in self._frames.items() if key[0] != number}
        medium.close()
        reader.close()
        # A closed PyAV container is a cycle that holds its last frame: 3 MB each at 1080p.
        del medium, reader
        gc.collect()
        return {"say": "done"}


def _wanted(asked: _Asked) -> list[Wanted]:
    return [Wanted(offset_ms, pick) for offset_ms, pick in json.loads(asked.message.payload)]


def _failed(error: CoverError) -> Said:
    return {
        "say": "failed",
        "code": error.code,
        "message": error.message[:1000],
        "stage": error.stage[:100],
    }
