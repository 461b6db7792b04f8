"""The rows about what is served, measured at a real instance."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from worker.commands.bench_row import Row

PROGRAM = """
import json, os, sys
from pathlib import Path
from worker.commands.bench_served import served_rows

rows = served_rows(Path(sys.argv[1]), Path(sys.argv[2]), 1)
sys.stdout.write(json.dumps(rows))
sys.stdout.flush()
os._exit(0)
"""
# How fast it is depends on what else the machine does; what it asks of others does not.
SPEED = ("requests/s", "CPU ms", "bare framework")


def test_a_served_album_asks_little_of_redis_and_of_its_readers(clip: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(clip), str(tmp_path)],
        env={**os.environ, "FIRSTFRAME_DETECT__KIND": "none"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    rows = [Row(*each) for each in json.loads(ended.stdout)]
    counted = [row for row in rows if not any(word in row.name for word in SPEED)]
    assert [row for row in counted if not row.reached] == []
    assert sum(row.asked is not None for row in counted) >= 6
    assert all(row.measured > 0 for row in rows)


@pytest.mark.parametrize(
    ("measured", "asked", "reached"),
    [(4.04, 4, True), (4.06, 4, False), (1e9, None, True), (0, 1, True)],
)
def test_a_row_is_reached_to_a_tenth(measured: float, asked: float | None, reached: bool) -> None:
    assert Row("a row", measured, asked).reached is reached
