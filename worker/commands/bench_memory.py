"""The memory of each process of a slot after some covers, seen in a running instance."""

from pathlib import Path
from typing import Final, NamedTuple

import httpx2

from worker.commands.demo import instance
from worker.commands.processes import children_of, command_line, rss_mib

WAIT_S: Final = 60


class Weight(NamedTuple):
    """A process of a slot and its resident MiB after each count of covers."""

    process: str
    rss_mib: list[float]


def weigh_slot(medium: Path, folder: Path, counts: tuple[int, ...]) -> list[Weight]:
    """Cover `medium` through an instance with one worker; weigh its processes at each count."""
    weights: dict[str, list[float]] = {}
    with (
        instance(folder / "data", "--workers", "1") as (base_url, pid),
        httpx2.Client(base_url=base_url, timeout=WAIT_S + 10, trust_env=False) as client,
    ):
        upload = client.post("/v1/uploads", content=medium.read_bytes()).json()["upload"]
        done = 0
        for count in counts:
            for number in range(done, count):
                _cover(client, upload, number)
            done = count
            for name, process in slot_processes(pid).items():
                weights.setdefault(name, []).append(round(rss_mib(process), 1))
    return [Weight(name, sizes) for name, sizes in weights.items()]


def _cover(client: httpx2.Client, upload: str, number: int) -> None:
    """A cover that was not made before, or it would cost nothing."""
    body = {"source": {"upload": upload}, "sizes": [512 - number]}
    answer = client.post("/v1/covers", json=body, headers={"Prefer": f"wait={WAIT_S}"})
    answer.raise_for_status()


def slot_processes(up_pid: int) -> dict[str, int]:
    """The processes of the first worker under `firstframe up`."""
    main = next(p for p in children_of(up_pid) if command_line(p).split()[-1] == "worker")
    pool = children_of(main)[0]
    found = {"Celery main": main, "pool child": pool}
    for number, child in enumerate(sorted(children_of(pool))):
        found["decode child" if number == 0 else "waiting spare"] = child
    return found
