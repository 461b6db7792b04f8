"""The rows about served calls: signed requests that a real instance takes."""

import json
import os
import subprocess
import sys
from pathlib import Path

from worker.commands.bench_calls import CALLS
from worker.commands.bench_row import Row

PROGRAM = """
import json, os, sys
from pathlib import Path
from worker.commands import bench_calls

rows = bench_calls.call_rows(Path(sys.argv[1]), Path(sys.argv[2]), 1, 100)
sys.stdout.write(json.dumps(rows))
sys.stdout.flush()
os._exit(0)
"""


def test_every_call_is_taken_and_measured(clip: Path, tmp_path: Path) -> None:
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
    named = [row.name.partition(":")[0] for row in rows if ": " in row.name]
    assert set(named) == set(CALLS)
    assert all(row.measured > 0 for row in rows)
    asked = [row for row in rows if row.asked is not None]
    assert len(asked) == sum(call.asked is not None for call in CALLS.values())
