"""From a crop box to its covers: scaled, encoded, stored and told."""

from typing import NamedTuple

from worker.contracts.results import CoverInfo, CropInfo
from worker.geometry.shapes import Box, Size
from worker.jobs.files import put
from worker.jobs.timing import Stopwatch
from worker.ports import Destination, Encoder, Frame, OpenMedium, Output
from worker.rules.keys import cover_label


class Picture(NamedTuple):
    """The frame of a medium that its covers show."""

    medium: OpenMedium
    frame: Frame
    size: Size

    @property
    def whole(self) -> Box:
        return Box(0, 0, *self.size)


class Encoded(NamedTuple):
    """A finished cover that is not stored yet; without a size it is the whole frame."""

    size_px: int | None
    pixels: Size
    data: bytes


def claimed_size(medium: OpenMedium) -> Size:
    """The size that the medium is known to have so far."""
    return Size(medium.info.width, medium.info.height)


def upright_size(medium: OpenMedium) -> Size:
    """The size of the upright frame; of a video the first one is decoded for it.

    Raises: MediaError, SourceError.
    """
    if medium.info.kind == "video":
        medium.release(medium.frame("first"))
    return claimed_size(medium)


def encoded(
    picture: Picture,
    crop: CropInfo,
    encoder: Encoder,
    size_px: int | None,
    *,
    quality: int,
    watch: Stopwatch,
) -> Encoded:
    """The crop box scaled to a square of `size_px`, or as it is without a size."""
    box = Box(*crop.box)
    pixels = Size(size_px, size_px) if size_px else Size(box.width, box.height)
    with watch.stage("crop"):
        view = picture.medium.view(picture.frame, box, *pixels)
    with watch.stage("encode"):
        return Encoded(size_px, pixels, encoder.encode(view, quality=quality))


def stored(
    cover: Encoded, encoder: Encoder, *, crop: CropInfo, destination: Destination
) -> CoverInfo:
    """Put a cover where it goes, and say what and where it is. Raises: StorageError."""
    label = cover_label(cover.size_px)
    output = Output("covers", label, encoder.extension, encoder.content_type)
    return CoverInfo(
        size=cover.size_px,
        ratio="1:1" if cover.size_px else None,
        crop_box=crop.box,
        width=cover.pixels.width,
        height=cover.pixels.height,
        **put(destination, cover.data, output).model_dump(),
        upscaled=cover.pixels.width > crop.box[2],
    )
