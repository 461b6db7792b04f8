"""Warm processes: killed ones are told and replaced, and nothing of them stays."""

import os
import signal
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from worker.commands.orders import Order
from worker.commands.slots import run_all
from worker.commands.works import Work
from worker.contracts.names import FACE_UNAVAILABLE
from worker.contracts.requests import Recipe
from worker.contracts.results import CoverResult
from worker.rules.keys import unfinished_name


def covers(folder: Path) -> Work[CoverResult]:
    return Work("cover", Recipe.model_validate({"sizes": [64]}), folder)


def children() -> list[psutil.Process]:
    """The warm processes of this one."""
    found = psutil.Process().children()
    return [each for each in found if "worker.commands.slot" in each.cmdline()]


class Killer:
    """Kills the process of a source whenever it enters one of the stages."""

    def __init__(self, *stages: str) -> None:
        self.stages, self.kills = stages, 0

    def line(self, order: Order, word: str, value: Any) -> None:
        if word == "stage" and value in self.stages:
            self.kills += 1
            for child in children():
                os.kill(child.pid, signal.SIGKILL)


@pytest.fixture(autouse=True)
def one_core() -> Any:
    """One process at a time, so that it is known whom a kill hits."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    yield
    os.sched_setaffinity(0, cores)


def test_lines_tell_stages_and_the_end_of_every_source(photo: Path, tmp_path: Path) -> None:
    lines: list[tuple[str, str, Any]] = []
    orders = [Order(str(photo), "one"), Order(str(tmp_path / "missing"), "two")]

    results = list(
        run_all(orders, covers(tmp_path), on_line=lambda o, w, v: lines.append((o.stem, w, v)))
    )

    assert [result.status for result in results] == ["succeeded", "failed"]
    assert ("one", "stage", "detect") in lines
    assert [stem for stem, word, _ in lines if word == "result"] == ["one", "two"]
    assert children() == []


def test_a_process_that_dies_is_told_and_the_next_source_gets_another(
    photo: Path, tmp_path: Path
) -> None:
    killer = Killer("decode")
    for stem in ("one", "one-2"):
        unfinished = tmp_path / unfinished_name(stem)
        unfinished.mkdir()
        (unfinished / f"{stem}-64.jpg").touch()

    def once(order: Order, word: str, value: Any) -> None:
        if order.stem == "one":
            killer.line(order, word, value)

    orders = [Order(str(photo), "one"), Order(str(photo), "two")]
    lost, done = run_all(orders, covers(tmp_path), on_line=once)

    assert lost.error is not None
    assert (lost.error.code, lost.error.stage) == ("worker.lost", "decode")
    assert done.status == "succeeded"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".one-2.part", "two-64.jpg"]


def test_a_process_that_dies_looking_for_faces_goes_on_without_them(
    photo: Path, tmp_path: Path
) -> None:
    killer = Killer("detect")

    def once(order: Order, word: str, value: Any) -> None:
        if not killer.kills:
            killer.line(order, word, value)

    (result,) = run_all([Order(str(photo), "one")], covers(tmp_path), on_line=once)

    assert result.crop is not None
    assert result.crop.flags == (FACE_UNAVAILABLE,)


def test_who_stops_listening_leaves_no_process(photo: Path, tmp_path: Path) -> None:
    orders = [Order(str(photo), f"number-{number}") for number in range(50)]

    with closing(run_all(orders, covers(tmp_path), on_line=lambda *_: None)) as results:
        next(results)
        assert len(children()) == 1

    assert children() == []
    assert len(list(tmp_path.glob("*.jpg"))) < 50
