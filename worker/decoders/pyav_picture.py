"""Upright RGB views of a decoded video frame, scaled straight from its own pixel format."""

import struct
from fractions import Fraction
from typing import Any, NamedTuple

from av.filter import Graph
from av.sidedata.sidedata import SideDataContainer
from av.sidedata.sidedata import Type as SideDataType
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, ColorTrc

from worker.decoders.pixels import turned, view_of
from worker.geometry.orientation import UPRIGHT, Orientation, of_display_matrix
from worker.geometry.shapes import Box, Size, rounded
from worker.ports import View

_MAX_PIXEL_ASPECT = 10
_MAX_SIDE_PX = 65_535
_MATRIX_BYTES = 36
_HDR = {int(ColorTrc.SMPTE2084): "pq", int(ColorTrc.ARIB_STD_B67): "hlg"}
# ISO/IEC 23091-2 matrix coefficients by the names of FFmpeg's scale filter.
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020"}
_RANGES = {int(ColorRange.MPEG): "tv", int(ColorRange.JPEG): "pc"}


class Picture(NamedTuple):
    """A decoded frame and how it is to be shown; sizes in pixels, `square` before turning."""

    frame: VideoFrame
    square: Size
    orientation: Orientation

    @property
    def upright(self) -> Size:
        return self.orientation.turned(self.square)

    @property
    def hdr(self) -> str | None:
        return _HDR.get(int(self.frame.color_trc))

    def view(self, box: Box, width_px: int, height_px: int) -> View:
        """The upright region `box`, area-averaged to width_px by height_px."""
        stored = self.orientation.stored(box, self.upright)
        size = self.orientation.turned(Size(width_px, height_px))
        pixels = _scaled(self.frame, self._coded(stored), size)
        return view_of(turned(pixels, self.orientation))

    def _coded(self, box: Box) -> Box:
        """`box` of the squared picture in the frame's own, perhaps oblong, pixels."""
        across = Fraction(self.frame.width, self.square.width)
        down = Fraction(self.frame.height, self.square.height)
        left = min(rounded(float(box.left * across)), self.frame.width - 1)
        # FFmpeg's crop filter cuts through the middle of a deep chroma sample at odd offsets.
        left -= left % 2
        top = min(rounded(float(box.top * down)), self.frame.height - 1)
        right = min(max(rounded(float(box.right * across)), left + 1), self.frame.width)
        bottom = min(max(rounded(float(box.bottom * down)), top + 1), self.frame.height)
        return Box(left, top, right - left, bottom - top)


def picture_of(frame: VideoFrame, pixel_aspect: Fraction | None) -> Picture:
    """`frame` with square pixels and upright by its display matrix, where it has one."""
    return Picture(
        frame, _squared(Size(frame.width, frame.height), pixel_aspect), _orientation(frame)
    )


def _orientation(frame: VideoFrame) -> Orientation:
    # The frame's own container refers back to it, and frames would pile up until a collection;
    # PyAV's types know neither how it is made nor that going through it gives the entries.
    entries: Any = SideDataContainer
    for entry in entries(frame):
        if entry.type == SideDataType.DISPLAYMATRIX and entry.buffer_size >= _MATRIX_BYTES:
            return of_display_matrix(struct.unpack("<9i", bytes(entry)[:_MATRIX_BYTES]))
    return UPRIGHT


def _squared(coded: Size, pixel_aspect: Fraction | None) -> Size:
    """The size with square pixels: one side grows, none shrinks; absurd shapes are not believed."""
    aspect = pixel_aspect or Fraction(1)
    if not Fraction(1, _MAX_PIXEL_ASPECT) <= aspect <= _MAX_PIXEL_ASPECT:
        return coded
    if aspect >= 1:
        squared = Size(rounded(float(coded.width * aspect)), coded.height)
    else:
        squared = Size(coded.width, rounded(float(coded.height / aspect)))
    return squared if max(squared) <= _MAX_SIDE_PX else coded


def _scaled(frame: VideoFrame, box: Box, size: Size) -> Any:
    """The region `box` of `frame` as an RGB array of `size`: crop, colours and scale at once."""
    graph = Graph()
    graph.threads = 1
    nodes = [
        graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
        )
    ]
    if box != Box(0, 0, frame.width, frame.height):
        left = box.left - box.left % _column_step(frame.format)
        nodes.append(graph.add("crop", f"{box.width}:{box.height}:{left}:{box.top}:exact=1"))
    nodes += [
        graph.add("scale", f"{size.width}:{size.height}:{_scale_options(frame, box, size)}"),
        graph.add("format", "pix_fmts=rgb24"),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    nodes[0].push(frame)
    scaled = nodes[-1].pull()
    assert isinstance(scaled, VideoFrame)
    return scaled.to_ndarray()


def _column_step(format: VideoFormat) -> int:
    """How many columns FFmpeg's crop filter must move by at once.

    It halves byte offsets for halved chroma, which splits a sample of more than one byte or
    swaps two chroma values that share a plane.
    """
    planes = {component.plane for component in format.components}
    separate = len(planes) == len(format.components)
    if separate and all(component.bits <= 8 for component in format.components):
        return 1
    return 8 // (format.chroma_width(8) or 8)


def _scale_options(frame: VideoFrame, box: Box, size: Size) -> str:
    shrinks = size.width <= box.width and size.height <= box.height
    options = [f"flags={'area' if shrinks else 'bicubic'}+accurate_rnd", "out_range=pc"]
    if not frame.format.is_rgb:
        options.append(f"in_color_matrix={_matrix(frame)}")
    if int(frame.color_range) in _RANGES:
        options.append(f"in_range={_RANGES[int(frame.color_range)]}")
    return ":".join(options)


def _matrix(frame: VideoFrame) -> str:
    """The frame's colour matrix; untagged pictures larger than SD are BT.709, as players assume."""
    large = frame.width >= 1280 or frame.height > 576
    return _MATRICES.get(int(frame.colorspace), "bt709" if large else "bt601")
