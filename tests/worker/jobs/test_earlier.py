"""A medium that was covered before is not decoded again, while its covers are still there."""

from pathlib import Path
from typing import Any

import pytest

from tests.worker.jobs.test_cover import VERSIONS, Drawer, Log, Opener
from tests.worker.jobs.test_cover import story as story_of
from worker.contracts.names import Visibility
from worker.contracts.requests import Recipe
from worker.contracts.results import CoverResult
from worker.detectors.mediapipe import MediapipeDetector
from worker.detectors.none import NoDetector
from worker.errors import RequestError, StorageError
from worker.ports import Reader
from worker.rules.keys import is_public
from worker.state.connection import connect
from worker.state.results import KeepRules, ResultRecords
from worker.stores.destinations import StoreDestination
from worker.stores.local import LocalStore

RECIPE = Recipe(sizes=[64])
MAKING: dict[str, object] = {"firstframe": "1"}


class Kitchen:
    """The story over a folder and a Redis, with the stages of its latest run."""

    def __init__(self, redis_url: str, folder: Path) -> None:
        folder.mkdir()
        self.store = LocalStore(
            folder=folder, public_base_url="http://covers.example", link_secret="secret"
        )
        self.redis = connect(redis_url, timeout_s=5, connect_timeout_s=5)
        self.records = ResultRecords(
            self.redis,
            KeepRules(60, 10),
            making=MAKING,
            is_stored=lambda key: self.store.find(key) is not None,
        )
        self.stages: list[str] = []
        self.referred: list[str] = []

    def cover(
        self,
        path: Path,
        recipe: Recipe = RECIPE,
        *,
        tenant: str = "ann",
        visibility: Visibility = "public",
        **changes: Any,
    ) -> CoverResult:
        log = Log()
        given = {
            "open_source": Opener(path),
            "destination": StoreDestination(
                self.store, tenant=tenant, visibility=visibility, refer=self.referred.append
            ),
            "results": self.records.of(tenant, visibility, refer=self._refer),
            "attempt": log,
        }
        result = story_of(changes.pop("detector", NoDetector())).run(recipe, **{**given, **changes})
        self.stages = log.stages
        return result

    def _refer(self, *keys: str) -> None:
        self.referred += keys

    @property
    def was_decoded(self) -> bool:
        return "decode" in self.stages


@pytest.fixture
def kitchen(one_redis_url: str, tmp_path: Path) -> Any:
    made = Kitchen(one_redis_url, tmp_path / "objects")
    yield made
    made.redis.close()


@pytest.fixture
def copy(clip: Path, tmp_path: Path) -> Path:
    """A clip that a test may change."""
    path = tmp_path / "copy.mp4"
    path.write_bytes(clip.read_bytes())
    return path


def test_the_same_medium_and_recipe_are_not_decoded_again(kitchen: Kitchen, clip: Path) -> None:
    first = kitchen.cover(clip)
    assert kitchen.was_decoded

    again = kitchen.cover(clip)

    assert not kitchen.was_decoded
    costs = {"medium", "timings_ms"}
    assert again.model_dump(exclude=costs) == first.model_dump(exclude=costs)
    assert again.versions == VERSIONS


def test_what_an_earlier_result_is_told_to_cost_is_what_this_run_cost(
    kitchen: Kitchen, clip: Path
) -> None:
    first = kitchen.cover(clip)

    again = kitchen.cover(clip)

    assert first.medium is not None
    assert again.medium is not None
    assert first.medium.bytes_read > 0
    assert (again.medium.bytes_read, again.medium.requests) == (0, 0)
    spent = again.timings_ms
    assert (spent.decode, spent.detect, spent.crop, spent.encode, spent.store) == (0, 0, 0, 0, 0)
    assert 0 < spent.total < first.timings_ms.total
    assert again.medium.bytes_total == first.medium.bytes_total


