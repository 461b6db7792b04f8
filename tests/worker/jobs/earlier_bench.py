"""Stories over a folder and a Redis that know what was made before."""

from pathlib import Path
from typing import Any

from tests.worker.jobs.snapshot_bench import Log as SnapshotLog
from tests.worker.jobs.snapshot_bench import opener
from tests.worker.jobs.snapshot_bench import story as snapshot_story
from tests.worker.jobs.test_cover import Log, Opener
from tests.worker.jobs.test_cover import story as story_of
from worker.contracts.names import Visibility
from worker.contracts.requests import Recipe
from worker.contracts.results import CoverResult
from worker.contracts.snapshot_results import SnapshotResult
from worker.contracts.snapshots import SnapshotRecipe
from worker.decoders.pyav import PyavDecoder
from worker.detectors.mediapipe import MediapipeDetector
from worker.detectors.none import NoDetector
from worker.ports import OpenMedium, Reader
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
        self.records: ResultRecords[Recipe, CoverResult] = ResultRecords(
            self.redis,
            CoverResult,
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


class CountingDecoder:
    """PyAV's, which counts how often it is asked to open a medium."""

    def __init__(self) -> None:
        self.opened = 0
        self._decoder = PyavDecoder()

    def open(
        self, reader: Reader, *, needed_px: int | None, max_bytes: int | None = None
    ) -> OpenMedium:
        self.opened += 1
        return self._decoder.open(reader, needed_px=needed_px, max_bytes=max_bytes)


class Studio:
    """The story over a folder and a Redis, with what its latest run opened and referred to."""

    def __init__(self, redis_url: str, folder: Path) -> None:
        folder.mkdir()
        self.store = LocalStore(
            folder=folder, public_base_url="http://covers.example", link_secret="secret"
        )
        self.redis = connect(redis_url, timeout_s=5, connect_timeout_s=5)
        self.records: ResultRecords[SnapshotRecipe, SnapshotResult] = ResultRecords(
            self.redis,
            SnapshotResult,
            KeepRules(60, 10),
            making={},
            is_stored=lambda key: self.store.find(key) is not None,
        )
        self.referred: list[str] = []
        self.was_decoded = False

    def make(
        self,
        path: Path,
        wanted: dict[str, Any],
        *,
        visibility: Visibility = "public",
        detector: MediapipeDetector | None = None,
        **changes: Any,
    ) -> SnapshotResult:
        decoder = CountingDecoder()
        self.referred.clear()
        given = {
            "open_source": opener(path),
            "destination": StoreDestination(
                self.store, tenant="ann", visibility=visibility, refer=self.referred.append
            ),
            "attempt": SnapshotLog(),
            "results": self.records.of("ann", visibility, refer=self._refer),
        }
        try:
            return snapshot_story(decoder=decoder, detector=detector).run(
                SnapshotRecipe(**wanted), **{**given, **changes}
            )
        finally:
            self.was_decoded = decoder.opened > 0

    def _refer(self, *keys: str) -> None:
        self.referred += keys
