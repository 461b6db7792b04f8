"""Names made of taken ones: the same wherever they are made, and never too long."""

from collections.abc import Callable

import pytest

from tests.worker.state.shelves import PLACE, Shelf, directory, picture, upload
from worker.contracts.libraries import ROOT
from worker.rules.library_paths import MAX_NAME_BYTES, check_name


def rebuilt(shelf: Shelf, name: str) -> str:
    shelf.index.load(PLACE, [picture("ent_1", name)])
    return shelf.now("ent_1").name


MAKERS: dict[str, Callable[[Shelf, str], str]] = {
    "upload": lambda shelf, name: (
        shelf.index.claim(upload(1, name, conflict="rename"), entry_id="ent_1").name
    ),
    "move": lambda shelf, name: (
        shelf.index.move(
            PLACE, shelf.add("ent_1", "from").id, parent_id=ROOT, name=name, conflict="rename"
        ).entry.name
    ),
    "directory": lambda shelf, name: (
        shelf.index.make_directory(directory("ent_1", name), conflict="rename").name
    ),
    "rebuild": rebuilt,
}
# As the vendor's examples show it; what is too long loses whole characters before the number.
NAMES = {
    "an ending": ("file.docx", "file (1).docx"),
    "no ending": ("bar", "bar (1)"),
    "begins with a dot": (".hidden", ".hidden (1)"),
    "ends with a dot": ("a.", "a. (1)"),
    "two endings": ("a.tar.gz", "a.tar (1).gz"),
    "a number already": ("a (1).jpg", "a (1) (1).jpg"),
    "Unicode": ("照.片", "照 (1).片"),
    "just short enough": ("a" * 247 + ".jpg", "a" * 247 + " (1).jpg"),
    "long": ("a" * 251 + ".jpg", "a" * 247 + " (1).jpg"),
    "long without an ending": ("b" * 255, "b" * 251 + " (1)"),
    "long of three bytes each": ("照" * 83 + "x.jpg", "照" * 82 + " (1).jpg"),
    "long of four bytes each": ("🎬" * 62 + "abc.mp4", "🎬" * 61 + " (1).mp4"),
    "long, cut in a character": ("x" + "🎬" * 62 + ".mp4", "x" + "🎬" * 61 + " (1).mp4"),
    "a long ending": ("a." + "b" * 253, "a." + "b" * 249 + " (1)"),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize(("name", "made"), NAMES.values(), ids=NAMES)
def test_a_number_stands_before_the_ending_and_the_name_is_never_too_long(
    shelf_of_one_server: Shelf, make: Callable[[Shelf, str], str], name: str, made: str
) -> None:
    shelf_of_one_server.add("ent_0", name)

    assert make(shelf_of_one_server, name) == made

    check_name(name)
    check_name(made)


def test_of_a_long_name_there_are_as_many_as_are_asked_for(shelf_of_one_server: Shelf) -> None:
    shelf, name = shelf_of_one_server, "照" * 83 + ".jpg"

    made = [
        shelf.index.claim(upload(n, name, conflict="rename"), entry_id=f"ent_{n}").name
        for n in range(120)
    ]

    assert len(set(made)) == len(made)
    assert max(len(each.encode()) for each in made) <= MAX_NAME_BYTES
    assert made[101].endswith("照 (101).jpg")


def test_a_file_that_is_renamed_may_have_the_number_that_is_its_own(shelf: Shelf) -> None:
    shelf.add("ent_1", "a.jpg")
    shelf.add("ent_2", "a (1).jpg")

    moved = shelf.index.move(PLACE, "ent_2", parent_id=ROOT, name="a.jpg", conflict="rename")

    assert (moved.entry.name, moved.replaced) == ("a (1).jpg", None)
    assert shelf.listed() == ["a (1).jpg", "a.jpg"]
