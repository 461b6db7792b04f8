"""How much a frame tells, by measures that need no model, and a print of how it looks."""

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from worker.ports import Look, View

Mat = npt.NDArray[np.integer[Any] | np.floating[Any]]

_SHORT_PX = 128
_DARK, _BRIGHT = 60.0, 195.0


class _Measures(NamedTuple):
    """Of the luma: mean and deviation in levels, bits of entropy, sharpness; colourfulness."""

    mean: float
    deviation: float
    entropy: float
    sharpness: float
    colour: float


class TellingScorer:
    """Sharp, rich in contrast, tones and colours, neither too dark nor too bright.

    Sharpness is the variance of the Laplacian (Pech-Pacheco et al., Diatom autofocusing in
    brightfield microscopy, ICPR 2000), colourfulness is M3 of Hasler and Süsstrunk (Measuring
    colourfulness in natural images, SPIE 2003), entropy is Shannon's over 64 tones. Larger
    views are brought to a short side of 128 px first, so that looks of all sizes compare.

    The print is a difference hash: nine grey tones in each of eight rows, a bit where brightness
    rises from one to the next. What has no contrast has no print of its own.
    """

    def look(self, view: View) -> Look:
        pixels: Mat = np.frombuffer(view.pixels, np.uint8).reshape(view.height_px, view.width_px, 3)
        short_px = min(view.width_px, view.height_px)
        if short_px > _SHORT_PX:
            share = _SHORT_PX / short_px
            size = (round(view.width_px * share), round(view.height_px * share))
            pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        return Look(_score(_measured(pixels, grey)), _print(grey))


def _score(measures: _Measures) -> float:
    """0 to 100; a frame without contrast or light tells nothing, whatever its other measures."""
    parts = (
        0.45 * min(1.0, np.log1p(measures.sharpness) / np.log1p(3000))
        + 0.25 * min(1.0, measures.deviation / 64)
        + 0.15 * measures.entropy / 6
        + 0.15 * min(1.0, measures.colour / 80)
    )
    contrast = min(1.0, measures.deviation / 24)
    light = min(1.0, measures.mean / _DARK, (255 - measures.mean) / (255 - _BRIGHT))
    return round(100 * float(parts) * contrast * light, 3)


def _measured(pixels: Mat, grey: Mat) -> _Measures:
    mean, deviation = _mean_and_deviation(grey)
    _, edges = _mean_and_deviation(cv2.Laplacian(grey, cv2.CV_16S))
    counts = np.bincount((grey // 4).reshape(-1), minlength=64)
    shares = counts[counts > 0] / grey.size
    return _Measures(
        mean=mean,
        deviation=deviation,
        entropy=float(-(shares * np.log2(shares)).sum()),
        sharpness=edges**2,
        colour=_colourfulness(pixels),
    )


def _colourfulness(pixels: Mat) -> float:
    """M3: 0 for greys, about 82 for highly, 109 for extremely colourful pictures."""
    red, green, blue = cv2.split(pixels.astype(np.int16))
    red_green = _mean_and_deviation(red - green)
    yellow_blue = _mean_and_deviation((red + green) // 2 - blue)
    mean, deviation = np.hypot(red_green, yellow_blue)
    return float(deviation + 0.3 * mean)


def _mean_and_deviation(values: Mat) -> tuple[float, float]:
    mean, deviation = cv2.meanStdDev(values)
    return float(mean[0, 0]), float(deviation[0, 0])


def _print(grey: Mat) -> int:
    tones = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA).astype(np.int16)
    return int.from_bytes(np.packbits(tones[:, 1:] > tones[:, :-1]).tobytes())
