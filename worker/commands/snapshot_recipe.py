"""From the options of `firstframe snapshots` to the recipe of its story, mistakes by option."""

import re
from collections.abc import Mapping
from typing import Any, Final

import typer
from pydantic import ValidationError

from worker.contracts.snapshots import MAX_WEBP_PX, SnapshotRecipe

DEFAULT_COUNT: Final = 5

# Option -> where its value goes in the recipe.
_PLACES: Final[dict[str, tuple[str, ...]]] = {
    "every": ("interval_s",),
    **{
        name: (name,)
        for name in ("count", "max", "width", "height", "size", "fit", "format", "quality")
    },
    "pick": ("pick",),
    "storyboard": ("storyboard",),
    "candidates": ("candidates",),
    "tile_width": ("sprite", "tile_width"),
    "sprite_every": ("sprite", "interval_s"),
    "tiles": ("sprite", "tiles"),
    "preview": ("preview", "format"),
    "preview_duration": ("preview", "duration_s"),
    "preview_width": ("preview", "width"),
}
_OPTIONS: Final = {
    ("times",): "--at",
    ("sprite", "columns"): "--sprite",
    ("sprite", "rows"): "--sprite",
    ("sprite",): "--sprite",
    **{place: "--" + name.replace("_", "-") for name, place in _PLACES.items()},
}
# What the recipe refuses as a whole, in words of the options.
_TOGETHER: Final = {
    "one_way": ("--at, --every, --count", "only one of these goes at a time"),
    "max_alone": ("--max", "goes with --every"),
    "size_alone": ("--size", "makes squares, and goes without --width, --height and --fit"),
    "two_sides": ("--fit", "fill and crop need both --width and --height"),
    "wider_than_webp": ("--sprite", f"as WebP a sheet is at most {MAX_WEBP_PX} px wide"),
}
# Options that say how, and those of which one must say that.
_NEEDED: Final = {
    "sprite_every": ("sprite", "storyboard"),
    "tile_width": ("sprite", "storyboard"),
    "tiles": ("sprite", "storyboard"),
    "preview_duration": ("preview",),
    "preview_width": ("preview",),
}
_WHAT: Final = ("at", "every", "count", "sprite", "storyboard", "preview", "candidates")
_TIME: Final = re.compile(r"(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d*)?|\.\d+)")
_GRID: Final = re.compile(r"(\d{1,4})[xX](\d{1,4})")


def recipe_of(options: Mapping[str, Any]) -> SnapshotRecipe:
    """The recipe that the options ask for, by their names in Python; five stills without any.

    Raises: typer.BadParameter, which names the option.
    """
    given = {name: value for name, value in options.items() if _is_given(value)}
    for name, needed in _NEEDED.items():
        if name in given and not any(other in given for other in needed):
            others = " or ".join(f"--{other}" for other in needed)
            raise typer.BadParameter(f"goes with {others}", param_hint=_OPTIONS[_PLACES[name]])
    wanted: dict[str, Any] = {}
    for name, value in given.items():
        if place := _PLACES.get(name):
            _put(wanted, place, value)
    if "at" in given:
        wanted["times"] = [_time(text) for text in given["at"]]
    if "sprite" in given:
        columns, rows = _grid(given["sprite"])
        _put(wanted, ("sprite", "columns"), columns)
        _put(wanted, ("sprite", "rows"), rows)
    if not any(name in given for name in _WHAT):
        wanted["count"] = DEFAULT_COUNT
    return _checked(wanted)


def _is_given(value: Any) -> bool:
    """Whether an option was given; a number 0 was, and is a mistake to be told."""
    return value is not None and value is not False and value != ()


def _put(wanted: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    inner = wanted.setdefault(place[0], {}) if len(place) > 1 else wanted
    inner[place[-1]] = value


def _time(text: str) -> float | str:
    """Seconds, or a share as it is; M:SS and H:MM:SS have seconds and minutes below 60."""
    if text.endswith("%"):
        return text
    found = _TIME.fullmatch(text)
    hours, minutes, seconds = found.groups() if found else (None, None, None)
    if seconds is None or (minutes is not None and float(seconds) >= 60):
        raise typer.BadParameter(
            f"{text!r} is no time: write 12.5 (seconds), 1:30, 0:01:30.500 or 50%",
            param_hint="--at",
        )
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)


def _grid(text: str) -> tuple[int, int]:
    found = _GRID.fullmatch(text)
    if found is None:
        raise typer.BadParameter(
            f"{text!r} is no grid: write columns and rows like 5x5", param_hint="--sprite"
        )
    return int(found[1]), int(found[2])


def _checked(wanted: dict[str, Any]) -> SnapshotRecipe:
    try:
        return SnapshotRecipe.model_validate(wanted)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        together = _TOGETHER.get(first["type"])
        hint, message = together or (_option(first["loc"]), first["msg"])
        raise typer.BadParameter(message, param_hint=hint) from invalid


def _option(place: tuple[int | str, ...]) -> str:
    """The option at fault; behind its name an error may tell the item of a list."""
    names = tuple(part for part in place if isinstance(part, str))
    return _OPTIONS.get(names[:2]) or _OPTIONS[names[:1]]
