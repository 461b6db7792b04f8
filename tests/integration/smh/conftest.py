"""The served dialect of Tencent SMH as a whole: one server, and libraries that tests fill."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.api.conftest import Served, serve, served, settings
from tests.api.dialects.tencent_smh.conftest import (
    api,
    blob,
    clerk,
    cook,
    shared,
    shop,
    story,
    uploader,
)
from tests.api.dialects.tencent_smh.shop import Shop
from tests.integration.smh.keepers import Keeper, Tree, local_keeper, minio_keeper
from worker.settings import Settings

__all__ = [
    "api",
    "blob",
    "clerk",
    "cook",
    "serve",
    "served",
    "settings",
    "shared",
    "shop",
    "story",
    "uploader",
]


Blob = Callable[[bytes], Path]


@pytest.fixture
def local(served: Served, settings: Settings, shop: Shop) -> Keeper:
    return local_keeper(settings, served)


@pytest.fixture(params=["local", pytest.param("minio", marks=pytest.mark.minio)])
def keeper(request: pytest.FixtureRequest, shop: Shop, settings: Settings) -> Keeper:
    if request.param == "local":
        found: Keeper = request.getfixturevalue("local")
        return found
    given = (request.getfixturevalue("minio"), settings, request.getfixturevalue("serve"))
    return minio_keeper(*given)


@pytest.fixture
def tree(keeper: Keeper, blob: Blob) -> Tree:
    return Tree(keeper, blob)
