"""What a killed process leaves in the spool folder."""

import os
import time
from collections.abc import Callable

from api.spool import LEFTOVER_AGE_S, PREFIX
from tests.api.conftest import Served
from worker.settings import Settings


def test_old_leftovers_are_removed_at_start_and_nothing_else(
    settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    folder = settings.api.spool_folder
    assert folder is not None
    folder.mkdir(exist_ok=True)
    old, new, other = (folder / name for name in (f"{PREFIX}old", f"{PREFIX}new", "other"))
    long_ago_s = time.time() - LEFTOVER_AGE_S - 60
    for path in (old, new, other):
        path.write_bytes(b"bytes")
    for path in (old, other):
        os.utime(path, (long_ago_s, long_ago_s))

    serve(settings)

    assert (old.exists(), new.exists(), other.exists()) == (False, True, True)
    new.unlink()
    other.unlink()


def test_a_spool_folder_that_is_not_there_yet_is_no_hindrance(
    settings: Settings, serve: Callable[[Settings], Served]
) -> None:
    folder = settings.store.folder / "not" / "there"
    api = settings.api.model_copy(update={"spool_folder": folder})

    serve(settings.model_copy(update={"api": api}))
