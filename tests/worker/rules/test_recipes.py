"""Results are the same when everything that decides their bytes is, and only then."""

from typing import Any

import pytest

from worker.contracts.requests import CoverRequest, Recipe
from worker.contracts.snapshots import SnapshotRecipe, SnapshotRequest
from worker.rules.recipes import flight_of, result_key

MEDIUM = 'https://media.example/a.jpg "one" 1000'
MAKING: dict[str, object] = {"firstframe": "1.0", "detect": {"kind": "mediapipe"}}
OTHERS: dict[str, dict[str, Any]] = {
    "sizes": {"sizes": [64]},
    "format": {"format": "webp"},
    "quality": {"quality": 84},
}
OTHER_SNAPSHOTS: dict[str, dict[str, Any]] = {
    "times": {"times": [1, "50%"]},
    "interval_s": {"interval_s": 2},
    "count": {"count": 3},
    "max": {"interval_s": 1, "max": 9},
    "width": {"width": 64},
    "height": {"height": 64},
    "size": {"size": 64},
    "fit": {"width": 64, "height": 64, "fit": "crop"},
    "format": {"format": "png"},
    "quality": {"quality": 84},
    "pick": {"pick": "nearest_key"},
    "sprite": {"sprite": {"columns": 2}},
    "storyboard": {"storyboard": True},
    "preview": {"preview": {}},
    "candidates": {"candidates": 1},
}
BODY: dict[str, Any] = {"source": {"url": "https://media.example/a.jpg"}, "sizes": [256]}


def wanted(**changes: Any) -> CoverRequest:
    return CoverRequest.model_validate({**BODY, **changes})


def snapshots(**changes: Any) -> SnapshotRecipe:
    way = {} if {"times", "interval_s"} & changes.keys() else {"count": 2}
    return SnapshotRecipe.model_validate({**way, **changes})


def key(recipe: Recipe | SnapshotRecipe) -> str:
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


def test_every_field_of_snapshots_is_tried() -> None:
    assert OTHER_SNAPSHOTS.keys() == SnapshotRecipe.model_fields.keys()


def test_recipes_of_snapshots_that_differ_have_keys_that_differ() -> None:
    recipes = [snapshots(), *(snapshots(**changes) for changes in OTHER_SNAPSHOTS.values())]
    recipes += [snapshots(sprite={}), snapshots(sprite={"tiles": True}), snapshots(interval_s=1)]
    recipes += [snapshots(width=64, height=64), snapshots(preview={"format": "mp4"})]

    assert len({key(recipe) for recipe in recipes}) == len(recipes)


def test_times_count_once_and_in_any_order() -> None:
    one, other = snapshots(times=[2, "50%", 1, 2.0]), snapshots(times=[1, "50.0%", 2])

    assert key(one) == key(other)
    assert key(one) != key(snapshots(times=[1, 2]))


def test_of_a_request_for_snapshots_only_the_recipe_counts() -> None:
    body = {**BODY, "count": 2, "lane": "live", "metadata": {"a": "b"}, "visibility": "private"}
    body.pop("sizes")

    assert key(SnapshotRequest.model_validate(body)) == key(snapshots())


def test_snapshots_and_covers_have_keys_of_their_own() -> None:
    assert key(snapshots(size=64, count=1)) != key(Recipe(sizes=[64]))


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
