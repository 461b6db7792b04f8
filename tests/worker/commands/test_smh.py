"""The commands of libraries as processes, from nothing to a file that is found again."""

import json
from pathlib import Path

from tests.worker.commands.smh_program import Operator


def test_a_library_is_made_filled_and_put_right(smh: Operator, tmp_path: Path) -> None:
    made = smh.process("library", "create", "pics", "--kind", "media", "--json")
    assert (made.returncode, made.stderr) == (0, "")
    assert set(json.loads(made.stdout)) == {"library_id", "secret"}
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"a picture" * 5_000_000)  # large enough for a bar, were this a terminal

    put = smh.process("put", "pics/-/", picture, "--json")

    assert (put.returncode, put.stderr) == (0, "")
    assert json.loads(put.stdout)["bytes"] == 45_000_000
    rebuilt = smh.process("rebuild", "pics")
    assert rebuilt.stdout == "pics/-: 1 entries (0 added, 0 moved, 0 removed)\n"


def test_the_help_lists_what_there_is(smh: Operator) -> None:
    told = smh.run("--help").stdout

    for name in ("library", "space", "token", "put", "rebuild"):
        assert f"\n  {name} " in told
