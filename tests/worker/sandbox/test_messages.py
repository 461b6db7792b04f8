import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from worker.contracts.results import MediumInfo
from worker.sandbox.messages import SAID, Done, Failed, FrameDone, ReadWanted

MEDIUM = MediumInfo(kind="image", format="png", codec="png", width=1, height=1).model_dump()
FRAME = {"say": "frame", "handle": 1, "pts_ms": None, "index": 0, "flags": [], "medium": MEDIUM}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        pytest.param({"say": "done"}, Done, id="done"),
        pytest.param({"say": "read", "offset": 0, "length": 1}, ReadWanted, id="read"),
        pytest.param(FRAME, FrameDone, id="frame"),
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
