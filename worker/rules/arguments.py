"""What a command line names as a source: a URL, standard input or a path."""

import re
from typing import Final, Literal

from worker.rules.urls import shown

STDIN: Final = "-"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def kind_of(argument: str) -> Literal["url", "stdin", "path"]:
    """Which kind of source an argument names; anything with a scheme is taken for a URL."""
    if argument == STDIN:
        return "stdin"
    return "url" if _URL.match(argument) else "path"


def shown_argument(argument: str) -> str:
    """The argument as it may be shown: a URL without its query and password."""
    return shown(argument) if kind_of(argument) == "url" else argument
