"""Faces of the corpus in their squares: the whole story over every file that has main faces."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.corpus import CorpusFile
from tests.missing import missing
from worker.contracts.requests import Recipe
from worker.contracts.results import Versions
from worker.decoders.pyav import PyavDecoder
from worker.decoders.still import StillDecoder
from worker.detectors.mediapipe import MediapipeDetector
from worker.encoders.jpeg import JpegEncoder
from worker.errors import CoverError
from worker.geometry.shapes import Box, holds
from worker.jobs.cover import CoverStory
from worker.ports import Decoder
from worker.rules.models import DEFAULT_MODEL, FETCH_COMMAND, MODELS, default_path
from worker.settings import DetectSettings
from worker.sources.local import LocalSource
from worker.stores.destinations import FolderDestination

FILES = 64
FILES_WHOLE = 54
FILES_WORSE_THAN_CENTRE = 2

DETECT = DetectSettings()
DECODERS: dict[str, Decoder] = {"image": StillDecoder(), "video": PyavDecoder()}


class Outcome(NamedTuple):
    """How many main faces a cover holds whole, how many could fit, how many a centre crop holds."""

    file: str
    held: int
    fitting: int
    centre: int


class Calm:
    """An attempt that nobody cancels."""

    def enter(self, stage: str) -> None:
        pass

    def progress(self, percent: float, at_ms: int | None = None) -> None:
        """Nobody asks how far it is."""


@pytest.fixture(scope="module")
def detector() -> MediapipeDetector:
    if not default_path().is_file():
        missing("the face model", FETCH_COMMAND)
    return MediapipeDetector(
        model_path=default_path(),
        model_sha256=MODELS[DEFAULT_MODEL].sha256,
        threshold=DETECT.threshold,
        timeout_s=30,
    )


@pytest.mark.corpus
def test_covers_keep_the_main_faces_whole(
    corpus: dict[str, CorpusFile], detector: MediapipeDetector, tmp_path: Path
) -> None:
    """A face counts where its annotated box lies in the crop box, to the pixel."""
    files = [file for file in corpus.values() if _main_faces(file.facts)]
    assert len(files) == FILES

    outcomes = [_outcome(file, detector, tmp_path) for file in files]

    short = [outcome for outcome in outcomes if outcome.held < outcome.fitting]
    worse = [outcome for outcome in outcomes if outcome.held < outcome.centre]
    assert len(outcomes) - len(short) >= FILES_WHOLE, short
    assert len(worse) <= FILES_WORSE_THAN_CENTRE, worse


def _outcome(file: CorpusFile, detector: MediapipeDetector, folder: Path) -> Outcome:
    story = CoverStory(
        decoder=DECODERS[file.facts["kind"]],
        detector=detector,
        encoders={"jpeg": JpegEncoder()},
        detect_short_px=DETECT.short_side_px,
        versions=Versions(firstframe="", av="", mediapipe="", model=detector.model),
    )
    held = 0
    try:
        with FolderDestination(folder=folder, stem=file.path.stem) as destination:
            result = story.run(
                Recipe(sizes=[256]),
                open_source=lambda: LocalSource(max_bytes=64 * 1024 * 1024).open(file.path),
                destination=destination,
                attempt=Calm(),
            )
    except CoverError:
        result = None
    if result is not None and result.crop is not None:
        box = Box(*result.crop.box)
        held = sum(holds(box, face) for face in _main_faces(file.facts))
    return Outcome(
        file.facts["file"],
        held,
        file.facts["main_faces_fitting_a_square"],
        file.facts["centre_crop_keeps"],
    )


def _main_faces(facts: dict[str, Any]) -> list[Box]:
    faces = facts.get("faces") or []
    return [Box(face["x"], face["y"], face["w"], face["h"]) for face in faces if face.get("main")]
