"""A medium that was seen before is not decoded again, while all that was made is still there."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.worker.jobs.counting import Counting
from tests.worker.jobs.earlier_bench import Kitchen, Studio
from tests.worker.jobs.snapshot_bench import Album, opener
from tests.worker.jobs.test_cover import VERSIONS, Drawer, Log, Opener
from tests.worker.jobs.test_snapshot import EVERYTHING, holed
from worker.contracts.requests import Recipe
from worker.detectors.mediapipe import MediapipeDetector
from worker.errors import RequestError, StorageError
from worker.ports import Reader
from worker.rules.keys import is_public
from worker.sources.local import LocalReader

CountClip = Callable[[Counting], Path]
COUNT = {"count": 2, "width": 64}


@pytest.fixture
def kitchen(one_redis_url: str, tmp_path: Path) -> Iterator[Kitchen]:
    made = Kitchen(one_redis_url, tmp_path / "objects")
    yield made
    made.redis.close()


@pytest.fixture
def studio(one_redis_url: str, tmp_path: Path) -> Iterator[Studio]:
    made = Studio(one_redis_url, tmp_path / "objects")
    yield made
    made.redis.close()


@pytest.fixture
def copy(clip: Path, tmp_path: Path) -> Path:
    """A clip that a test may change."""
    path = tmp_path / "copy.mp4"
    path.write_bytes(clip.read_bytes())
    return path


def test_the_same_medium_and_recipe_are_not_decoded_again(kitchen: Kitchen, clip: Path) -> None:
    first = kitchen.cover(clip)
    assert kitchen.was_decoded

    again = kitchen.cover(clip)

    assert not kitchen.was_decoded
    costs = {"medium", "timings_ms"}
    assert again.model_dump(exclude=costs) == first.model_dump(exclude=costs)
    assert again.versions == VERSIONS


def test_what_an_earlier_result_is_told_to_cost_is_what_this_run_cost(
    kitchen: Kitchen, clip: Path
) -> None:
    first = kitchen.cover(clip)

    again = kitchen.cover(clip)

    assert first.medium is not None
    assert again.medium is not None
    assert first.medium.bytes_read > 0
    assert (again.medium.bytes_read, again.medium.requests) == (0, 0)
    spent = again.timings_ms
    assert (spent.decode, spent.detect, spent.crop, spent.encode, spent.store) == (0, 0, 0, 0, 0)
    assert 0 < spent.total < first.timings_ms.total
    assert again.medium.bytes_total == first.medium.bytes_total


def test_an_earlier_result_has_the_label_of_this_source(kitchen: Kitchen, clip: Path) -> None:
    kitchen.cover(clip)
    opener = Opener(clip)

    def relabelled() -> Reader:
        reader = opener()
        reader.label = "another name"
        return reader

    assert kitchen.cover(clip, open_source=relabelled).source == "another name"
    assert not kitchen.was_decoded
    assert opener.is_closed


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"recipe": Recipe(sizes=[65])}, id="another-size"),
        pytest.param({"recipe": Recipe(sizes=[64], quality=84)}, id="another-quality"),
        pytest.param({"recipe": Recipe()}, id="no-size"),
        pytest.param({"tenant": "bob"}, id="another-tenant"),
        pytest.param({"visibility": "private"}, id="another-visibility"),
    ],
)
def test_anything_else_is_decoded(kitchen: Kitchen, clip: Path, changes: dict[str, Any]) -> None:
    kitchen.cover(clip)

    kitchen.cover(clip, **changes)

    assert kitchen.was_decoded


def test_a_medium_that_changed_is_decoded(kitchen: Kitchen, copy: Path) -> None:
    kitchen.cover(copy)
    copy.write_bytes(copy.read_bytes() + b"\0")

    kitchen.cover(copy)

    assert kitchen.was_decoded


def test_a_medium_without_a_fingerprint_is_decoded_each_time(kitchen: Kitchen, clip: Path) -> None:
    def unmarked() -> Reader:
        reader = Opener(clip)()
        reader.fingerprint = None
        return reader

    for _ in range(2):
        kitchen.cover(clip, open_source=unmarked)
        assert kitchen.was_decoded


@pytest.mark.parametrize("index", [0, 1])
def test_a_cover_that_vanished_is_made_again(kitchen: Kitchen, clip: Path, index: int) -> None:
    recipe = Recipe(sizes=[64, 32])
    key = kitchen.cover(clip, recipe).covers[index].key
    assert key
    kitchen.store.delete(key)

    again = kitchen.cover(clip, recipe)

    assert kitchen.was_decoded
    assert again.covers[index].key == key
    assert kitchen.store.find(key) is not None
    kitchen.cover(clip, recipe)
    assert not kitchen.was_decoded


def test_covers_made_without_faces_for_want_of_a_detector_are_not_kept(
    kitchen: Kitchen, clip: Path
) -> None:
    kitchen.cover(clip, without_faces=True)

    kitchen.cover(clip)

    assert kitchen.was_decoded


def test_a_detector_that_fails_leaves_nothing_behind(
    kitchen: Kitchen, clip: Path, broken_detector: MediapipeDetector
) -> None:
    kitchen.cover(clip, detector=broken_detector)

    kitchen.cover(clip, detector=broken_detector)

    assert kitchen.was_decoded


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"attempt": Log("store")}, RequestError, id="cancelled"),
        pytest.param({"destination": Drawer(full=True)}, StorageError, id="store-full"),
    ],
)
def test_a_failure_is_not_kept(
    kitchen: Kitchen, clip: Path, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        kitchen.cover(clip, **changes)

    kitchen.cover(clip)

    assert kitchen.was_decoded


def test_a_job_refers_to_the_covers_that_answer_it(kitchen: Kitchen, clip: Path) -> None:
    made = kitchen.cover(clip, Recipe(sizes=[64, 32])).covers
    kitchen.referred.clear()

    kitchen.cover(clip, Recipe(sizes=[64, 32]))

    assert not kitchen.was_decoded
    assert kitchen.referred == [cover.key for cover in made]


def test_an_earlier_result_of_a_private_cover_is_private(kitchen: Kitchen, clip: Path) -> None:
    kitchen.cover(clip, visibility="private")

    (cover,) = kitchen.cover(clip, visibility="private").covers

    assert not kitchen.was_decoded
    assert cover.url is None
    assert cover.key
    assert not is_public(cover.key)


def test_everything_is_answered_again_without_opening_a_decoder(
    studio: Studio, count_clip: CountClip
) -> None:
    clip = count_clip(Counting(scenes=5))
    first = studio.make(clip, EVERYTHING)
    assert studio.was_decoded

    again = studio.make(clip, EVERYTHING)

    assert not studio.was_decoded
    costs = {"medium", "timings_ms"}
    assert again.model_dump(exclude=costs) == first.model_dump(exclude=costs)
    assert studio.referred == list(dict.fromkeys(str(file.key) for file in first.files()))


def test_earlier_snapshots_are_told_with_the_label_and_the_cost_of_this_run(
    studio: Studio, count_clip: CountClip
) -> None:
    clip = count_clip(Counting())
    first = studio.make(clip, COUNT)

    def relabelled() -> LocalReader:
        reader = opener(clip)()
        reader.label = "another name"
        return reader

    again = studio.make(clip, COUNT, open_source=relabelled)

    assert first.medium is not None
    assert again.medium is not None
    assert first.medium.bytes_read > 0
    assert (again.medium.bytes_read, again.medium.requests) == (0, 0)
    assert again.medium.bytes_total == first.medium.bytes_total
    assert again.timings_ms.decode == again.timings_ms.encode == again.timings_ms.store == 0
    assert 0 < again.timings_ms.total < first.timings_ms.total
    assert again.source == "another name"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"wanted": {**COUNT, "pick": "nearest_key"}}, id="another-recipe"),
        pytest.param({"visibility": "private"}, id="another-visibility"),
        pytest.param({"results": None}, id="nobody-who-knows"),
    ],
)
def test_other_snapshots_are_decoded(
    studio: Studio, count_clip: CountClip, changes: dict[str, Any]
) -> None:
    clip = count_clip(Counting())
    studio.make(clip, COUNT)

    studio.make(clip, **{"wanted": COUNT, **changes})

    assert studio.was_decoded


def test_snapshots_of_a_medium_without_a_fingerprint_are_decoded_each_time(
    studio: Studio, count_clip: CountClip
) -> None:
    def unmarked() -> LocalReader:
        reader = opener(count_clip(Counting()))()
        reader.fingerprint = None
        return reader

    for _ in range(2):
        studio.make(Path(), COUNT, open_source=unmarked)
        assert studio.was_decoded


def test_a_file_that_vanished_is_made_again(studio: Studio, count_clip: CountClip) -> None:
    clip, wanted = count_clip(Counting()), {**COUNT, "storyboard": True}
    board = studio.make(clip, wanted).storyboard
    assert board is not None
    assert board.hls.key
    studio.store.delete(board.hls.key)

    again = studio.make(clip, wanted)

    assert studio.was_decoded
    assert again.storyboard == board
    assert studio.store.find(board.hls.key) is not None
    studio.make(clip, wanted)
    assert not studio.was_decoded


@pytest.mark.parametrize(
    "wanted",
    [{"interval_s": 1}, {"preview": {"duration_s": 15}}, {"candidates": 2}],
    ids=["stills", "preview", "samples"],
)
def test_snapshots_that_lack_frames_are_not_kept(
    studio: Studio, count_clip: CountClip, tmp_path: Path, wanted: dict[str, Any]
) -> None:
    clip = holed(count_clip(Counting(frames=200, gop=10, scenes=10)), tmp_path, 0.3, 0.55)
    assert studio.make(clip, wanted).status == "succeeded"

    studio.make(clip, wanted)

    assert studio.was_decoded


@pytest.mark.parametrize(
    ("wanted", "is_kept"),
    [
        pytest.param({"count": 1, "size": 64}, False, id="cut-around-faces"),
        pytest.param({"candidates": 1}, False, id="candidates"),
        pytest.param(COUNT, True, id="faces-decide-nothing"),
    ],
)
def test_snapshots_made_while_nobody_could_look_are_kept_only_where_faces_decide_nothing(
    studio: Studio, count_clip: CountClip, wanted: dict[str, Any], is_kept: bool
) -> None:
    clip = count_clip(Counting())
    studio.make(clip, wanted, without_faces=True)

    studio.make(clip, wanted)

    assert studio.was_decoded is not is_kept


def test_snapshots_of_a_detector_that_fails_are_not_kept(
    studio: Studio, count_clip: CountClip, broken_detector: MediapipeDetector
) -> None:
    clip = count_clip(Counting())
    for _ in range(2):
        studio.make(clip, {"count": 1, "size": 64}, detector=broken_detector)
        assert studio.was_decoded


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"attempt": Log("store")}, RequestError, id="cancelled"),
        pytest.param({"destination": Album(room=1)}, StorageError, id="store-full"),
    ],
)
def test_snapshots_that_fail_are_not_kept(
    studio: Studio, count_clip: CountClip, changes: dict[str, Any], error: type[Exception]
) -> None:
    clip = count_clip(Counting())
    with pytest.raises(error):
        studio.make(clip, COUNT, **changes)

    studio.make(clip, COUNT)

    assert studio.was_decoded
