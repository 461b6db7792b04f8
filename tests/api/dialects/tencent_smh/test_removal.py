"""Removing that is broken off anywhere: what was deleted never comes back, and removal goes on."""

import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
import redis
from ulid import ULID

from api.dialects.tencent_smh.removal import Remover
from tests.api.dialects.tencent_smh.shop import Shop
from worker import wiring
from worker.chores.reindex import reindex
from worker.contracts.libraries import Place
from worker.errors import StorageError
from worker.libraries.local import LocalLibrary
from worker.state.entries import EntryIndex

HERE = Place("smh1", "-")
Blob = Callable[[bytes], Path]


class BreakingLibrary(LocalLibrary):
    """A library that fails, or whose caller dies, before the bytes are removed."""

    error: BaseException

    def delete(self, place: Place, entry_id: str) -> None:
        raise self.error


class BreakingIndex(EntryIndex):
    """An index whose caller dies before it removes anything."""

    def remove(self, place: Place, entry_id: str) -> bool:
        raise KeyboardInterrupt


class BusyIndex(EntryIndex):
    """An index in which something comes into a directory just before that is removed."""

    come: Callable[[], object]

    def remove(self, place: Place, entry_id: str) -> bool:
        self.come()
        return super().remove(place, entry_id)


@pytest.fixture
def client(shop: Shop) -> redis.Redis:
    return wiring.redis_client(shop.settings, timeout_s=5)


@pytest.fixture
def here(shop: Shop) -> Shop:
    shop.library(kind="file")
    return shop


def breaking(shop: Shop, error: BaseException) -> BreakingLibrary:
    library = BreakingLibrary(
        folder=shop.settings.libraries.folder, public_base_url="http://a.example", link_secret=None
    )
    library.error = error
    return library


def rebuilt(shop: Shop) -> list[str]:
    """The names in the top directory after the index was lost and made anew, and then again."""
    names = []
    for lose in (False, True):
        if lose:
            shop.state.entries.clear(HERE)
        reindex(shop.state.entries, HERE, shop.bytes.entries(HERE), shop.bytes)
        children = shop.state.entries.children(HERE, "root", limit=100)
        names.append([entry.name for entry in children])
    assert names[0] == names[1]
    return names[0]


@pytest.mark.parametrize("died_before", ["index", "bytes"])
def test_no_rebuild_brings_back_a_file_whose_removal_was_broken_off(
    here: Shop, client: redis.Redis, blob: Blob, died_before: str
) -> None:
    entry = here.put(HERE, "gone.txt", blob(b"gone"))
    here.put(HERE, "kept.txt", blob(b"kept"))
    remover = Remover(here.state.entries, here.bytes)
    if died_before == "index":
        remover = remover._replace(entries=BreakingIndex(client))
    else:
        remover = remover._replace(library=breaking(here, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        remover.file(entry)

    assert rebuilt(here) == ["kept.txt"]


def test_a_file_whose_bytes_could_not_be_removed_can_be_removed_again(
    here: Shop, blob: Blob
) -> None:
    entry = here.put(HERE, "a.txt", blob(b"text"))
    remover = Remover(here.state.entries, here.bytes)

    with pytest.raises(StorageError):
        remover._replace(library=breaking(here, StorageError("storage.unavailable"))).file(entry)

    assert here.state.entries.resolve(HERE, ["a.txt"]) == entry
    remover.file(entry)
    assert here.state.entries.resolve(HERE, ["a.txt"]) is None
    assert here.bytes.versions(HERE, entry.id) == []


def test_the_bytes_of_a_file_that_the_index_let_go_before_are_removed(
    here: Shop, blob: Blob
) -> None:
    """As when the index's answer was lost."""
    entry = here.put(HERE, "a.txt", blob(b"text"))
    here.state.entries.remove(HERE, entry.id)

    Remover(here.state.entries, here.bytes).file(entry)

    assert here.bytes.versions(HERE, entry.id) == []


def test_a_directory_that_is_in_use_again_keeps_its_document(
    here: Shop, client: redis.Redis, blob: Blob
) -> None:
    directory_id = here.directory(HERE, "d")
    directory = here.state.entries.read(HERE, directory_id)
    assert directory is not None
    index, new = BusyIndex(client), blob(b"new")
    index.come = lambda: here.put(HERE, f"{ULID()}.txt", new, parent_id=directory_id)
    remover = Remover(index, here.bytes)

    assert not remover.directory(directory, ends_at_s=time.monotonic() + 0.2)

    assert directory_id in {entry.id for entry in here.bytes.entries(HERE)}


def test_a_space_that_is_made_again_inherits_nothing(
    api: httpx2.Client, shop: Shop, blob: Blob
) -> None:
    shop.library(kind="file", multi_tenant=True)
    place = shop.space("a")
    unseen = shop.put(place, "unseen.txt", blob(b"text"))
    shop.state.entries.remove(place, unseen.id)
    queries = {"access_token": shop.token("smh1", "admin"), "force": "1"}

    assert api.delete("/space/smh1/a", params=queries).status_code == 200

    shop.space("a")
    done = reindex(shop.state.entries, place, shop.bytes.entries(place), shop.bytes)
    assert done.entries == 0
    assert shop.bytes.versions(place, unseen.id) == []
