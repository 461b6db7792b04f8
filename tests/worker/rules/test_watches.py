from typing import Any, NamedTuple

import pytest

from worker.contracts.requests import CoverRequest
from worker.rules.watches import look_delay_s, watch_refusal

PLACE = {"provider": "tencent_smh", "library_id": "smh1"}


@pytest.mark.parametrize(
    ("every_s", "failures", "asked_s", "expected_s"),
    [
        pytest.param(300, 0, None, 300, id="usual"),
        pytest.param(300, 1, None, 600, id="a-failure"),
        pytest.param(300, 3, None, 2400, id="failures"),
        pytest.param(300, 9, None, 3600, id="an-hour-at-most"),
        pytest.param(86_400, 2, None, 86_400, id="seldom-anyway"),
        pytest.param(300, 1, 1000, 1000, id="asked-for-more"),
        pytest.param(300, 3, 1000, 2400, id="asked-for-less"),
        pytest.param(300, 1, 1e9, 3600, id="asked-for-too-much"),
        pytest.param(1, 10_000, None, 3600, id="down-for-months"),
    ],
)
def test_the_next_look_is_after(
    every_s: float, failures: int, asked_s: float | None, expected_s: float
) -> None:
    delay_s = look_delay_s(every_s, failures=failures, asked_s=asked_s, draw=0.5)

    assert delay_s == expected_s


def test_looks_are_spread_by_a_tenth() -> None:
    assert look_delay_s(100, draw=0) == pytest.approx(90)
    assert look_delay_s(100, draw=0.999_999) == pytest.approx(110, rel=1e-4)


class Profile(NamedTuple):
    mode: str


PROFILES = {"main": Profile("beside"), "labels": Profile("label")}


@pytest.mark.parametrize(
    ("album", "target", "refused"),
    [
        pytest.param({"album": "trip"}, {"path": "trip/a.jpg"}, True, id="into-the-album"),
        pytest.param({"album": "trip"}, {"path": "/trip//a.jpg"}, True, id="by-another-spelling"),
        pytest.param({}, {"path": "a.jpg"}, True, id="into-the-space"),
        pytest.param({}, {"path": "trip/a.jpg"}, False, id="below-the-space"),
        pytest.param({"album": "trip"}, {"path": "covers/a.jpg"}, False, id="another-folder"),
        pytest.param({"album": "trip"}, {"path": "trip/x/a.jpg"}, False, id="below-the-album"),
        pytest.param(
            {"album": "trip"}, {"path": "trip/a.jpg", "space_id": "team"}, False, id="another-space"
        ),
        pytest.param(
            {"album": "trip"}, {"path": "trip/a.jpg", "profile": "labels"}, False, id="a-label"
        ),
    ],
)
def test_a_cover_that_would_become_a_medium_of_its_album_is_not_watched(
    album: dict[str, str], target: dict[str, Any], refused: bool
) -> None:
    body = {"source": {"album": {**PLACE, **album}}, "target": {**PLACE, **target}, "watch": True}

    found = watch_refusal(CoverRequest.model_validate(body), PROFILES)

    assert (found is not None) == refused
    assert found is None or found.field == "watch"
    unwatched = CoverRequest.model_validate({**body, "watch": False})
    assert watch_refusal(unwatched, PROFILES) is None
