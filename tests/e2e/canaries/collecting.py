"""Everything that comes out of an instance: its answers, logs, files, Redis, processes."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx2
import psutil
import redis

from tests.e2e.canaries.calling import Caller
from tests.e2e.canaries.instances import Watched
from tests.e2e.canaries.scanning import Output

_LISTS: Final = ("jobs", "records", "notices", "images", "watches")
_ALONE: Final = ("openapi.json", "readyz", "healthz", "docs")
_SLOWLOG: Final = 20_000


class Streams:
    """All events of an instance as a client reads them, from the first one on."""

    def __init__(self, here: Watched) -> None:
        self._url = f"{here.client.base_url}".rstrip("/") + "/v1/events"
        self.data = bytearray()
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        with suppress(httpx2.HTTPError), httpx2.stream("GET", self._url, timeout=90) as answer:
            for piece in answer.iter_raw():
                self.data += piece


def read_all(caller: Caller) -> None:
    """Every list, page by page, and every item of it."""
    for path in _ALONE:
        caller.call("GET", f"/{path}")
    for name in _LISTS:
        for item in _items(caller, name):
            _count(caller, name, item)
            caller.call("GET", f"/v1/{name}/{item.get('id') or item['image_id']}")
            if name == "images":
                caller.call("GET", f"/v1/media/{item['medium']}")
            if name == "jobs" and item["status"] != "queued":
                _events(caller, item["id"])


def _count(caller: Caller, name: str, item: dict[str, Any]) -> None:
    state = item.get("state") or item["status"]
    caller.seen[f"{name} {state}"] += 1
    if item.get("error"):
        caller.seen[item["error"]["code"]] += 1
    if state == "recorded":
        caller.seen[f"recorded at {item['provider']}"] += 1


def _items(caller: Caller, name: str) -> Iterator[dict[str, Any]]:
    cursor = ""
    while True:
        page = caller.call("GET", f"/v1/{name}?limit=200{cursor}")
        yield from page[name]
        if not page["next"]:
            return
        cursor = f"&cursor={page['next']}"


def _events(caller: Caller, job: str) -> None:
    with caller.here.client.stream("GET", f"/v1/jobs/{job}/events") as answer:
        caller.keep("events of a job", next(answer.iter_text(), ""))


def processes(here: Watched) -> Iterator[Output]:
    """What anybody on the machine sees of the processes, and what their own user does."""
    for process in psutil.Process(here.pid).children(recursive=True):
        with suppress(psutil.Error):
            words = process.cmdline()
            name = next(
                (n for n in ("redis", "worker.sandbox") if n in " ".join(words)), "firstframe"
            )
            yield Output(f"command line of {name}", "\n".join(words).encode())
            around = "\n".join(f"{key}={value}" for key, value in process.environ().items())
            yield Output(f"environment of {name}", around.encode())


def slow_commands(here: Watched) -> Iterator[Output]:
    """What Redis keeps of commands that took long, which all do here."""
    client: Any = here.redis
    slow = client.execute_command("SLOWLOG", "GET", _SLOWLOG)
    assert slow
    yield Output("redis slowlog", repr(slow).encode())


def redis_said(here: Watched) -> Iterator[Output]:
    """Every key with its value, what clients were seen to say."""
    yield Output("redis monitor", b"\n".join(list(here.said)))
    for key in here.redis.scan_iter(count=1000):
        parts = _parts(here.redis, key)
        yield Output(f"redis key {_kind_of(key)}", b"\n".join([key, *parts]))
    yield Output("redis clients", str(here.redis.client_list()).encode())


def _kind_of(key: bytes) -> str:
    """A key by its first two words: what is after them are ids."""
    return ":".join(key.decode(errors="replace").split(":")[:2])


def _parts(client: redis.Redis, key: bytes) -> list[bytes]:
    kind: Any = client.type(key)
    readers: dict[bytes, Any] = {
        b"string": lambda: [client.get(key) or b""],
        b"hash": lambda: [part for pair in _pairs(client.hgetall(key)) for part in pair],
        b"list": lambda: client.lrange(key, 0, -1),
        b"set": lambda: list(_given(client.smembers(key))),
        b"zset": lambda: client.zrange(key, 0, -1),
        b"stream": lambda: [repr(client.xrange(key)).encode()],
        b"none": list,
    }
    parts: list[bytes] = readers[kind]()
    return parts


def _pairs(told: Any) -> Any:
    return told.items()


def _given(told: Any) -> Any:
    return told


def files(here: Watched) -> Iterator[Output]:
    """Every file of the instance: objects and their sidecars, documents, AOF, settings, logs."""
    for path in sorted(here.data.rglob("*")):
        if path.is_file():
            yield Output(f"file {_place(path, here.data)}", path.read_bytes())
    yield Output("log", here.data.with_suffix(".log").read_bytes())


def _place(path: Path, folder: Path) -> str:
    """Where the file is; objects by their folder only."""
    parts = path.relative_to(folder).parts
    return "/".join(parts[:2]) if parts[0] in {"objects", "libraries", "redis"} else path.name
