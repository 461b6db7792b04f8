"""Whatever is done to a space, in whatever order, each entry is exactly where its record says."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.worker.state.shelves import (
    CREATED_MS,
    PLACE,
    Shelf,
    again,
    directory,
    picture,
    upload,
)
from worker.contracts.libraries import ROOT, Conflict, Entry
from worker.errors import RequestError
from worker.rules.library_paths import MAX_NAME_BYTES, check_name
from worker.state.entry_pages import Wanted
from worker.state.entry_records import FIELDS, entry_of, fields_of

IDS = [f"ent_{n}" for n in range(6)]
FOLDERS = [ROOT, *(f"ent_d{n}" for n in range(4))]
NAMES = ["a", "b.x", "é"]
STEP = st.tuples(
    st.sampled_from(["put", "put", "put", "make", "make", "move", "move", "remove", "claim"]),
    st.sampled_from(IDS),
    st.sampled_from(FOLDERS),
    st.sampled_from(FOLDERS),
    st.sampled_from(NAMES),
    st.integers(0, 20),
)
Step = tuple[str, str, str, str, str, int]


class Model:
    """What a space has after the same steps, in the plainest words; claims are never seen."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def _at(self, parent: str, name: str) -> Entry | None:
        here = (e for e in self.entries.values() if (e.parent_id, e.name) == (parent, name))
        return next(here, None)

    def _is_dir(self, entry_id: str) -> bool:
        return entry_id == ROOT or (entry_id in self.entries and entry_id.startswith("ent_d"))

    def _above(self, entry_id: str) -> list[str]:
        above = [entry_id]
        while above[-1] != ROOT:
            above.append(self.entries[above[-1]].parent_id)
        return above

    def put(self, entry: Entry) -> bool:
        known = self.entries.get(entry.id)
        if known is None:
            if not self._is_dir(entry.parent_id) or self._at(entry.parent_id, entry.name):
                return False
            self.entries[entry.id] = entry
        else:
            assert entry.version is not None
            upload_id = entry.version.id.removeprefix("ver_")
            newer = again(known, at_ms=entry.modified_ms, upload=upload_id)
            self.entries[entry.id] = newer
        return True

    def make(self, entry: Entry) -> bool:
        there = self._at(entry.parent_id, entry.name)
        if there is None and entry.id not in self.entries and self._is_dir(entry.parent_id):
            self.entries[entry.id] = entry
            return True
        return there is not None and there.id == entry.id

    def move(self, entry_id: str, parent: str, name: str, overwrite: bool) -> bool:
        known = self.entries.get(entry_id)
        if known is None or not self._is_dir(parent) or entry_id in self._above(parent):
            return False
        there = self._at(parent, name)
        if there is not None and there.id != entry_id:
            if not overwrite or self._is_dir(there.id) or self._is_dir(entry_id):
                return False
            del self.entries[there.id]
        moved = known.model_copy(update={"parent_id": parent, "name": name})
        self.entries[entry_id] = moved
        return True

    def remove(self, entry_id: str) -> bool:
        if any(entry.parent_id == entry_id for entry in self.entries.values()):
            return False
        return self.entries.pop(entry_id, None) is not None


def step_on(shelf: Shelf, model: Model, number: int, step: Step) -> tuple[bool, bool]:
    """Take one step in both, and say for both whether it was done."""
    what, file_id, folder_id, parent, name, time = step
    overwrite, subject = time % 2 == 0, file_id if time % 3 else folder_id
    conflict: Conflict = "overwrite" if overwrite else "ask"
    first = picture(file_id, name, parent=parent, at_ms=CREATED_MS + time)
    file = again(first, at_ms=CREATED_MS + time, upload=str(number))
    folder = directory(folder_id, name, parent=parent)
    index = shelf.index
    try:
        if what == "put":
            wanted = model.put(file)
            index.put(file, instead_of=index.read(PLACE, file.id))
        elif what == "make":
            wanted = folder_id == ROOT or model.make(folder)
            if folder_id != ROOT:
                shelf.make(folder_id, name, parent=parent)
        elif what == "move":
            wanted = subject != ROOT and model.move(subject, parent, name, overwrite)
            index.move(PLACE, subject, parent_id=parent, name=name, conflict=conflict)
        elif what == "remove":
            wanted = subject != ROOT and model.remove(subject)
            return wanted, index.remove(PLACE, subject)
        else:
            wanted = parent == ROOT or parent in model.entries
            transfer = upload(number, name, conflict="rename", parent=parent)
            index.claim(transfer, entry_id=f"ent_claimed{number}")
            shelf.let_claims_run_out()
    except RequestError:
        return wanted, False
    return wanted, True


def check(shelf: Shelf, model: Model) -> None:
    """Compare all that can be asked of the space with the model."""
    seen = {}
    for folder_id in [ROOT, *(i for i in model.entries if i.startswith("ent_d"))]:
        here = {e.name: e for e in model.entries.values() if e.parent_id == folder_id}
        for order in ("name", "creation", "modification", "size"):
            for only in ("dirs", "files"):
                page = shelf.index.page(
                    PLACE, folder_id, Wanted(order, only=only), offset=0, limit=99
                )
                seen.update({entry.id: entry for entry in page.entries})
                names = {n for n, e in here.items() if (e.kind == "dir") == (only == "dirs")}
                assert {entry.name for entry in page.entries} == names
                assert len(page.entries) == len(names)
    assert set(seen) == set(model.entries)
    for entry_id, entry in model.entries.items():
        path = [model.entries[i].name for i in model._above(entry_id)[:-1]][::-1]
        assert shelf.index.read(PLACE, entry_id) == seen[entry_id]
        assert shelf.index.resolve(PLACE, path) == seen[entry_id]
        changes = {"modified_ms": entry.modified_ms} if entry.kind == "dir" else {}
        assert seen[entry_id].model_copy(update=changes) == entry


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(STEP, min_size=10, max_size=50))
def test_every_entry_is_where_its_record_says(
    shelf_of_one_server: Shelf, steps: list[Step]
) -> None:
    shelf, model = shelf_of_one_server, Model()
    shelf.index.clear(PLACE)
    for key in shelf.redis.scan_iter("ff:claim:*"):
        shelf.redis.delete(str(key))

    for number, step in enumerate(steps):
        wanted, done = step_on(shelf, model, number, step)
        assert done is wanted, step
    check(shelf, model)

    shelf.index.clear(PLACE)
    left = {str(key) for key in shelf.redis.scan_iter("ff:*:lib1:-*")}
    # Who shares a claim is forgotten when the claim runs out.
    assert {key for key in left if not key.startswith("ff:claimants:")} == {"ff:space:lib1:-"}


def test_an_entry_is_told_as_it_was_given() -> None:
    file = picture("ent_1", "Größe\x00.jpg")
    folder = directory("ent_2", "d")

    for entry in (file, folder):
        fields = [str(field) for field in fields_of(entry, instead_of="ver_0")]
        assert len(fields) == FIELDS
        assert entry_of(PLACE, fields[:7]) == entry
    assert entry_of(PLACE, None) is None


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
TAKEN = {
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
@pytest.mark.parametrize(("name", "made"), TAKEN.values(), ids=TAKEN)
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
