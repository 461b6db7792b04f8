"""What makes two results the same: digests of a recipe with its medium, and of a whole request."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from worker.contracts.jobs import AnyRequest
from worker.contracts.requests import Recipe
from worker.contracts.snapshots import SnapshotRecipe
from worker.geometry.crop import CROP_VERSION
from worker.rules.candidates import CANDIDATES_VERSION
from worker.rules.framing import FRAMING_VERSION
from worker.rules.offsets import OFFSETS_VERSION
from worker.rules.pieces import PIECES_VERSION

_COVER_RULES: Final = {"crop": CROP_VERSION}
_SNAPSHOT_RULES: Final = {
    "crop": CROP_VERSION,
    "offsets": OFFSETS_VERSION,
    "framing": FRAMING_VERSION,
    "candidates": CANDIDATES_VERSION,
    "pieces": PIECES_VERSION,
}


def result_key(
    fingerprint: str, recipe: Recipe | SnapshotRecipe, making: Mapping[str, object]
) -> str:
    """A digest, in hex, of everything that decides which files are made and what bytes they have.

    `fingerprint` is the medium's strong validator, `making` the versions and settings of those who
    make pictures. Of a whole request only the recipe counts, and of the recipe only what it means.
    """
    told = {
        **(_cover(recipe) if isinstance(recipe, Recipe) else _snapshots(recipe)),
        "fingerprint": fingerprint,
        "making": dict(making),
    }
    return _digest(json.dumps(told, sort_keys=True))


def flight_of(request: AnyRequest) -> str:
    """A digest, in hex, of the whole request: what is alike may share one job."""
    told = request.model_dump(mode="json", exclude_none=True)
    return _digest(json.dumps(told, sort_keys=True))


def _cover(recipe: Recipe) -> dict[str, Any]:
    """A size given twice counts once; their order is that of the covers."""
    wanted = recipe.model_dump(mode="json", include=set(Recipe.model_fields))
    wanted["sizes"] = list(dict.fromkeys(recipe.sizes or ()))
    return {"kind": "cover", "recipe": wanted, "rules": _COVER_RULES}


def _snapshots(recipe: SnapshotRecipe) -> dict[str, Any]:
    """Times are answered in their own order, each once."""
    wanted = recipe.model_dump(mode="json", include=set(SnapshotRecipe.model_fields))
    wanted["times"] = sorted(set(recipe.times or ()), key=str)
    return {"kind": "snapshot", "recipe": wanted, "rules": _SNAPSHOT_RULES}


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
