"""`firstframe snapshots` as its users call it: a process, its lines, its files, its exit status."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from bisect import bisect_left
from itertools import accumulate
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from tests.http_server import MediaServer, silent
from tests.numbered_clips import number_in, write_numbered
from tests.sheets import tiles_of
from tests.worker.jobs.counting import Counting, counting_clip
from tests.worker.jobs.test_snapshot import holed

STEADY_MS = [40 * number for number in range(500)]
# Frames that last 20 to 150 ms, in no order.
UNSTEADY_MS = list(accumulate(([20, 150, 33, 40, 66, 90, 25] * 70)[:480], initial=0))


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "worker.commands", "snapshots", *map(str, arguments)]


def run(
    *arguments: str | Path, stdin: bytes = b"", **variables: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command(*arguments),
        input=stdin,
        capture_output=True,
        timeout=100,
        check=False,
        env={**os.environ, **variables},
    )


def lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 s, 25 frames a second, a key frame every 2 s."""
    return write_numbered(tmp_path_factory.mktemp("steady") / "steady.mp4", STEADY_MS)


@pytest.fixture(scope="module")
def unsteady(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As many frames, of changing length, in Matroska."""
    return write_numbered(tmp_path_factory.mktemp("unsteady") / "unsteady.mkv", UNSTEADY_MS)


@pytest.mark.parametrize("name", ["steady", "unsteady"])
def test_stills_and_tiles_show_the_frames_of_their_times(
    request: pytest.FixtureRequest, tmp_path: Path, name: str
) -> None:
    times_ms = STEADY_MS if name == "steady" else UNSTEADY_MS
    source: Path = request.getfixturevalue(name)

    done = run(
        *(source, "--count", "7", "--sprite", "6x5", "--storyboard", "--tiles"),
        *("--out-dir", tmp_path, "--json"),
    )

    assert done.returncode == 0, done.stderr
    (line,) = lines(done)
    assert len(line["snapshots"]) == 7
    for still in line["snapshots"]:
        expected = bisect_left(times_ms, still["offset_ms"])
        with Image.open(still["path"]) as picture:
            assert number_in(picture) == expected
        assert still["pts_ms"] == times_ms[expected]
    tiles = tiles_of(tmp_path / f"{name}-storyboard.vtt")
    assert len(tiles) == 30
    assert [number_in(tile.picture) for tile in tiles] == [
        bisect_left(times_ms, tile.start_ms) for tile in tiles
    ]
    step_ms = line["medium"]["duration_ms"] / 30
    assert [tile.start_ms for tile in tiles] == pytest.approx(
        [number * step_ms for number in range(30)], abs=0.51
    )
    assert len(list(tmp_path.glob(f"{name}-tile-*.jpg"))) == 30
    assert {Path(file).parent for file in _paths(line)} == {tmp_path}


def test_times_are_answered_in_order_and_once(steady: Path, tmp_path: Path) -> None:
    done = run(
        *(steady, "--at", "50%", "--at", "0:02.040", "--at", "10", "--at", "0"),
        *("--out-dir", tmp_path, "--json", "--width", "320"),
    )

    (line,) = lines(done)
    assert [still["offset_ms"] for still in line["snapshots"]] == [0, 2040, 10_000]
    assert [_number(still) for still in line["snapshots"]] == [0, 51, 250]
    assert {(still["width"], still["height"]) for still in line["snapshots"]} == {(320, 180)}


def test_key_frames_are_the_cheap_pick_and_told(steady: Path, tmp_path: Path) -> None:
    done = run(
        steady, *("--every", "3", "--max", "4", "--pick", "nearest_key", "--json"),
        *("--out-dir", tmp_path),
    )  # fmt: skip

    (line,) = lines(done)
    assert line["pick"] == "nearest_key"
    assert [still["offset_ms"] for still in line["snapshots"]] == [0, 3000, 6000, 9000]
    for still in line["snapshots"]:
        assert abs(still["pts_ms"] - still["offset_ms"]) <= 1000
        assert still["pts_ms"] % 2000 == 0
        assert STEADY_MS[_number(still)] == still["pts_ms"]


def test_nothing_asked_for_gives_five_stills(steady: Path, tmp_path: Path) -> None:
    done = run(steady, "--out-dir", tmp_path)

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(f"{steady} -> {tmp_path}/steady-*: 5 snapshots (".encode())
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"steady-snapshot-00{number}.jpg" for number in range(1, 6)
    ]


def test_candidates_and_a_preview_are_files_too(clip: Path, tmp_path: Path) -> None:
    done = run(
        clip, *("--candidates", "2", "--preview", "gif", "--size", "64", "--out-dir", tmp_path),
        "--json",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    (line,) = lines(done)
    assert line["snapshots"] == []
    assert line["candidates"]
    with Image.open(line["preview"]["path"]) as preview:
        assert preview.format == "GIF"
    assert sorted(_paths(line)) == sorted(map(str, tmp_path.iterdir()))


def test_a_forecast_makes_nothing(steady: Path, tmp_path: Path) -> None:
    out_dir = tmp_path / "out"
    wanted = ("--sprite", "5x4", "--plan", "--out-dir", out_dir)

    done = run(steady, tmp_path / "no", *wanted, "--json")
    told = run(steady, *wanted)

    assert done.returncode == 1
    plan, failed = lines(done)
    assert plan["offsets_ms"] == [1000 * number for number in range(20)]
    assert plan["forecast"]["frames"] >= 20
    assert failed["error"]["code"] == "source.not_found"
    assert told.stdout.startswith(f"{steady}: 640x360, 20.0 s; ".encode())
    assert not out_dir.exists()


def test_failures_are_told_in_their_lines_and_the_others_are_done(
    steady: Path, photo: Path, tmp_path: Path
) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video")

    done = run(
        *(text, photo, tmp_path / "missing.mp4", steady),
        *("--at", "0", "--storyboard", "--out-dir", tmp_path / "out", "--json"),
    )

    assert done.returncode == 1
    assert [(line["error"] or {}).get("code") for line in lines(done)] == [
        "media.not_media",
        "media.not_video",
        "source.not_found",
        None,
    ]


@pytest.mark.parametrize("least_share", [1.0, 0.1], ids=["all-needed", "some-needed"])
def test_a_video_that_fails_half_way_leaves_no_file(
    steady: Path, tmp_path: Path, least_share: float
) -> None:
    holed = tmp_path / "holed.mp4"
    whole = steady.read_bytes()
    begin, end = len(whole) * 2 // 5, len(whole) * 4 // 5
    holed.write_bytes(whole[:begin] + bytes(end - begin) + whole[end:])

    done = run(
        *(holed, "--count", "20", "--out-dir", tmp_path / "out", "--json"),
        FIRSTFRAME_SNAPSHOTS__LEAST_SHARE=str(least_share),
    )

    (line,) = lines(done)
    made = {str(path) for path in (tmp_path / "out").iterdir()}
    assert made == {still["path"] for still in line["snapshots"]}
    assert (line["status"], bool(made)) == (
        ("failed", False) if least_share == 1 else ("succeeded", True)
    )


def test_what_is_missing_or_not_known_is_told(tmp_path: Path) -> None:
    for folder in ("early", "late"):
        (tmp_path / folder).mkdir()
    clip = counting_clip(tmp_path / "clip.mp4", Counting(frames=200))
    early = holed(clip, tmp_path / "early", 0.02, 0.4)
    late = holed(clip, tmp_path / "late", 0.45, 0.55)

    planned = run(early, "--sprite", "2x1", "--plan")
    made = run(late, "--preview", "gif", "--preview-duration", "15", "--out-dir", tmp_path / "out")

    assert b"preview, frames of it missing" in made.stdout
    assert b"jpeg, if it is not rotated: its beginning is damaged" in planned.stdout


def test_a_photo_gives_itself_when_nothing_is_asked_for(photo: Path, tmp_path: Path) -> None:
    done = run(photo, "--out-dir", tmp_path, "--json")

    (line,) = lines(done)
    assert [still["offset_ms"] for still in line["snapshots"]] == [0]
    assert [path.name for path in tmp_path.iterdir()] == [f"{photo.stem}-snapshot-001.jpg"]


def test_a_time_beyond_the_end_fails_before_anything_is_made(steady: Path, tmp_path: Path) -> None:
    done = run(steady, "--at", "1", "--at", "0:01:00", "--out-dir", tmp_path)

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"media.time_beyond_end" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_video_comes_through_standard_input(steady: Path, tmp_path: Path) -> None:
    done = run("-", "--count", "1", "--out-dir", tmp_path, "--json", stdin=steady.read_bytes())

    (line,) = lines(done)
    assert line["source"] == "-"
    assert line["snapshots"][0]["path"] == str(tmp_path / "stdin-snapshot-001.jpg")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["--count", "0"], "--count", id="count"),
        pytest.param(["--every", "nan"], "--every", id="interval"),
        pytest.param(["--at", "yesterday"], "--at", id="time"),
        pytest.param(["--sprite", "5"], "--sprite", id="grid"),
        pytest.param(["--tile-width", "64"], "--tile-width", id="tile-width-alone"),
        pytest.param(["-", "-"], "standard input", id="stdin-twice"),
        pytest.param(["--nope"], "--nope", id="unknown-option"),
    ],
)
def test_a_wrong_call_ends_with_2_and_names_the_option(
    photo: Path, tmp_path: Path, arguments: list[str], told: str
) -> None:
    done = run(photo, "--out-dir", tmp_path / "out", *arguments)

    assert (done.returncode, done.stdout) == (2, b"")
    assert told in done.stderr.decode()
    assert not (tmp_path / "out").exists()


def test_a_terminal_sees_how_far_the_video_is_and_standard_output_stays_apart(
    steady: Path, tmp_path: Path
) -> None:
    screen, theirs = pty.openpty()
    variables = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "NO_COLOR": "1"}
    wanted = command(steady, "--every", "0.04", "--out-dir", tmp_path, "--json")
    told = tmp_path / "told.json"
    with (
        told.open("wb") as stdout,
        subprocess.Popen(wanted, stdout=stdout, stderr=theirs, env=variables) as process,
    ):
        os.close(theirs)
        seen = _everything_on(screen)
        assert process.wait(60) == 0

    (line,) = told.read_bytes().splitlines()
    assert json.loads(line)["status"] == "succeeded"
    assert "snapshots" in seen
    assert "1/1" in seen
    assert " % at 0:00:" in seen


def test_a_terminal_that_cannot_redraw_sees_results_only(clip: Path, tmp_path: Path) -> None:
    screen, theirs = pty.openpty()
    wanted = command(clip, clip, "--count", "1", "--out-dir", tmp_path)
    variables = {**os.environ, "TERM": "dumb"}
    with subprocess.Popen(wanted, stdout=theirs, stderr=theirs, env=variables) as process:
        os.close(theirs)
        seen = _everything_on(screen)
        assert process.wait(60) == 0

    assert [line.startswith(f"{clip} -> ") for line in seen.splitlines()] == [True, True]


def test_ctrl_c_twice_leaves_no_process_and_no_file(
    media_server: MediaServer, steady: Path, tmp_path: Path
) -> None:
    variables = {**os.environ, "FIRSTFRAME_FETCH__ALLOW_PRIVATE_ADDRESSES": "true"}
    url = media_server.serve("/silent.mp4", silent())
    wanted = command(steady, url, "--every", "0.04", "--format", "png", "--out-dir", tmp_path)
    with subprocess.Popen(wanted, env=variables, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not (begun := list(tmp_path.glob(".steady.part/*"))) and time.monotonic() < deadline:
            time.sleep(0.01)
        family = psutil.Process(process.pid).children(recursive=True)
        for _ in range(2):
            process.send_signal(signal.SIGINT)
        assert process.wait(10) != 0

    assert begun
    assert len(family) >= 2
    _, left = psutil.wait_procs(family, timeout=5)
    assert [each for each in left if each.status() != psutil.STATUS_ZOMBIE] == []
    assert list(tmp_path.iterdir()) == []


def _number(still: dict[str, Any]) -> int:
    with Image.open(still["path"]) as picture:
        return number_in(picture)


def _paths(value: Any) -> list[str]:
    """Every `path` in a line."""
    if isinstance(value, list):
        return [path for item in value for path in _paths(item)]
    if not isinstance(value, dict):
        return []
    here = [value["path"]] if value.get("path") else []
    return here + [path for item in value.values() for path in _paths(item)]


def _everything_on(screen: int) -> str:
    """What a terminal was told until the other side closed it."""
    told = b""
    try:
        while data := os.read(screen, 65_536):
            told += data
    except OSError:
        return told.decode()
    finally:
        os.close(screen)
    return told.decode()
