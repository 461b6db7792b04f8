"""How commands tell what they list: a line, a table, or one JSON object a line."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def tell(text: str) -> None:
    """One line, or some, on standard output."""
    sys.stdout.write(f"{text}\n")


def tell_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows below their heads, in columns as wide as what is in them."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        tell("  ".join(cells).rstrip())


def yes(value: bool) -> str:
    """A fact as lists tell it."""
    return "yes" if value else "no"
