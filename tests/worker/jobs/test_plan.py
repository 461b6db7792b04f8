"""Plans: what a job would take, told without making anything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.worker.jobs.counting import Counting
from tests.worker.jobs.snapshot_bench import MIB, Log, adapters, opener, told
from tests.worker.jobs.test_snapshot import holed
from worker import registry
from worker.contracts.passes import Forecast
from worker.contracts.plans import PlannedOutput, PlanRequest, PlanResult
from worker.decoders.pyav import PyavDecoder
from worker.decoders.still import StillDecoder
from worker.errors import CoverError
from worker.jobs.plan import PlanStory
from worker.ports import Decoder

CountClip = Callable[[Counting], Path]
SOURCE = {"url": "https://media.example/clip.mp4"}


def plan(path: Path, *, decoder: Decoder | None = None, **request: Any) -> PlanResult:
    story = PlanStory(
        decoder=decoder or PyavDecoder(),
        encoders=adapters(registry.ENCODERS),
        indexes=adapters(registry.INDEXES),
        max_bytes=256 * MIB,
    )
    wanted = {name: {"source": SOURCE, **body} for name, body in request.items()}
    return story.run(
        PlanRequest.model_validate(wanted),
        open_source=opener(path),
        attempt=Log(),
        cached=lambda fingerprint: False,
    )


def test_snapshots_are_forecast(count_clip: CountClip) -> None:
    body = {"count": 3, "sprite": {"columns": 5, "rows": 2}, "storyboard": True, "preview": {}}

    result = plan(count_clip(Counting()), snapshots=body)

    assert [(output.kind, output.count, output.format) for output in result.outputs] == [
        ("snapshot", 3, "jpeg"),
        ("sheet", 1, "jpeg"),
        ("storyboard", 1, "vtt"),
        ("storyboard", 1, "m3u8"),
        ("storyboard", 1, "mpd"),
        ("preview", 1, "webp"),
    ]
    assert result.timeline.duration_ms == 10_000
    assert result.offsets_ms == (*range(0, 2000, 1000), 1667, *range(2000, 9000, 1000), 8333, 9000)
    assert result.forecast.frames >= 42
    assert result.forecast.seeks >= 1
    assert result.cached is False


def test_what_is_planned_is_what_is_made(count_clip: CountClip) -> None:
    clip = count_clip(Counting(scenes=5))
    body: dict[str, Any] = {
        "times": [1, "50%"],
        "width": 160,
        "sprite": {"columns": 3, "rows": 1, "interval_s": 2, "tiles": True},
        "storyboard": True,
        "preview": {"format": "gif", "width": 100},
        "candidates": 2,
        "format": "webp",
    }
    made = {"snapshot": 0, "candidate": 0, "sheet": 0, "tile": 0, "storyboard": 0, "preview": 0}

    outputs = plan(clip, snapshots=body).outputs
    _, album = told(clip, **body)

    for name in album.files:
        made[name.partition("-")[0].partition(".")[0]] += 1
    counts = dict.fromkeys(made, 0)
    for output in outputs:
        counts[output.kind] += output.count
    assert counts == made


def test_a_cover_is_forecast(count_clip: CountClip) -> None:
    result = plan(count_clip(Counting()), cover={"sizes": [256]})

    assert result.outputs == (
        PlannedOutput(kind="cover", count=1, width=256, height=256, format="jpeg"),
    )
    assert result.forecast.frames == 1
    assert result.offsets_ms == ()


def test_a_rotated_clip_is_planned_upright(count_clip: CountClip) -> None:
    clip = count_clip(Counting(width=180, height=320, rotation_cw=90))

    (sheet,) = plan(clip, snapshots={"sprite": {"columns": 2, "rows": 1}}).outputs

    assert (sheet.width, sheet.height) == (320, 284)


def test_a_picture_is_planned(photo: Path) -> None:
    result = plan(photo, decoder=StillDecoder(), snapshots={"count": 5})

    assert result.outputs == (
        PlannedOutput(kind="snapshot", count=1, width=512, height=600, format="jpeg"),
    )
    assert result.offsets_ms == (0,)


def test_what_the_job_would_refuse_is_refused(count_clip: CountClip) -> None:
    with pytest.raises(CoverError) as caught:
        plan(count_clip(Counting()), snapshots={"times": [11]})

    assert caught.value.code == "media.time_beyond_end"


def test_a_clip_that_begins_damaged_is_planned_with_the_size_it_claims(
    count_clip: CountClip, tmp_path: Path
) -> None:
    whole = Counting(width=180, height=320, rotation_cw=90, frames=200, gop=10, scenes=10)
    clip = holed(count_clip(whole), tmp_path, 0.02, 0.4)
    sprite = {"columns": 2, "rows": 1}

    result = plan(clip, snapshots={"sprite": sprite})

    (sheet,) = result.outputs
    assert (result.flags, sheet.width, sheet.height) == (("sizes.claimed",), 320, 90)
    assert told(clip, sprite=sprite)[0].status == "succeeded"


def test_a_clip_of_which_nothing_can_come_is_not_planned(
    count_clip: CountClip, tmp_path: Path
) -> None:
    clip = holed(count_clip(Counting(frames=30)), tmp_path, 0.05, 0.9)

    with pytest.raises(CoverError) as caught:
        plan(clip, snapshots={"count": 1})

    assert caught.value.code.startswith("media.")


@pytest.mark.parametrize("cached", [False, True])
def test_what_was_made_before_costs_nothing(count_clip: CountClip, cached: bool) -> None:
    asked: list[str] = []

    def look(fingerprint: str) -> bool:
        asked.append(fingerprint)
        return cached

    clip = count_clip(Counting())
    result = PlanStory(PyavDecoder(), {}, {}, MIB).run(
        PlanRequest.model_validate({"cover": {"source": SOURCE}}),
        open_source=opener(clip),
        attempt=Log(),
        cached=look,
    )

    assert asked == [opener(clip)().fingerprint]
    assert result.cached is cached
    assert (result.forecast == Forecast(bytes=0, frames=0, seeks=0)) is cached


def test_a_plan_reads_little_of_a_long_clip(count_clip: CountClip) -> None:
    clip = count_clip(Counting(frames=1000, width=640, height=360, gop=50, scenes=200))

    result = plan(clip, snapshots={"storyboard": True})

    assert result.medium.bytes_read < clip.stat().st_size / 3
    assert result.forecast.bytes is not None
    assert result.forecast.bytes > 0
