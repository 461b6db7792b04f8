"""The decode child's desk: takes the parent's requests, one at a time, and answers each."""

import gc
import json
import mmap
import os
from typing import Any

from worker.errors import CoverError, MediaError
from worker.geometry.shapes import Box
from worker.ports import Decoder, Frame, OpenMedium
from worker.rules.sniff import HEAD_BYTES, sniff
from worker.sandbox.channel import Channel, Message
from worker.sandbox.readers import DescriptorReader, HeadReader, ParentReader

# Audio goes to the video decoder, which knows why it is refused.
_DECODER_OF = {"video": "video", "audio": "video", "still": "still"}


class Desk:
    """Open media and their frames, by the numbers the parent knows them under."""

    def __init__(self, channel: Channel, decoders: dict[str, Decoder], *, max_bytes: int) -> None:
        self._channel = channel
        self._decoders = decoders
        self._max_bytes = max_bytes
        self._media: dict[int, tuple[OpenMedium, HeadReader]] = {}
        self._frames: dict[tuple[int, int], Frame] = {}

    def serve(self) -> None:
        """Answer until the parent hangs up: then ChannelError ends the process."""
        while True:
            message = self._channel.receive()
            try:
                answer = self._answer(json.loads(message.header), message)
            except CoverError as error:
                answer = _failed(error)
            except MemoryError:
                answer = _failed(MediaError("media.resource_limit"))
            self._channel.send(answer)

    def _answer(self, request: dict[str, Any], message: Message) -> dict[str, object]:
        number = int(request["medium"])
        match request["do"]:
            case "open":
                return self._open(number, request, message.descriptor)
            case "frame":
                return self._frame(number, request["at"])
            case "view":
                return self._view(number, request, message.descriptor)
            case "release":
                self._media[number][0].release(self._frames.pop((number, request["handle"])))
            case "close":
                self._close(number)
        return {"say": "done"}

    def _open(
        self, number: int, request: dict[str, Any], descriptor: int | None
    ) -> dict[str, object]:
        reader = HeadReader(
            ParentReader(self._channel, request["size_bytes"])
            if descriptor is None
            else DescriptorReader(descriptor, request["size_bytes"], self._max_bytes)
        )
        try:
            sniffed = sniff(reader.read(0, HEAD_BYTES))
            decoder = self._decoders[_DECODER_OF[sniffed.family] if sniffed else "still"]
            medium = decoder.open(reader, needed_px=request["needed_px"])
        except BaseException:
            reader.close()
            raise
        self._media[number] = medium, reader
        return {"say": "opened", "medium": medium.info.model_dump()}

    def _frame(self, number: int, at: str) -> dict[str, object]:
        medium, _ = self._media[number]
        frame = medium.frame(at)
        self._frames[number, frame.handle] = frame
        return {
            "say": "frame",
            "handle": frame.handle,
            "pts_ms": frame.pts_ms,
            "index": frame.index,
            "flags": frame.flags,
            "medium": medium.info.model_dump(),
        }

    def _view(
        self, number: int, request: dict[str, Any], descriptor: int | None
    ) -> dict[str, object]:
        """Fill the parent's memory with the view's pixels."""
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

    def _close(self, number: int) -> None:
        medium, reader = self._media.pop(number)
        self._frames = {key: frame for key, frame in self._frames.items() if key[0] != number}
        medium.close()
        reader.close()
        # A closed PyAV container is a cycle that holds its last frame: 3 MB each at 1080p.
        del medium, reader
        gc.collect()


def _failed(error: CoverError) -> dict[str, object]:
    return {
        "say": "failed",
        "code": error.code,
        "message": error.message[:1000],
        "stage": error.stage[:100],
    }
