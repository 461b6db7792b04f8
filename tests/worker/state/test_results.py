"""Results are found again by what they were made of, for a while, and never by another tenant."""

import threading
import time
from collections.abc import Callable

import pytest

from tests.redis_server import RedisServer
from tests.worker.state.albums import album, still
from tests.worker.state.parts import Parts
from worker.contracts.names import Visibility
from worker.contracts.requests import Recipe
from worker.contracts.results import CoverInfo, CoverResult
from worker.contracts.snapshot_results import SnapshotResult
from worker.contracts.snapshots import SnapshotRecipe
from worker.errors import RequestError, StorageError
from worker.state.results import MAX_RESULT_BYTES, KeepRules, ResultRecords

MEDIUM = 'https://media.example/a.jpg "one" 1000'
RECIPE = Recipe(sizes=[64])
KEYS = ("covers/aa/1.jpg", "covers/bb/2.jpg")
SNAPSHOTS = SnapshotRecipe(count=2, storyboard=True)
KEEP_S = 50.0

Covers = ResultRecords[Recipe, CoverResult]
Snapshots = ResultRecords[SnapshotRecipe, SnapshotResult]


def result(*keys: str | None) -> CoverResult:
    covers = [
        CoverInfo(
            size=64,
            ratio="1:1",
            crop_box=(0, 0, 64, 64),
            width=64,
            height=64,
            path=None,
            url=None,
            key=key,
            content_type="image/jpeg",
            bytes=1,
            sha256="0" * 64,
            upscaled=False,
        )
        for key in keys
    ]
    return CoverResult(source="a.jpg", status="succeeded", covers=tuple(covers))


def records(
    parts: Parts,
    *,
    stored: tuple[str, ...] = KEYS,
    keep_s: float = KEEP_S,
    most: int = 100,
    version: str = "1",
) -> Covers:
    return ResultRecords(
        parts.redis,
        CoverResult,
        KeepRules(keep_s, most),
        making={"firstframe": version},
        is_stored=lambda key: key in stored,
    )


def asking(parts: Parts, is_stored: Callable[[str], bool]) -> Covers:
    return ResultRecords(
        parts.redis, CoverResult, KeepRules(KEEP_S, 10), making={}, is_stored=is_stored
    )


def snapshots(
    parts: Parts, is_stored: Callable[[str], bool] = lambda _: True, *, most: int = 10
) -> Snapshots:
    return ResultRecords(
        parts.redis, SnapshotResult, KeepRules(KEEP_S, most), making={}, is_stored=is_stored
    )


def keep(made: Covers, fingerprint: str = MEDIUM) -> None:
    made.keep("ann", fingerprint, RECIPE, "public", result=result(*KEYS))


def test_a_kept_result_is_found_as_it_was(parts: Parts) -> None:
    made = records(parts)

    keep(made)

    assert made.find("ann", MEDIUM, RECIPE, "public") == result(*KEYS)


@pytest.mark.parametrize(
    ("tenant", "fingerprint", "recipe", "visibility"),
    [
        pytest.param("bob", MEDIUM, RECIPE, "public", id="another-tenant"),
        pytest.param("ann", "other", RECIPE, "public", id="another-medium"),
        pytest.param("ann", MEDIUM, Recipe(sizes=[65]), "public", id="another-recipe"),
        pytest.param("ann", MEDIUM, RECIPE, "private", id="another-visibility"),
    ],
)
def test_nothing_else_finds_it(
    parts: Parts, tenant: str, fingerprint: str, recipe: Recipe, visibility: Visibility
) -> None:
    made = records(parts)

    keep(made)

    assert made.find(tenant, fingerprint, recipe, visibility) is None


def test_another_version_does_not_find_it(parts: Parts) -> None:
    keep(records(parts))

    assert records(parts, version="2").find("ann", MEDIUM, RECIPE, "public") is None


@pytest.mark.parametrize("changed", ['"later": 1', '"status": "halted"'], ids=["field", "word"])
def test_a_result_as_only_another_version_reads_it_counts_as_none(
    parts: Parts, changed: str
) -> None:
    made = records(parts)
    keep(made)
    (key,) = parts.redis.keys("ff:result:*")
    parts.redis.set(key, result(*KEYS).model_dump_json()[:-1] + f", {changed}}}")

    assert made.find("ann", MEDIUM, RECIPE, "public") is None
    keep(made)
    assert made.find("ann", MEDIUM, RECIPE, "public") == result(*KEYS)


