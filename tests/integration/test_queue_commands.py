"""What `firstframe worker` refuses, and how it says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "worker.commands", "worker", *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(
            ["--queue", "records"],
            "unknown queue 'records'; known: media, record, notify",
            id="unknown-queue",
        ),
        pytest.param(
            ["--queue", "media", "--queue", "record"],
            "queue 'media' needs workers of its own",
            id="media-and-calls",
        ),
        pytest.param(
            ["--slots", "4"], "--slots goes with the queues record and notify", id="slots-of-media"
        ),
        pytest.param(
            ["--queue", "notify", "--lane", "live"],
            "--lane goes with the queue media",
            id="lane-of-calls",
        ),
    ],
)
def test_what_no_worker_can_serve_is_refused(arguments: list[str], told: str) -> None:
    ended = run(*arguments)

    assert ended.returncode == 2
    assert told in ended.stderr


def test_an_unknown_lane_is_answered_with_the_known_ones() -> None:
    ended = run("--lane", "live", "--lane", "lvie")

    assert ended.returncode == 2
    assert "unknown lane 'lvie'; known: live, backfill" in ended.stderr


def test_without_its_face_model_a_worker_does_not_start(one_redis_url: str, tmp_path: Path) -> None:
    ended = run(
        FIRSTFRAME_REDIS__URL=one_redis_url,
        FIRSTFRAME_DETECT__MODEL=str(tmp_path / "missing.tflite"),
    )

    assert ended.returncode == 1
    assert "face.model_invalid" in ended.stderr
    assert "make setup" in ended.stderr


def test_without_redis_a_worker_does_not_start() -> None:
    ended = run(FIRSTFRAME_REDIS__URL="redis://127.0.0.1:1/0", FIRSTFRAME_DETECT__KIND="none")

    assert ended.returncode == 1
    assert "queue.unavailable" in ended.stderr
