"""What makes two results the same: digests of a recipe with its medium, and of a whole request."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from worker.contracts.jobs import AnyRequest
from worker.contracts.requests import Recipe
from worker.geometry.crop import CROP_VERSION

_RECIPE: Final = frozenset(Recipe.model_fields)


def result_key(fingerprint: str, recipe: Recipe, making: Mapping[str, object]) -> str:
    """A digest, in hex, of everything that decides which bytes the covers have.

    `fingerprint` is the medium's strong validator, `making` the versions and settings of those who
    make covers. Of a whole request only the recipe counts. A size given twice counts once.
    """
    wanted = recipe.model_dump(mode="json", include=set(_RECIPE))
    wanted["sizes"] = list(dict.fromkeys(recipe.sizes or ()))
    told = {
        "fingerprint": fingerprint,
        "recipe": wanted,
        "crop": CROP_VERSION,
        "making": dict(making),
    }
    return _digest(json.dumps(told, sort_keys=True))


def flight_of(request: AnyRequest) -> str:
    """A digest, in hex, of the whole request: what is alike may share one job."""
    told = request.model_dump(mode="json", exclude_none=True)
    return _digest(json.dumps(told, sort_keys=True))


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
