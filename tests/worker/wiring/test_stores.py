"""What is kept where, by the settings."""

from pydantic import SecretStr

from worker import wiring
from worker.settings import LibrarySettings, Settings, StoreSettings


def test_a_library_is_of_the_stores_kind_unless_it_has_its_own() -> None:
    minio = StoreSettings(kind="minio", access_key=SecretStr("a"), secret_key=SecretStr("b"))

    assert wiring.library(Settings()).served_here
    assert not wiring.library(Settings(store=minio)).served_here
    both = Settings(store=minio, libraries=LibrarySettings(kind="local"))
    assert wiring.library(both).served_here
