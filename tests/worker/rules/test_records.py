"""What the ledger goes by: targets, accounts, and which cover is recorded."""

import pytest
from pydantic import TypeAdapter

from tests.worker.state.orders import made
from worker.contracts.targets import Target
from worker.rules.catalogue import image_id
from worker.rules.records import account_of, cover_of, target_key

JOB = "job_1"


def target(**told: object) -> Target:
    parsed: Target = TypeAdapter(Target).validate_python(told)
    return parsed


HUAWEI = {"provider": "huawei_vod", "asset_id": "x"}
DRY = {"provider": "dry_run", "of": HUAWEI}
OURS = {"provider": "firstframe", "medium_id": "a" * 32}
AS_SET = {"by": "huawei_vod"}
SMH = {"provider": "tencent_smh", "library_id": "smh1", "path": "a/b.mp4"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(HUAWEI, {**HUAWEI, "size": 320}, True, id="another-size"),
        pytest.param(HUAWEI, {**HUAWEI, "profile": "main"}, True, id="the-default-named"),
        pytest.param(HUAWEI, {**HUAWEI, "profile": "other"}, False, id="another-profile"),
        pytest.param(HUAWEI, {**HUAWEI, "asset_id": "y"}, False, id="another-asset"),
        pytest.param(OURS, {**OURS, "as_set": AS_SET}, True, id="set-by-a-client"),
        pytest.param(SMH, {**SMH, "user_id": "ann"}, True, id="as-another-user"),
        pytest.param(SMH, {**SMH, "path": "/a//b.mp4"}, True, id="with-more-slashes"),
        pytest.param(SMH, {**SMH, "path": "a b.mp4"}, False, id="another-path"),
        pytest.param(SMH, {**SMH, "space_id": "other"}, False, id="another-space"),
        pytest.param(
            {**DRY, "of": SMH},
            {"provider": "dry_run", "of": {**SMH, "path": "/a/b.mp4"}},
            True,
            id="dry-with-more-slashes",
        ),
        pytest.param(HUAWEI, DRY, False, id="a-dry-run"),
        pytest.param(DRY, {**DRY, "of": {**HUAWEI, "size": 320}}, True, id="dry-another-size"),
        pytest.param(DRY, {**DRY, "of": {**HUAWEI, "asset_id": "y"}}, False, id="dry-another"),
    ],
)
def test_targets_have_one_key_when_they_are_one_thing(
    one: dict[str, object], other: dict[str, object], same: bool
) -> None:
    assert (target_key(target(**one)) == target_key(target(**other))) is same


@pytest.mark.parametrize(
    ("told", "account"),
    [(HUAWEI, "huawei_vod/main"), (DRY, "dry_run"), (OURS, "firstframe")],
    ids=["profile", "dry-run", "ours"],
)
def test_an_account_is_a_provider_with_its_profile(told: dict[str, object], account: str) -> None:
    assert account_of(target(**told)) == account


@pytest.mark.parametrize(
    ("sizes", "told", "chosen"),
    [
        pytest.param((320, 640, 128), HUAWEI, 640, id="the-largest"),
        pytest.param((320, 640), {**HUAWEI, "size": 320}, 320, id="the-named"),
        pytest.param((320, 640), {**DRY, "of": {**HUAWEI, "size": 320}}, 320, id="named-inside"),
        pytest.param((320,), {**HUAWEI, "size": 640}, None, id="not-made"),
        pytest.param((), HUAWEI, None, id="none"),
    ],
)
def test_the_cover_of_the_targets_size_is_recorded_else_the_largest(
    sizes: tuple[int, ...], told: dict[str, object], chosen: int | None
) -> None:
    cover = cover_of(made(*sizes), target(**told), job=JOB)

    assert (cover and cover.width) == chosen


def test_a_recorded_cover_is_the_stored_one_with_its_picture() -> None:
    cover = cover_of(made(640), target(**HUAWEI), job=JOB)

    assert cover is not None
    assert (cover.key, cover.url) == ("covers/640.jpg", "https://store.example/covers/640.jpg")
    assert cover.image_id == image_id(JOB, "covers/640")


def test_a_cover_that_is_not_stored_is_not_recorded() -> None:
    result = made(640)
    bare = result.model_copy(
        update={"covers": tuple(each.model_copy(update={"key": None}) for each in result.covers)}
    )

    assert cover_of(bare, target(**HUAWEI), job=JOB) is None
