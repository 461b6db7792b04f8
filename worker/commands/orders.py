"""What commands are asked to make pictures of: a source each, and names for its files."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import typer

from worker.rules.arguments import STDIN, kind_of
from worker.rules.keys import file_stem


class Order(NamedTuple):
    """One source of a command; `stem` names the files that are made of it."""

    source: str
    stem: str


def orders(
    sources: Sequence[str], out_dir: Path, *, is_label: Callable[[str], bool], nameless: str
) -> list[Order]:
    """An order a source. No two write the same files, and none writes over a source.

    Files are DIR/STEM-LABEL.EXT with the labels that `is_label` knows; `nameless` is the stem of
    sources that have no name.
    """
    folder = out_dir.resolve()
    kept = {name for source in sources for name in _names_in(folder, source)}
    taken: set[str] = set()
    made = []
    for source in sources:
        stem = plain = _stem(source) or nameless
        number = 2
        while stem in taken or any(_is_made_of(stem, name, is_label) for name in kept):
            stem, number = f"{plain}-{number}", number + 1
        taken.add(stem)
        made.append(Order(source, stem))
    return made


def check_stdin(sources: Sequence[str]) -> None:
    """Standard input is read once. Raises: typer.BadParameter."""
    if sources.count(STDIN) > 1:
        raise typer.BadParameter("standard input can be given once", param_hint="SOURCE")


def make_folder(out_dir: Path) -> None:
    """Make the folder of the files. Raises: typer.BadParameter."""
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"{out_dir}: {error.strerror}", param_hint="--out-dir") from error


def _names_in(folder: Path, source: str) -> list[str]:
    """The names less their endings that a source has in `folder`, as given and behind links.

    A file of ours that differs from a source in its ending alone is too close.
    """
    if kind_of(source) != "path":
        return []
    path = Path(source)
    places = (path.parent.resolve() / path.name, path.resolve())
    return [place.stem for place in places if place.parent == folder]


def _is_made_of(stem: str, name: str, is_label: Callable[[str], bool]) -> bool:
    start = file_stem(stem, "")
    return name.startswith(start) and is_label(name.removeprefix(start))


def _stem(source: str) -> str:
    kind = kind_of(source)
    if kind == "stdin":
        return "stdin"
    path = unquote(urlsplit(source).path) if kind == "url" else source
    return Path(path).stem.replace("\0", "")
