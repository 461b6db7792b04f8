"""Opens a container for its video stream, with every door of FFmpeg but the reader shut."""

from dataclasses import dataclass
from typing import NoReturn

import av
from av.codec.context import ThreadType
from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from worker.decoders.pyav_file import AvFile, translated
from worker.errors import MediaError
from worker.ports import Reader

_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,ogg,asf"
_NOT_VIDEO = Disposition.attached_pic | Disposition.timed_thumbnails
_BUFFER_BYTES = 32 * 1024
# FFmpeg reads what is larger than its buffer in one read of just that size: key packets are.
_SMALL_BUFFER_BYTES = 8 * 1024

av.logging.set_level(None)


@dataclass(frozen=True, slots=True)
class Opened:
    """A container and the video stream to show."""

    file: AvFile
    container: InputContainer
    stream: VideoStream

    def close(self) -> None:
        self.container.close()


def open_video(
    reader: Reader,
    *,
    max_pixels: int,
    probing: bool = False,
    lenient: bool = False,
    seeking: bool = False,
) -> Opened:
    """Open `reader` for its first real video stream.

    Without `probing` no decoder runs while opening, which halves the price of a first frame;
    some streams then tell their size and frame order only when decoded. A `lenient` decoder
    paints over what is damaged, and some say nothing of it. For `seeking` the whole index is read,
    fragment by fragment where it lies scattered: without it seeks go wrong silently.

    Raises: MediaError, SourceError.
    """
    file = AvFile(reader)
    options = {
        "format_whitelist": _FORMATS,
        "protocol_whitelist": "",
        "max_pixels": str(max_pixels),
        # The frame rate is not asked for, so no packets are read to guess it.
        "fpsprobesize": "0",
    }
    if not seeking:
        options["fflags"] = "+ignidx"
    if not probing:
        options["codec_whitelist"] = "none"
    with translated(file, "open"):
        container = av.open(
            file,
            "r",
            options=options,
            io_open=_refuse,
            metadata_errors="replace",
            buffer_size=_SMALL_BUFFER_BYTES if seeking else _BUFFER_BYTES,
        )
        try:
            stream = _video_stream(container)
            _prepare(stream, max_pixels, lenient)
            return Opened(file, container, stream)
        except BaseException:
            container.close()
            raise


def _refuse(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    """No container makes us open anything else."""
    raise PermissionError("other files stay closed")


def _video_stream(container: InputContainer) -> VideoStream:
    """The stream to show; the packets of all others are not even read."""
    shown = [s for s in container.streams.video if not s.disposition & _NOT_VIDEO]
    if not shown:
        raise MediaError("media.no_video_stream", stage="open")
    stream = next((s for s in shown if s.disposition & Disposition.default), shown[0])
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    return stream


def _prepare(stream: VideoStream, max_pixels: int, lenient: bool) -> None:
    """Set the decoder up; its options are given here, as av.open does not pass them on."""
    context: VideoCodecContext | None = stream.codec_context
    if context is None:
        raise MediaError("media.unsupported_codec", stage="open")
    check_pixels(context.width, context.height, max_pixels)
    context.thread_type, context.thread_count = ThreadType.NONE, 1
    context.options = {"max_pixels": str(max_pixels)}
    if not lenient:
        context.options["err_detect"] = "explode"


def check_pixels(width: int, height: int, max_pixels: int) -> None:
    """Raises: MediaError `media.too_many_pixels`."""
    if width * height > max_pixels:
        raise MediaError("media.too_many_pixels", stage="open")
