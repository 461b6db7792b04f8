"""What is served from libraries: repeated covers against the bare framework, and their reads."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import httpx2

from worker import wiring
from worker.commands.bench_album import ALBUM, LIBRARY, Album, fill_album
from worker.commands.bench_first import first_medium_here, first_medium_there
from worker.commands.bench_load import Burst, burst, tool
from worker.commands.bench_row import Row
from worker.commands.bench_traffic import RedisMeter
from worker.commands.demo import instance
from worker.commands.instance import settings_in
from worker.commands.processes import children_of, command_line, cpu_s

SIZE_PX: Final = 256
ENTRIES: Final = 10_000
BURST_S: Final = 1
ALONE: Final = 300


class Bare(NamedTuple):
    """Where a route that does nothing is served, and by which process."""

    url: str
    pid: int


class Answers(NamedTuple):
    """A burst of answers, and the CPU time that each took its server."""

    burst: Burst
    cpu_ms: float


def served_rows(medium: Path, folder: Path, rounds: int) -> list[Row]:
    """Serve an album of ten thousand entries; ask for its cover and for its first medium."""
    data = folder / "served"
    with instance(data, "--workers", "1") as (base_url, up_pid), bare_framework() as bare:
        album = fill_album(settings_in(data), medium, ENTRIES)
        with wiring.redis_client(album.settings, timeout_s=5) as client:
            meter = RedisMeter(client)
            return [
                *repeated_cover(cover_url(base_url, album), api_pid(up_pid), bare, rounds),
                *reads_alone(base_url, album, meter),
                *first_medium_here(album, meter),
                *first_medium_there(base_url, album, folder),
            ]


def cover_url(base_url: str, album: Album) -> str:
    """The album's cover at an instance."""
    query = f"size={SIZE_PX}&access_token={album.token}"
    return f"{base_url}/api/v1/album/{LIBRARY}/-/cover/{ALBUM}?{query}"


def api_pid(up_pid: int) -> int:
    """The process of the API under `firstframe up`."""
    return next(pid for pid in children_of(up_pid) if command_line(pid).split()[-1] == "api")


@contextmanager
def bare_framework() -> Iterator[Bare]:
    """A route that does nothing, in a process of its own."""
    command = [sys.executable, "-m", "worker.commands.bench_bare"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Bare(process.stdout.readline().removeprefix("ready ").strip(), process.pid)
        finally:
            process.terminate()


def repeated_cover(url: str, pid: int, bare: Bare, rounds: int) -> list[Row]:
    """A cover that is there already, and the bare framework, asked in turn.

    Where other programs want the cores too, ours loses more: it waits for Redis to have its turn.
    """
    made = httpx2.get(url, timeout=60)
    if made.status_code != httpx2.codes.FOUND:
        raise SystemExit(f"the cover was not made: {made.status_code} {made.text}")
    pairs = [(_answers(*bare), _answers(url, pid)) for _ in range(1 + rounds)][1:]
    ratio = median(theirs.burst.per_s / ours.burst.per_s for theirs, ours in pairs)
    names = ("bare framework", "repeated cover")
    rows = []
    for name, answers, asked_ms in zip(names, zip(*pairs, strict=True), (None, 5), strict=True):
        per_s = median(each.burst.per_s for each in answers)
        cpu_ms = median(each.cpu_ms for each in answers)
        rows += [Row(f"{name}, requests/s ({tool()})", per_s)]
        rows += [Row(f"{name}, CPU ms of its server", cpu_ms, asked_ms)]
    return [*rows, Row(" / ".join(names), ratio, asked=4)]


def _answers(url: str, pid: int) -> Answers:
    before_s = cpu_s(pid)
    answered = burst(url, BURST_S)
    return Answers(answered, 1000 * (cpu_s(pid) - before_s) / answered.requests)


def reads_alone(base_url: str, album: Album, meter: RedisMeter) -> list[Row]:
    """Reads one after the other, so that none shares its look with another."""
    info_url = f"{base_url}/api/v1/file/{LIBRARY}/-/{ALBUM}/{album.first}"
    urls = {
        "repeated cover alone": cover_url(base_url, album),
        "file's info alone": f"{info_url}?info=1&access_token={album.token}",
    }
    rows = []
    with httpx2.Client(trust_env=False) as client:
        for name, url in urls.items():
            meter.begin()
            for _ in range(ALONE):
                if client.get(url).is_error:
                    raise SystemExit(f"{name} was not answered")
            trips = meter.per_piece(ALONE).round_trips
            rows.append(Row(f"{name}, round trips to Redis", trips, asked=1))
    return rows
