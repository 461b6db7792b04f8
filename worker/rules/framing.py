"""Which part of a frame a snapshot shows, and how large."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from worker.contracts.snapshots import SnapshotRecipe
from worker.geometry.crop import Face, window_crop
from worker.geometry.fitting import centred, fitted, window_like
from worker.geometry.shapes import Box, Size
from worker.rules.offsets import sprite_of

# Raised with every change of what is shown: results that were kept are then made anew.
FRAMING_VERSION: Final = 1


class Framing(NamedTuple):
    """The region of the upright frame that is shown, and the pixels it becomes."""

    box: Box
    pixels: Size


def follows_faces(recipe: SnapshotRecipe) -> bool:
    """Whether faces decide what a snapshot shows."""
    return recipe.size is not None or recipe.fit == "crop"


def framing(recipe: SnapshotRecipe, frame: Size, faces: Sequence[Face]) -> Framing:
    """How the recipe frames an upright frame of that size with those faces.

    `size` and `crop` cut around the faces, `fill` around the middle, both enlarge where they must;
    `fit` shows all and never enlarges; without any side the frame stays as it is.
    """
    exact = _exact_size(recipe)
    if exact is None:
        return Framing(Box(0, 0, *frame), fitted(frame, recipe.width, recipe.height))
    window = window_like(frame, exact)
    if follows_faces(recipe):
        return Framing(window_crop(frame, window, faces).box, exact)
    return Framing(centred(frame, window), exact)


def needed_px(recipe: SnapshotRecipe, detect_short_px: int) -> int | None:
    """The short side of a frame that the recipe's pictures need at most; None for all of it."""
    pictures = (recipe.times, recipe.interval_s, recipe.count, recipe.candidates)
    sides = [side for side in (recipe.size, recipe.width, recipe.height) if side is not None]
    if not sides and any(pictures):
        return None
    sprite = sprite_of(recipe)
    widths = [sprite.tile_width] if sprite else []
    widths += [recipe.preview.width] if recipe.preview else []
    return max(detect_short_px, *sides, *widths)


def _exact_size(recipe: SnapshotRecipe) -> Size | None:
    if recipe.size is not None:
        return Size(recipe.size, recipe.size)
    if recipe.fit not in {"fill", "crop"}:
        return None
    assert recipe.width is not None
    assert recipe.height is not None
    return Size(recipe.width, recipe.height)
