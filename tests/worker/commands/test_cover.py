"""`firstframe cover` as its users call it: a process, its lines, its files, its exit status."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from tests.http_server import Handler, MediaServer, silent


def run(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "worker.commands", "cover", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False)


def lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_photo_and_a_clip_give_exact_covers_in_order(
    photo: Path, clip: Path, tmp_path: Path
) -> None:
    done = run(photo, clip, "--size", "256", "--size", "64", "--out-dir", tmp_path, "--json")

    assert done.returncode == 0, done.stderr
    results = lines(done)
    assert [result["source"] for result in results] == [str(photo), str(clip)]
    for result in results:
        assert result["status"] == "succeeded"
        assert result["crop"]["rule"] == "faces"
        assert [cover["size"] for cover in result["covers"]] == [256, 64]
        for cover in result["covers"]:
            with Image.open(cover["path"]) as picture:
                assert picture.size == (cover["size"], cover["size"])
                assert picture.format == "JPEG"


def test_a_failure_is_told_with_its_code_and_the_others_are_done(
    photo: Path, tmp_path: Path
) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video")

    done = run(
        text, tmp_path / "missing.mp4", photo, "--size", "64", "--out-dir", tmp_path, "--json"
    )

    assert done.returncode == 1
    assert [(r["error"] or {}).get("code") for r in lines(done)] == [
        "media.not_media",
        "source.not_found",
        None,
    ]


def test_standard_input_is_a_source(photo: Path, tmp_path: Path) -> None:
    done = run("-", "--size", "64", "--out-dir", tmp_path, "--json", stdin=photo.read_bytes())

    assert done.returncode == 0, done.stderr
    (result,) = lines(done)
    assert result["source"] == "-"
    assert Path(result["covers"][0]["path"]) == tmp_path / "stdin-64.jpg"


def test_without_a_size_the_cover_is_the_whole_frame(clip: Path, tmp_path: Path) -> None:
    done = run(clip, "--out-dir", tmp_path, "--json", "--format", "png")

    (result,) = lines(done)
    (cover,) = result["covers"]
    assert (cover["size"], result["crop"]["rule"]) == (None, "none")
    with Image.open(cover["path"]) as picture:
        assert (picture.size, picture.format) == ((640, 360), "PNG")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["--size", "0"], "--size", id="size-zero"),
        pytest.param(["--size", "-1"], "--size", id="size-negative"),
        pytest.param(["--size", "1.5"], "--size", id="size-fraction"),
        pytest.param(["--size", "x"], "--size", id="size-word"),
        pytest.param(["--size", "5000"], "--size", id="size-too-large"),
        pytest.param([f"--size={n}" for n in range(1, 10)], "--size", id="nine-sizes"),
        pytest.param(["--format", "bmp"], "--format", id="format"),
        pytest.param(["--frame", "best"], "first", id="frame-policy-not-built"),
        pytest.param(["--quality", "101"], "--quality", id="quality"),
        pytest.param(["-", "-"], "standard input", id="stdin-twice"),
        pytest.param(["--nope"], "--nope", id="unknown-option"),
    ],
)
def test_a_wrong_call_ends_with_2_and_names_the_option(
    photo: Path, tmp_path: Path, arguments: list[str], told: str
) -> None:
    done = run(photo, "--out-dir", tmp_path, *arguments)

    assert done.returncode == 2
    assert told in done.stderr.decode()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "signals",
    [
        pytest.param([signal.SIGKILL], id="killed"),
        pytest.param([signal.SIGTERM], id="terminated"),
        pytest.param([signal.SIGINT, signal.SIGINT, signal.SIGINT], id="ctrl-c-three-times"),
    ],
)
def test_a_command_that_is_ended_leaves_no_process_and_no_file(
    media_server: MediaServer, tmp_path: Path, signals: list[signal.Signals]
) -> None:
    asked = threading.Event()

    def never_answers(handler: Handler) -> None:
        asked.set()
        silent()(handler)

    url = media_server.serve("/silent.jpg", never_answers)
    command = [sys.executable, "-m", "worker.commands", "cover", url, "--out-dir", str(tmp_path)]
    variables = {**os.environ, "FIRSTFRAME_FETCH__ALLOW_PRIVATE_ADDRESSES": "true"}
    with subprocess.Popen(command, env=variables, stderr=subprocess.DEVNULL) as process:
        assert asked.wait(30)
        family = psutil.Process(process.pid).children(recursive=True)
        for number in signals:
            process.send_signal(number)
        assert process.wait(5) != 0

    assert len(family) >= 2, "a cover process and its decode child"
    _, left = psutil.wait_procs(family, timeout=5)
    assert [each for each in left if each.status() != psutil.STATUS_ZOMBIE] == []
    assert list(tmp_path.iterdir()) == []
