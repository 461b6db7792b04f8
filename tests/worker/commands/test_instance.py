"""The folder of `firstframe up`: its settings file is all that the processes need to share it."""

from pathlib import Path

import pytest

from tests.library_facts import DATA, ENTRY, PLACE, draft, entry
from worker import wiring
from worker.commands.instance import Instance, open_instance
from worker.ports import LinkLook
from worker.settings import Settings


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """An instance whose settings every `Settings.read()` of the test gets."""
    folder = tmp_path / "firstframe-data"
    folder.mkdir()
    made = open_instance(folder, host="127.0.0.1", port=0)
    made.save()
    monkeypatch.setenv("FIRSTFRAME_CONFIG", str(made.config))
    return made


def test_libraries_are_kept_in_the_folder_and_linked_to_below_the_instances_url(
    instance: Instance, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_bytes(DATA)
    library = wiring.library(Settings.read())

    version = library.put(PLACE, ENTRY, file, draft())
    library.note(entry())

    assert library.served_here
    assert (instance.folder / "libraries" / "smh1albums" / "-" / ENTRY).is_dir()
    link = library.link(PLACE, ENTRY, version, look=LinkLook(expires_s=60, name="clip.mp4"))
    assert link.startswith(f"{instance.base_url}/library-objects/smh1albums/-/{ENTRY}/")


def test_links_and_files_outlive_a_restart(instance: Instance, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(DATA)
    before = wiring.library(Settings.read()).put(PLACE, ENTRY, file, draft())

    again = open_instance(instance.folder, host="127.0.0.1", port=0)
    again.save()

    assert again.link_secret == instance.link_secret
    assert wiring.library(Settings.read()).versions(PLACE, ENTRY) == [before]


def test_where_an_instance_is_shown_its_secrets_are_not() -> None:
    instance = Instance(Path("data"), "127.0.0.1", 8000, 6379, "canary-1", "canary-2", "canary-3")

    assert repr(instance) == "Instance('data', 'http://127.0.0.1:8000')"


def test_the_key_of_accounts_is_made_once(instance: Instance) -> None:
    again = open_instance(instance.folder, host="127.0.0.1", port=0)

    key = Settings.read().accounts.key
    assert key is not None
    assert len(key.get_secret_value()) >= 43
    assert again.accounts_key == instance.accounts_key == key.get_secret_value()
