"""What tells the files of a snapshot job from their siblings."""

import re
from typing import Final, Literal

STORYBOARD: Final = "storyboard"
PREVIEW: Final = "preview"

Numbered = Literal["snapshot", "candidate", "sheet", "tile"]

_DIGITS: Final[dict[Numbered, int]] = {"snapshot": 3, "candidate": 2, "sheet": 2, "tile": 4}
FORM: Final = re.compile(rf"(?:{'|'.join(_DIGITS)})-\d+|{STORYBOARD}|{PREVIEW}")


def numbered(kind: Numbered, number: int) -> str:
    """The label of the file of that kind and number, from 1: `snapshot-001`."""
    return f"{kind}-{number:0{_DIGITS[kind]}}"


def is_label(text: str) -> bool:
    """Whether a file of a snapshot job can have that label."""
    return FORM.fullmatch(text) is not None