def test_an_earlier_result_has_the_label_of_this_source(kitchen: Kitchen, clip: Path) -> None:
    kitchen.cover(clip)
    opener = Opener(clip)

    def relabelled() -> Reader:
        reader = opener()
        reader.label = "another name"
        return reader

    assert kitchen.cover(clip, open_source=relabelled).source == "another name"
    assert not kitchen.was_decoded
    assert opener.is_closed


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"recipe": Recipe(sizes=[65])}, id="another-size"),
        pytest.param({"recipe": Recipe(sizes=[64], quality=84)}, id="another-quality"),
        pytest.param({"recipe": Recipe()}, id="no-size"),
        pytest.param({"tenant": "bob"}, id="another-tenant"),
        pytest.param({"visibility": "private"}, id="another-visibility"),
    ],
)
def test_anything_else_is_decoded(kitchen: Kitchen, clip: Path, changes: dict[str, Any]) -> None:
    kitchen.cover(clip)

    kitchen.cover(clip, **changes)

    assert kitchen.was_decoded


def test_a_medium_that_changed_is_decoded(kitchen: Kitchen, copy: Path) -> None:
    kitchen.cover(copy)
    copy.write_bytes(copy.read_bytes() + b"\0")

    kitchen.cover(copy)

    assert kitchen.was_decoded


def test_a_medium_without_a_fingerprint_is_decoded_each_time(kitchen: Kitchen, clip: Path) -> None:
    def unmarked() -> Reader:
        reader = Opener(clip)()
        reader.fingerprint = None
        return reader

    for _ in range(2):
        kitchen.cover(clip, open_source=unmarked)
        assert kitchen.was_decoded


@pytest.mark.parametrize("index", [0, 1])
def test_a_cover_that_vanished_is_made_again(kitchen: Kitchen, clip: Path, index: int) -> None:
    recipe = Recipe(sizes=[64, 32])
    key = kitchen.cover(clip, recipe).covers[index].key
    assert key
    kitchen.store.delete(key)

    again = kitchen.cover(clip, recipe)

    assert kitchen.was_decoded
    assert again.covers[index].key == key
    assert kitchen.store.find(key) is not None
    kitchen.cover(clip, recipe)
    assert not kitchen.was_decoded


def test_covers_made_without_faces_for_want_of_a_detector_are_not_kept(
    kitchen: Kitchen, clip: Path
) -> None:
    kitchen.cover(clip, without_faces=True)

    kitchen.cover(clip)

    assert kitchen.was_decoded


def test_a_detector_that_fails_leaves_nothing_behind(
    kitchen: Kitchen, clip: Path, broken_detector: MediapipeDetector
) -> None:
    kitchen.cover(clip, detector=broken_detector)

    kitchen.cover(clip, detector=broken_detector)

    assert kitchen.was_decoded


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"attempt": Log("store")}, RequestError, id="cancelled"),
        pytest.param({"destination": Drawer(full=True)}, StorageError, id="store-full"),
    ],
)
def test_a_failure_is_not_kept(
    kitchen: Kitchen, clip: Path, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        kitchen.cover(clip, **changes)

    kitchen.cover(clip)

    assert kitchen.was_decoded


def test_a_job_refers_to_the_covers_that_answer_it(kitchen: Kitchen, clip: Path) -> None:
    made = kitchen.cover(clip, Recipe(sizes=[64, 32])).covers
    kitchen.referred.clear()

    kitchen.cover(clip, Recipe(sizes=[64, 32]))

    assert not kitchen.was_decoded
    assert kitchen.referred == [cover.key for cover in made]


def test_an_earlier_result_of_a_private_cover_is_private(kitchen: Kitchen, clip: Path) -> None:
    kitchen.cover(clip, visibility="private")

    (cover,) = kitchen.cover(clip, visibility="private").covers

    assert not kitchen.was_decoded
    assert cover.url is None
    assert cover.key
    assert not is_public(cover.key)
