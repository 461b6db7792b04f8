"""Covers written back: how fast they are lined up, and recorded within an account's budget."""

import json
import secrets
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import httpx2
from redis import Redis

from worker import wiring
from worker.commands.bench_provider import FAR_S, TOLD
from worker.commands.bench_row import Row
from worker.commands.demo import SIZE_PX, instance
from worker.commands.demo_fetch import WAIT_S, finished
from worker.commands.instance import settings_in
from worker.commands.processes import children_of, command_line, cpu_s
from worker.contracts.records import RecordOrder
from worker.contracts.results import CoverResult
from worker.contracts.targets import AlibabaMpsTarget
from worker.rules.records import cover_of
from worker.settings import Settings

ORDERS: Final = 10_000
MOST_LINING_UP_S: Final = 10
CALLS_PER_S: Final = 100
LEAST_PER_S: Final = 0.9 * CALLS_PER_S
SPELL_S: Final = 5
PROFILE: Final = "bench"
_SECTION: Final = f"FIRSTFRAME_PROVIDERS__ALIBABA_MPS__{PROFILE.upper()}__"
_FINISHED: Final = "ff:finished_records"


class Spell(NamedTuple):
    """Records that ended in a while, and what each took the worker."""

    per_s: float
    cpu_ms: float


def record_rows(medium: Path, folder: Path, rounds: int) -> list[Row]:
    """Record a cover at ten thousand media, lined up over HTTP, then by the ledger itself.

    One worker with 8 slots calls a provider that answers after 20 ms, from the first line on.
    """
    data = folder / "records"
    with far_provider() as url, instance(data, "--workers", "1", variables=profile(url)) as up:
        base_url, up_pid = up
        with httpx2.Client(base_url=base_url, timeout=WAIT_S + 10, trust_env=False) as client:
            job = _covered(client, medium)
            over_http_s = lined_up_over_http(client, job["id"])
        settings = settings_in(data)
        with wiring.redis_client(settings, timeout_s=5) as redis:
            _spell(redis, calls_pid(up_pid))
            spells = [_spell(redis, calls_pid(up_pid)) for _ in range(rounds)]
        busiest = most_in_a_second(httpx2.get(url + TOLD, trust_env=False).json()["written_s"])
        return [
            *spell_rows(spells, busiest),
            Row(f"{ORDERS:,} records lined up over HTTP, s", over_http_s, asked=MOST_LINING_UP_S),
            Row(
                f"{ORDERS:,} records lined up by the ledger itself, s",
                lined_up_by_ledger(settings, job),
                asked=MOST_LINING_UP_S,
            ),
        ]


@contextmanager
def far_provider() -> Iterator[str]:
    """A provider in a process of its own; gives its base URL."""
    command = [sys.executable, "-m", "worker.commands.bench_provider"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().removeprefix("ready ").strip()
        finally:
            process.terminate()


def profile(provider_url: str) -> Mapping[str, str]:
    """Variables that make the provider that of targets with the profile."""
    a_minute = f"{60 * CALLS_PER_S}"
    return {
        f"{_SECTION}BASE_URL": provider_url,
        f"{_SECTION}ACCESS_KEY": "bench",
        f"{_SECTION}SECRET_KEY": secrets.token_hex(16),
        f"{_SECTION}CALLS_PER_MINUTE": a_minute,
        f"{_SECTION}READS_PER_MINUTE": a_minute,
        f"{_SECTION}ALLOW_PRIVATE_ADDRESSES": "true",
    }


def spell_rows(spells: Sequence[Spell], busiest: int) -> list[Row]:
    """The medians of all spells, and the second with the most writes."""
    far_ms = f"{1000 * FAR_S:.0f} ms a call"
    per_s = median(spell.per_s for spell in spells)
    slowest, fastest = (edge(spell.per_s for spell in spells) for edge in (min, max))
    return [
        Row(f"records/s, one worker with 8 slots, {far_ms}", per_s, least=LEAST_PER_S),
        Row(f"records/s, the slowest {SPELL_S} s", slowest),
        Row(f"records/s, the fastest {SPELL_S} s", fastest),
        Row(f"most writes in any one second, budget {CALLS_PER_S}", busiest, asked=CALLS_PER_S),
        Row("one record, CPU ms of its worker", median(spell.cpu_ms for spell in spells)),
    ]


def most_in_a_second(moments_s: Sequence[float]) -> int:
    """How many of some moments, in their order, lie within any one second."""
    ends = (bisect_left(moments_s, moment_s + 1) for moment_s in moments_s)
    return max((end - first for first, end in enumerate(ends)), default=0)


def calls_pid(up_pid: int) -> int:
    """The process under `firstframe up` that makes the calls."""
    return next(pid for pid in children_of(up_pid) if "--queue" in command_line(pid).split())


def lined_up_over_http(client: httpx2.Client, job_id: str) -> float:
    """Seconds until a body of ten thousand lines was answered, line by line."""
    lines = [json.dumps({"job": job_id, "target": _target()}) for _ in range(ORDERS)]
    body, headers = "\n".join(lines).encode(), {"Content-Type": "application/x-ndjson"}
    began_s = time.monotonic()
    answer = client.post("/v1/records", content=body, headers=headers).raise_for_status()
    taken_s = time.monotonic() - began_s
    made = sum('"state":"pending"' in line for line in answer.text.splitlines())
    if made != ORDERS:
        raise SystemExit(f"only {made} records were lined up: {answer.text[:500]}")
    return taken_s


def lined_up_by_ledger(settings: Settings, job: dict[str, Any]) -> float:
    """Seconds until as many were lined up by the code that every way in has."""
    state = wiring.state(settings, timeout_s=settings.redis.timeout_s)
    target = AlibabaMpsTarget.model_validate(_target())
    cover = cover_of(CoverResult.model_validate(job["result"]), target, job=job["id"])
    orders = [
        RecordOrder(target=AlibabaMpsTarget.model_validate(_target()), job=job["id"], cover=cover)
        for _ in range(ORDERS)
    ]
    began_s = time.monotonic()
    state.records.create("default", orders)
    return time.monotonic() - began_s


def _covered(client: httpx2.Client, medium: Path) -> dict[str, Any]:
    upload = client.post("/v1/uploads", content=medium.read_bytes()).raise_for_status().json()
    wanted = {"source": {"upload": upload["upload"]}, "sizes": [SIZE_PX]}
    job = finished(client, "/v1/covers", wanted)
    if job["status"] != "succeeded":
        raise SystemExit(f"the cover was not made: {job['error']}")
    return job


def _target() -> dict[str, str]:
    return {"provider": "alibaba_mps", "profile": PROFILE, "media_id": secrets.token_hex(16)}


def _spell(redis: Redis, worker_pid: int) -> Spell:
    began_s, cpu_before_s, before = time.monotonic(), cpu_s(worker_pid), redis.zcard(_FINISHED)
    time.sleep(SPELL_S)
    ended = redis.zcard(_FINISHED) - before
    taken_s, took_cpu_s = time.monotonic() - began_s, cpu_s(worker_pid) - cpu_before_s
    if not ended:
        raise SystemExit("nothing was recorded")
    return Spell(ended / taken_s, 1000 * took_cpu_s / ended)
