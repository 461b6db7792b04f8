"""The first frame of a video that is shown: one picture decoded where that is enough."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import Any, NamedTuple

import av
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from worker.decoders.pyav_container import Opened, open_video
from worker.decoders.pyav_file import translated
from worker.errors import MediaError
from worker.ports import Reader

_MAX_PACKETS = 2000
_MAX_FAULTS = 60


class Decoded(NamedTuple):
    """A frame, how many damaged ones came before it, and what only the open container knows."""

    frame: VideoFrame
    skipped: int
    pts_ms: int
    pixel_aspect: Fraction | None


def _decoded(opened: Opened, frame: VideoFrame, skipped: int) -> Decoded:
    """`pts_ms` counts from the container's start, which broadcasts put anywhere."""
    start_s = Fraction(opened.container.start_time or 0, av.time_base)
    shown_s = (frame.pts or 0) * (frame.time_base or Fraction(0))
    stream = opened.stream
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return Decoded(frame, skipped, max(0, round((shown_s - start_s) * 1000)), aspect)


def first_of_key_packet(opened: Opened) -> Decoded | None:
    """The picture of the first key packet alone; None where that gives none that is whole.

    A video cut in the middle of a group of pictures hides its first key picture by an edit list.

    Raises: MediaError, SourceError.
    """
    context = opened.stream.codec_context
    with translated(opened.file, "decode"):
        packet = next((p for p in _packets(opened) if p.is_keyframe and not p.is_corrupt), None)
        if packet is None or packet.is_discard:
            return None
        try:
            frames = context.decode(packet) or context.decode(None)
        except av.error.InvalidDataError:
            return None
        whole = frames and not frames[0].is_corrupt
        return _decoded(opened, frames[0], 0) if whole else None


def first_in_order(reader: Reader, *, max_pixels: int) -> Decoded:
    """The first whole frame that ordinary decoding from the start shows.

    A strict decoder looks first. A video of which it takes no frame at all is odd rather than
    damaged, and is left to a lenient one.

    Raises: MediaError `media.corrupt` where all that came was damaged, `media.no_frames` where
        nothing came; SourceError.
    """
    try:
        return _in_order(reader, max_pixels, lenient=False)
    except MediaError as error:
        if error.code != "media.corrupt":
            raise
    return _in_order(reader, max_pixels, lenient=True)


def only_lenient(reader: Reader, *, max_pixels: int) -> bool:
    """Whether a strict decoder shows no frame of the medium at all. Raises: SourceError."""
    try:
        _in_order(reader, max_pixels, lenient=False)
    except MediaError as error:
        return error.code == "media.corrupt"
    return False


def _in_order(reader: Reader, max_pixels: int, *, lenient: bool) -> Decoded:
    opened = open_video(reader, max_pixels=max_pixels, probing=True, lenient=lenient)
    try:
        with translated(opened.file, "decode"):
            return _first_whole(opened)
    finally:
        opened.close()


def _first_whole(opened: Opened) -> Decoded:
    faults = 0
    for frame in _frames(opened):
        if frame is not None and not frame.is_corrupt:
            return _decoded(opened, frame, faults)
        faults += 1
        if faults >= _MAX_FAULTS:
            break
    code = "media.corrupt" if faults else "media.no_frames"
    raise MediaError(code, stage="decode")


def _frames(opened: Opened) -> Iterator[VideoFrame | None]:
    """Frames in the order of showing, None for each packet that could not be decoded."""
    context = opened.stream.codec_context
    for packet in chain(_packets(opened), (None,)):
        if packet is not None and packet.is_corrupt:
            yield None
            continue
        try:
            yield from context.decode(packet)
        except av.error.InvalidDataError:
            yield None


def _packets(opened: Opened) -> "Iterator[Packet[VideoStream]]":
    """The stream's packets with data, at most as many as any first frame needs.

    Raises: MediaError `media.encrypted`: decoding would give coloured noise and call it a frame.
    """
    for count, packet in enumerate(opened.container.demux(opened.stream)):
        if count >= _MAX_PACKETS:
            return
        if is_encrypted(packet):
            raise MediaError("media.encrypted", stage="decode")
        if packet.size:
            yield packet


def is_encrypted(packet: "Packet[Any]") -> bool:
    """Whether the packet carries common encryption's side data (ISO/IEC 23001-7)."""
    return packet.has_sidedata("encryption_info") or packet.has_sidedata("encryption_init_info")
