"""What the stories of snapshots and plans are made of, and that they run in the decode child."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from tests.worker.jobs.snapshot_bench import Album, Log, opener
from worker import wiring
from worker.contracts.plans import PlanRequest
from worker.contracts.snapshots import SnapshotRecipe
from worker.jobs.plan import PlanStory
from worker.jobs.snapshot import SnapshotStory
from worker.sandbox.decoder import SandboxedDecoder
from worker.settings import Settings


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings.model_validate({"detect": {"kind": "none"}})


@pytest.fixture(scope="module")
def covers(settings: Settings) -> Iterator[wiring.CoverParts]:
    parts = wiring.cover_parts(settings)
    yield parts
    assert isinstance(parts.decoder, SandboxedDecoder)
    parts.decoder.close()


def test_parts_are_in_the_order_that_stories_take_them() -> None:
    assert wiring.SnapshotParts._fields == tuple(field.name for field in fields(SnapshotStory))
    assert wiring.PlanParts._fields == tuple(field.name for field in fields(PlanStory))


def test_all_stories_share_one_decode_child(settings: Settings, covers: wiring.CoverParts) -> None:
    assert wiring.snapshot_parts(settings, covers).decoder is covers.decoder
    assert wiring.plan_parts(settings, covers).decoder is covers.decoder


def test_limits_are_those_of_the_settings(covers: wiring.CoverParts) -> None:
    limits = {"max_bytes": 12_345_678, "least_share": 0.25}
    parts = wiring.snapshot_parts(Settings.model_validate({"snapshots": limits}), covers)

    assert (parts.max_bytes, parts.least_share) == (12_345_678, 0.25)


def test_snapshots_are_made_in_the_decode_child(
    settings: Settings, covers: wiring.CoverParts, clip: Path
) -> None:
    album, log = Album(), Log()
    everything = {"count": 2, "storyboard": True, "preview": {}, "candidates": 1}

    result = SnapshotStory(*wiring.snapshot_parts(settings, covers)).run(
        SnapshotRecipe.model_validate(everything),
        open_source=opener(clip),
        destination=album,
        attempt=log,
    )

    assert result.status == "succeeded"
    assert sorted(album.files) == [
        "candidate-01.jpg",
        "preview.webp",
        "sheet-01.jpg",
        "snapshot-001.jpg",
        "snapshot-002.jpg",
        "storyboard.m3u8",
        "storyboard.mpd",
        "storyboard.vtt",
    ]
    assert log.told


def test_plans_are_made_in_the_decode_child(
    settings: Settings, covers: wiring.CoverParts, clip: Path
) -> None:
    request = {"snapshots": {"source": {"url": "https://media.example/a.mp4"}, "count": 2}}

    result = PlanStory(*wiring.plan_parts(settings, covers)).run(
        PlanRequest.model_validate(request),
        open_source=opener(clip),
        attempt=Log(),
        cached=lambda fingerprint: False,
    )

    (output,) = result.outputs
    assert (output.count, output.width, output.height) == (2, 640, 360)
    assert result.forecast.frames >= 2