@pytest.mark.parametrize("stored", [(), KEYS[:1], KEYS[1:]], ids=["none", "first", "second"])
def test_a_result_counts_only_while_all_its_covers_are_stored(
    parts: Parts, stored: tuple[str, ...]
) -> None:
    keep(records(parts))

    assert records(parts, stored=stored).find("ann", MEDIUM, RECIPE, "public") is None
    assert records(parts).find("ann", MEDIUM, RECIPE, "public") is not None


def test_covers_are_referred_to_before_the_store_is_asked_for_them(parts: Parts) -> None:
    told: list[str] = []

    def is_stored(key: str) -> bool:
        return key in told

    made = asking(parts, is_stored)
    keep(made)

    def refer(*keys: str) -> None:
        told.extend(keys)

    assert made.of("ann", "public").find(MEDIUM, RECIPE) is None
    assert made.of("ann", "public", refer=refer).find(MEDIUM, RECIPE) == result(*KEYS)
    assert told == list(KEYS)


def test_a_job_that_may_not_refer_any_more_ends(parts: Parts) -> None:
    def refer(*keys: str) -> None:
        raise RequestError("job.superseded")

    made = records(parts)
    keep(made)

    with pytest.raises(RequestError, match=r"job\.superseded"):
        made.of("ann", "public", refer=refer).find(MEDIUM, RECIPE)


def test_a_cover_that_is_in_no_store_is_never_found(parts: Parts) -> None:
    made = records(parts)

    made.keep("ann", MEDIUM, RECIPE, "public", result=result(None))

    assert made.find("ann", MEDIUM, RECIPE, "public") is None


def test_a_result_is_forgotten_when_nobody_uses_it(parts: Parts) -> None:
    made = records(parts, keep_s=0.1)

    keep(made)
    time.sleep(0.15)

    assert made.find("ann", MEDIUM, RECIPE, "public") is None


def test_a_use_begins_its_life_anew(parts: Parts) -> None:
    made = records(parts)
    keep(made)
    (key,) = parts.redis.keys("ff:result:*")
    parts.redis.pexpire(key, 5_000)

    made.find("ann", MEDIUM, RECIPE, "public")

    left_ms = parts.redis.pttl(key)
    assert isinstance(left_ms, int)
    assert left_ms > 45_000


def test_uses_close_together_write_nothing(parts: Parts) -> None:
    made = records(parts)
    keep(made)
    before = parts.redis.zrange("ff:results", 0, -1, withscores=True)

    made.find("ann", MEDIUM, RECIPE, "public")

    assert parts.redis.zrange("ff:results", 0, -1, withscores=True) == before


def test_the_least_recently_used_beyond_the_most_are_forgotten(parts: Parts) -> None:
    made = records(parts, most=3)
    for name in "abc":
        keep(made, name)
    oldest = parts.redis.zrange("ff:results", 0, 0)[0]
    parts.redis.pexpire(f"ff:result:{oldest!s}", 1_000)
    made.find("ann", "a", RECIPE, "public")

    keep(made, "d")

    found = [n for n in "abcd" if made.find("ann", n, RECIPE, "public")]
    assert found == ["a", "c", "d"]
    assert parts.redis.zcard("ff:results") == 3
    assert len(parts.redis.keys("ff:result:*")) == 3


def test_names_of_results_that_ran_out_leave_the_list(parts: Parts) -> None:
    made = records(parts, keep_s=0.05)
    for name in "abc":
        keep(made, name)
    time.sleep(0.1)

    keep(made, "d")

    assert parts.redis.zcard("ff:results") == 1


def test_a_tenants_results_are_asked_by_medium_and_recipe_alone(parts: Parts) -> None:
    made = records(parts)

    made.of("ann", "public").keep(MEDIUM, RECIPE, result(*KEYS))

    assert made.of("ann", "public").find(MEDIUM, RECIPE) == result(*KEYS)
    assert made.of("bob", "public").find(MEDIUM, RECIPE) is None


