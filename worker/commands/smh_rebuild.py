"""`firstframe smh rebuild`: the index of entries, made right by what the library keeps."""

from typing import Annotated

import typer

from worker import wiring
from worker.chores.leftovers import remove_leftovers
from worker.chores.reindex import reindex
from worker.commands.lists import tell
from worker.commands.smh_parts import known_library, known_space, opened
from worker.contracts.libraries import Place
from worker.settings import Settings


def rebuild(
    target: Annotated[
        str,
        typer.Argument(metavar="LIB[/SPACE]", help="A library, or one space of it."),
    ],
) -> None:
    """Make the index of entries in Redis say what the library keeps: names, places, versions.

    What is right stays, so readers and uploads go on meanwhile. Repeat it as often as you like.
    What uploads that died a day ago or earlier left in the library is removed.
    """
    library_id, _, space_id = target.partition("/")
    settings = Settings.read()
    library = wiring.library(settings)
    with opened(settings) as records:
        info = known_library(records, library_id)
        if space_id:
            spaces = [known_space(records, info, space_id)]
        else:
            spaces = records.libraries.spaces(info.id)
        for space in spaces:
            place = Place(info.id, space.id)
            unseen = library.leftovers(place)
            removed = remove_leftovers(records.entries, place, unseen, library.delete)
            done = reindex(records.entries, place, library.entries(place), library)
            tell(
                f"{place.library_id}/{place.space_id}: {done.entries} entries"
                f" ({done.added} added, {done.moved} moved, {done.removed} removed)"
            )
            where = f"{place.library_id}/{place.space_id}"
            if done.noted:
                tell(f"{where}: kept {done.noted} directories that only the index knew")
            if removed:
                tell(f"{where}: removed what {removed} dead upload(s) left")
