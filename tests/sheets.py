"""Storyboards read back as players read them: an index by another's parser, tiles from pictures."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import webvtt
from PIL import Image


class ShownTile(NamedTuple):
    """A tile as an index tells it, cut out of its sheet; times in ms."""

    start_ms: int
    end_ms: int
    box: tuple[int, int, int, int]
    picture: Image.Image


def tiles_of(index: Path) -> list[ShownTile]:
    """What a WebVTT index shows, cue by cue; boxes are left, top, width, height in the sheet."""
    sheets: dict[str, Image.Image] = {}
    shown = []
    for cue in webvtt.read(str(index)).captions:
        name, _, place = cue.text.partition("#xywh=")
        if name not in sheets:
            with Image.open(index.parent / unquote(name)) as sheet:
                sheets[name] = sheet.convert("RGB")
        left, top, width, height = map(int, place.split(","))
        picture = sheets[name].crop((left, top, left + width, top + height))
        start_ms, end_ms = _ms(cue.start), _ms(cue.end)
        shown.append(ShownTile(start_ms, end_ms, (left, top, width, height), picture))
    return shown


def _ms(text: str) -> int:
    hours, minutes, seconds = text.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + round(float(seconds) * 1000)
