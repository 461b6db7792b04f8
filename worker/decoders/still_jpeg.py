"""JPEG through libjpeg-turbo, decoded straight to the smallest scale that is fine enough."""

import simplejpeg

from worker.decoders import still_vips
from worker.decoders.pixels import Pixels
from worker.geometry.shapes import Size

# What libjpeg warns of in files that every viewer shows in full.
_HARMLESS = ("extraneous bytes", "Invalid SOS parameters", "Unknown Adobe color transform")
_BACKGROUND = (255, 255, 255)


def pixels(data: bytes, size: Size, short_px: int | None) -> Pixels:
    """The picture as RGB, as stored, its short side scaled to no less than `short_px`.

    Raises: ValueError for files that are cut or damaged.
    """
    least = _least(size, short_px) if short_px else Size(0, 0)
    try:
        _, _, colours, _ = simplejpeg.decode_jpeg_header(data)
        if colours in {"CMYK", "YCCK"}:
            return still_vips.pixels(data, short_px, _BACKGROUND)
        decoded: Pixels = simplejpeg.decode_jpeg(
            data, "RGB", min_width=least.width, min_height=least.height
        )
    except ValueError as warning:
        if not any(text in str(warning) for text in _HARMLESS):
            raise
        # A second opinion, which fails for files that are cut.
        return still_vips.pixels(data, short_px, _BACKGROUND)
    return decoded


def _least(size: Size, short_px: int) -> Size:
    """The size whose short side is `short_px`, rounded down: libjpeg scales by eighths."""
    scale = min(1.0, short_px / size.short_side)
    return Size(max(1, int(size.width * scale)), max(1, int(size.height * scale)))