def test_without_redis_a_story_knows_no_results_and_goes_on(
    own_redis: Callable[[], RedisServer],
) -> None:
    server = own_redis()
    parts = Parts(server.url(), timeout_s=0.5)
    made = records(parts)
    server.kill()

    assert made.of("ann", "public").find(MEDIUM, RECIPE) is None
    made.of("ann", "public").keep(MEDIUM, RECIPE, result(*KEYS))
    with pytest.raises(RequestError, match=r"queue\.unavailable"):
        made.find("ann", MEDIUM, RECIPE, "public")
    parts.redis.close()


def test_a_store_that_cannot_be_asked_is_told(parts: Parts) -> None:
    def unavailable(key: str) -> bool:
        raise StorageError("storage.unavailable")

    made = asking(parts, unavailable)
    keep(made)

    with pytest.raises(StorageError):
        made.of("ann", "public").find(MEDIUM, RECIPE)


def test_snapshots_are_found_again_as_they_were(parts: Parts) -> None:
    made, told = snapshots(parts), album()

    made.of("ann", "public").keep(MEDIUM, SNAPSHOTS, told)

    assert made.of("ann", "public").find(MEDIUM, SNAPSHOTS) == told
    assert made.of("bob", "public").find(MEDIUM, SNAPSHOTS) is None
    assert made.of("ann", "private").find(MEDIUM, SNAPSHOTS) is None
    assert made.of("ann", "public").find(MEDIUM, SnapshotRecipe(count=2)) is None


@pytest.mark.parametrize("gone", range(9))
def test_snapshots_count_only_while_every_file_of_theirs_is_stored(parts: Parts, gone: int) -> None:
    snapshots(parts).keep("ann", MEDIUM, SNAPSHOTS, "public", result=album())

    made = snapshots(parts, lambda key: key != f"snapshots/aa/{gone}.bin")

    assert made.find("ann", MEDIUM, SNAPSHOTS, "public") is None


def test_many_files_are_asked_for_at_once_and_each_once(parts: Parts) -> None:
    asked: list[str] = []
    eight = threading.Barrier(8)

    def is_stored(key: str) -> bool:
        asked.append(key)
        if len(asked) > 1:
            eight.wait(10)
        return True

    made = snapshots(parts, is_stored)
    told = album().model_copy(update={"candidates": (still(0), still(2))})
    made.keep("ann", MEDIUM, SNAPSHOTS, "public", result=told)

    assert made.find("ann", MEDIUM, SNAPSHOTS, "public") == told
    assert sorted(asked) == [f"snapshots/aa/{number}.bin" for number in range(9)]


def test_after_a_file_that_is_gone_the_rest_is_not_asked_for(parts: Parts) -> None:
    asked: list[str] = []

    def is_stored(key: str) -> bool:
        asked.append(key)
        time.sleep(0.001)
        return key != "snapshots/aa/1.bin"

    made = snapshots(parts, is_stored)
    told = album().model_copy(update={"snapshots": tuple(still(n) for n in range(500))})
    made.keep("ann", MEDIUM, SNAPSHOTS, "public", result=told)

    assert made.find("ann", MEDIUM, SNAPSHOTS, "public") is None
    assert len(asked) < 100


def test_results_of_all_kinds_share_the_room(parts: Parts) -> None:
    covers, others = records(parts, most=2), snapshots(parts, most=2)
    keep(covers, "a")
    others.keep("ann", "a", SNAPSHOTS, "public", result=album())

    keep(covers, "b")

    assert covers.find("ann", "a", RECIPE, "public") is None
    assert covers.find("ann", "b", RECIPE, "public") is not None
    assert others.find("ann", "a", SNAPSHOTS, "public") is not None


def test_a_result_too_large_for_memory_is_not_kept(parts: Parts) -> None:
    made = snapshots(parts)
    told = album().model_copy(update={"snapshots": tuple(still(n) for n in range(1000))})
    assert len(told.model_dump_json()) > MAX_RESULT_BYTES

    made.keep("ann", MEDIUM, SNAPSHOTS, "public", result=told)

    assert made.find("ann", MEDIUM, SNAPSHOTS, "public") is None
    assert parts.redis.keys("ff:result*") == []
