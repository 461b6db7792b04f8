"""Results are the same when everything that decides their bytes is, and only then."""

from typing import Any

import pytest

from worker.contracts.requests import CoverRequest, Recipe
from worker.rules.recipes import flight_of, result_key

MEDIUM = 'https://media.example/a.jpg "one" 1000'
MAKING: dict[str, object] = {"firstframe": "1.0", "detect": {"kind": "mediapipe"}}
OTHERS: dict[str, dict[str, Any]] = {
    "sizes": {"sizes": [64]},
    "format": {"format": "webp"},
    "quality": {"quality": 84},
}
BODY: dict[str, Any] = {"source": {"url": "https://media.example/a.jpg"}, "sizes": [256]}


def wanted(**changes: Any) -> CoverRequest:
    return CoverRequest.model_validate({**BODY, **changes})


def key(recipe: Recipe) -> str:
    return result_key(MEDIUM, recipe, MAKING)


def test_the_same_medium_recipe_and_making_have_one_key() -> None:
    assert key(Recipe(sizes=[256])) == key(Recipe(sizes=[256], format="jpeg", quality=85))
    assert key(Recipe()) == result_key(MEDIUM, Recipe(), dict(reversed(MAKING.items())))


def test_every_field_that_can_differ_is_tried() -> None:
    assert OTHERS.keys() == Recipe.model_fields.keys() - {"frame"}, "frame has one policy"


@pytest.mark.parametrize("changes", OTHERS.values(), ids=OTHERS.keys())
def test_another_recipe_has_another_key(changes: dict[str, Any]) -> None:
    assert key(Recipe(**changes)) != key(Recipe())


@pytest.mark.parametrize(
    ("fingerprint", "making"),
    [
        pytest.param(MEDIUM.replace("one", "two"), MAKING, id="changed-medium"),
        pytest.param(MEDIUM, {**MAKING, "firstframe": "1.1"}, id="another-version"),
        pytest.param(MEDIUM, {**MAKING, "detect": {"kind": "none"}}, id="another-detector"),
    ],
)
def test_another_medium_or_making_has_another_key(
    fingerprint: str, making: dict[str, object]
) -> None:
    assert result_key(fingerprint, Recipe(), making) != key(Recipe())


def test_of_a_request_only_the_recipe_counts() -> None:
    other = wanted(lane="backfill", metadata={"a": "b"}, source={"url": "https://other.example/b"})

    assert key(other) == key(Recipe(sizes=[256]))


def test_a_size_given_twice_counts_once_and_their_order_counts() -> None:
    assert key(Recipe(sizes=[64, 256, 64])) == key(Recipe(sizes=[64, 256]))
    assert key(Recipe(sizes=[64, 256])) != key(Recipe(sizes=[256, 64]))


def test_requests_that_are_alike_fly_together() -> None:
    assert flight_of(wanted()) == flight_of(wanted(lane="live", quality=85, visibility=None))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"sizes": [255]}, id="recipe"),
        pytest.param({"source": {"url": "https://media.example/b.jpg"}}, id="source"),
        pytest.param({"lane": "backfill"}, id="lane"),
        pytest.param({"visibility": "private"}, id="visibility"),
        pytest.param({"metadata": {"a": "b"}}, id="metadata"),
    ],
)
def test_requests_that_differ_anywhere_fly_apart(changes: dict[str, Any]) -> None:
    assert flight_of(wanted(**changes)) != flight_of(wanted())
