import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from worker.contracts.passes import Forecast, Timeline
from worker.contracts.results import MediumInfo
from worker.sandbox.messages import (
    MAX_SPANS,
    SAID,
    SPANS,
    Done,
    Failed,
    ForecastDone,
    FrameDone,
    NextDone,
    Passed,
    ReadWanted,
    SoonTold,
    TimelineDone,
)

MEDIUM = MediumInfo(kind="image", format="png", codec="png", width=1, height=1).model_dump()
TIMELINE = {
    "say": "timeline",
    "duration_ms": 2000,
    "last_ms": 1960,
    "frames": 50,
    "keys": None,
    "key_gap_ms": None,
}
FORECAST = {"say": "forecast", "bytes": 1 << 30, "frames": 50, "seeks": 3}
FRAME = {"say": "frame", "handle": 1, "pts_ms": None, "index": 0, "flags": [], "medium": MEDIUM}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        pytest.param({"say": "done"}, Done, id="done"),
        pytest.param({"say": "read", "offset": 0, "length": 1}, ReadWanted, id="read"),
        pytest.param(FRAME, FrameDone, id="frame"),
        pytest.param({"say": "next", "frame": FRAME}, NextDone, id="next"),
        pytest.param({"say": "next", "frame": None}, NextDone, id="missing"),
        pytest.param(TIMELINE, TimelineDone, id="timeline"),
        pytest.param(FORECAST, ForecastDone, id="forecast"),
        pytest.param({"say": "passed", "at_ms": -40}, Passed, id="passed"),
        pytest.param({"say": "soon"}, SoonTold, id="soon"),
        pytest.param(
            {"say": "failed", "code": "media.corrupt", "message": "m", "stage": "open"},
            Failed,
            id="failed",
        ),
        pytest.param(
            {"say": "failed", "code": "storage.unavailable", "message": "", "stage": ""},
            Failed,
            id="failed-by-the-store",
        ),
    ],
)
def test_what_the_child_may_say(said: dict[str, object], kind: type) -> None:
    assert isinstance(SAID.validate_json(json.dumps(said), strict=True), kind)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"say": "exec"}, id="unknown"),
        pytest.param({"say": "done", "more": 1}, id="a-field-too-many"),
        pytest.param({"say": "read", "offset": -1, "length": 1}, id="before-the-start"),
        pytest.param({"say": "read", "offset": 0, "length": 0}, id="nothing-to-read"),
        pytest.param({"say": "read", "offset": 0, "length": 1 << 40}, id="too-much-to-read"),
        pytest.param({"say": "read", "offset": "0", "length": 1}, id="text-for-a-number"),
        pytest.param({"say": "read", "offset": True, "length": 1}, id="truth-for-a-number"),
        pytest.param({**FRAME, "pts_ms": 1 << 63}, id="a-time-without-end"),
        pytest.param({"say": "next"}, id="neither-a-frame-nor-none"),
        pytest.param({"say": "next", "frame": {"say": "done"}}, id="no-frame"),
        pytest.param({**TIMELINE, "duration_ms": -1}, id="ends-before-it-begins"),
        pytest.param({**TIMELINE, "frames": 1 << 70}, id="more-frames-than-can-be"),
        pytest.param({**FORECAST, "seeks": 0.5}, id="half-a-jump"),
        pytest.param({"say": "passed", "at_ms": None}, id="passed-nothing"),
        pytest.param({"say": "passed", "at_ms": 1 << 64}, id="passed-everything"),
        pytest.param({"say": "soon", "spans": [[0, 1]]}, id="ranges-in-the-header"),
        pytest.param({**FRAME, "handle": 1.5}, id="half-a-handle"),
        pytest.param({**FRAME, "flags": ["x" * 101]}, id="a-long-flag"),
        pytest.param({**FRAME, "flags": ["x"] * 11}, id="many-flags"),
        pytest.param({**FRAME, "medium": {**MEDIUM, "width": "wide"}}, id="a-wrong-medium"),
        pytest.param(
            {"say": "failed", "code": "auth.invalid", "message": "", "stage": ""}, id="foreign-code"
        ),
    ],
)
def test_what_it_may_not_say(said: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SAID.validate_json(json.dumps(said), strict=True)


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(ValidationError):
        SAID.validate_json(noise, strict=True)


@pytest.mark.parametrize(
    "spans",
    [
        pytest.param([[-1, 5]], id="before-the-start"),
        pytest.param([[0, 0]], id="nothing"),
        pytest.param([[0, 1 << 63]], id="without-end"),
        pytest.param([[0]], id="half-a-range"),
        pytest.param([["0", "1"]], id="text"),
        pytest.param({"0": 1}, id="no-list"),
        pytest.param([[0, 1]] * (MAX_SPANS + 1), id="too-many"),
    ],
)
def test_what_cannot_be_read_soon(spans: object) -> None:
    with pytest.raises(ValidationError):
        SPANS.validate_json(json.dumps(spans), strict=True)


def test_a_timeline_and_a_forecast_come_as_they_were() -> None:
    timeline = SAID.validate_json(json.dumps(TIMELINE), strict=True)
    forecast = SAID.validate_json(json.dumps(FORECAST), strict=True)

    assert isinstance(timeline, TimelineDone)
    assert timeline.timeline == Timeline(duration_ms=2000, last_ms=1960, frames=50)
    assert isinstance(forecast, ForecastDone)
    assert forecast.forecast == Forecast(bytes=1 << 30, frames=50, seeks=3)
