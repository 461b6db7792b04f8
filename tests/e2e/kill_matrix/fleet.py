"""The processes of the matrix: workers that are killed, and all that outlives them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import redis

from tests.e2e.kill_matrix.vendors import Vendor, profiles_of, vendors_of
from tests.fakes.control import Control
from tests.fakes.hosting import in_process
from tests.fakes.redis_proxy import RedisControl
from tests.fakes.running import own_process
from worker import wiring
from worker.ports import Store
from worker.settings import Settings
from worker.state import lease_scripts, ledger_scripts
from worker.state.scripts import SHARED

# A worker waits no longer for Redis than until its lease is due again: by then it has to be dead.
LEASE_S: Final = 7
RENEW_S: Final = 6
SETTLE_S: Final = 12
# A call never takes longer than its write is waited out for.
TIMEOUT_S: Final = SETTLE_S - 1
WORKERS: Final = 2
# So many that neither worker is ever full: Celery lets one message wait behind those that run.
SLOTS: Final = 64
PATIENCE_S: Final = 40
_LOOK_S: Final = 0.1
SCRIPTS: Final = {
    "claim": lease_scripts.CLAIM,
    "writes": ledger_scripts.WRITES,
    "written": ledger_scripts.WRITTEN,
    "stands": ledger_scripts.STANDS,
    "finish": lease_scripts.FINISH,
}

Process = subprocess.Popen[bytes]


class TooSlowError(Exception):
    """This machine was busy for so long that what happened says nothing."""


class Fleet(NamedTuple):
    """What stands while workers die. `digests` names the scripts as EVALSHA does."""

    folder: Path
    settings: Mapping[str, Any]
    chores: Process
    direct: redis.Redis
    proxies: Sequence[RedisControl]
    fakes: Sequence[Control]
    vendors: Mapping[str, Vendor]
    state: wiring.State
    store: Store
    digests: Mapping[str, str]
    workers: list[Process]

    def crew(self, number: int) -> "Crew":
        """New workers that take messages, each with its threads in a process group of its own."""
        proxy = self.proxies[number % len(self.proxies)]
        settings = {**self.settings, "redis": {"url": proxy.url}}
        command = ("worker", "--queue", "record", "--slots", str(SLOTS))
        workers = [_started(command, settings, self.folder / "workers.log") for _ in range(WORKERS)]
        self.workers.extend(workers)
        pids = {worker.pid for worker in workers}
        awaited(
            lambda: pids <= {info.pid for info in self.state.workers.live()},
            f"workers to begin (see {self.folder})",
        )
        return Crew(workers, proxy)

    def clear(self) -> None:
        """Begin anew: no worker, nothing held, nothing recorded."""
        kill(self.workers)
        for holder in (*self.proxies, *self.fakes):
            holder.do("clear" if holder in self.proxies else "clear_faults")
            holder.release("drop")
        self.direct.flushdb()

    @contextmanager
    def chores_rest(self) -> Iterator[None]:
        """Let no chore be done, so that what is held is not given to another worker."""
        self.chores.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.chores.send_signal(signal.SIGCONT)


class Crew(NamedTuple):
    """Workers, and the proxy between them and Redis, which is theirs alone."""

    workers: Sequence[Process]
    proxy: RedisControl

    def rest(self) -> None:
        """Let them take no message, ready as they are."""
        self.proxy.hold_command("BRPOP", times=len(self.workers))
        awaited(lambda: len(self._polls()) == len(self.workers), "workers to rest")

    def go_on(self) -> None:
        for number in self._polls():
            self.proxy.release("go", number)

    def kill(self) -> None:
        kill(self.workers)

    def _polls(self) -> list[int]:
        return [each["id"] for each in self.proxy.do("held") if each["call"] == "BRPOP"]


def kill(processes: Sequence[Process]) -> None:
    """End whole process groups as the kernel does when memory is out."""
    alive = [process for process in processes if process.poll() is None]
    for process in alive:
        os.killpg(process.pid, signal.SIGKILL)
    for process in alive:
        process.wait(10)


def awaited(look: Callable[[], bool], what: str, *, fails: bool = True) -> None:
    """Until it is so; what `fails` not is left as it is after that time, to be judged."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not look():
        if time.monotonic() > deadline_s:
            assert not fails, f"waited {PATIENCE_S} s for {what}"
            return
        time.sleep(_LOOK_S)


@contextmanager
def fleet(folder: Path, redis_url: str) -> Iterator[Fleet]:
    """The fakes and the proxy, each a program of its own, and chores that speak to Redis itself."""
    with (
        own_process("huawei_vod") as huawei,
        own_process("alibaba") as alibaba,
        in_process("tests.fakes.redis_proxy", "--redis", redis_url) as first,
        in_process("tests.fakes.redis_proxy", "--redis", redis_url) as second,
        redis.Redis.from_url(redis_url, decode_responses=True) as direct,
    ):
        (folder / "objects").mkdir()
        told = _settings(folder, profiles_of(huawei, alibaba, timeout_s=TIMEOUT_S))
        near: dict[str, Any] = {**told, "redis": {"url": redis_url}}
        settings = Settings(**near)
        chores = _started(("chores",), near, folder / "chores.log")
        workers: list[Process] = []
        try:
            yield Fleet(
                folder,
                told,
                chores,
                direct,
                (RedisControl(*first), RedisControl(*second)),
                (huawei, alibaba),
                vendors_of(huawei, alibaba),
                wiring.state(settings, timeout_s=10),
                wiring.store(settings),
                {name: direct.script_load(SHARED + body) for name, body in SCRIPTS.items()},
                workers,
            )
        finally:
            kill([chores, *workers])


def _settings(folder: Path, profiles: Mapping[str, Any]) -> dict[str, Any]:
    """What all processes have in common: all but the way to Redis."""
    return {
        "store": {"folder": str(folder / "objects")},
        "worker": {
            "lease_s": LEASE_S,
            "lease_renew_s": RENEW_S,
            "heartbeat_s": 1,
            "reconcile_every_s": 0.5,
            "unseen_republish_s": 3,
            "max_lost_attempts": 10,
        },
        "records": {"settle_s": SETTLE_S},
        "providers": profiles,
    }


def _started(command: Sequence[str], settings: Mapping[str, Any], log: Path) -> Process:
    given = {f"FIRSTFRAME_{name.upper()}": json.dumps(each) for name, each in settings.items()}
    around = {name: each for name, each in os.environ.items() if not name.startswith("FIRSTFRAME_")}
    with log.open("ab") as written:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "worker.commands", *command],
            env={**around, **given},
            stderr=written,
            start_new_session=True,
        )
