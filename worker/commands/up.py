"""`firstframe up`: Redis, workers, chores and API on one machine, in one folder."""

import json
import os
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from worker.commands.api import is_loopback
from worker.commands.instance import Instance, InstanceError, lock, open_instance, redis_command
from worker.commands.supervise import Program, Supervisor, environment
from worker.settings import CONFIG_VARIABLE, Settings
from worker.telemetry import start_logging

START_TIMEOUT_S = 60.0
JOB_GRACE_S = 30.0


def up(
    host: Annotated[str, typer.Option(help="Address the API listens on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Its port; 0: any free one.")] = 8000,
    data: Annotated[Path, typer.Option(help="Folder of everything that is kept.")] = Path(
        "firstframe-data"
    ),
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Cover slots; absent: one a core.")
    ] = None,
) -> None:
    """Run everything on this machine; print `ready http://HOST:PORT` once it serves.

    Ctrl-C or SIGTERM ends all of it; a restart on the same --data finds every job and cover.
    """
    try:
        held = lock(data)
        instance = open_instance(data, host=host, port=port)
    except InstanceError as error:
        sys.stderr.write(f"firstframe up: {error}\n")
        raise typer.Exit(1) from error
    settings = _settings(instance)
    if not settings.api.open and not is_loopback(host):
        sys.stderr.write(
            f"firstframe up: there are no API keys, so {host} would serve everyone;"
            " set FIRSTFRAME_API__OPEN=true if that is meant\n"
        )
        raise typer.Exit(2)
    start_logging(settings.log)
    served = serve(instance, workers or len(os.sched_getaffinity(0)))
    os.close(held)
    raise typer.Exit(0 if served else 1)


def _settings(instance: Instance) -> Settings:
    """Write the instance's file and read the settings as its processes will."""
    instance.save()
    os.environ[CONFIG_VARIABLE] = str(instance.config)
    return Settings.read()


def serve(instance: Instance, workers: int) -> bool:
    """Run the programs until a signal; False when they did not come up."""
    supervisor = Supervisor()
    try:
        for program in programs(instance, workers):
            supervisor.start(program)
        ready = supervisor.wait_until(lambda: serves(instance.base_url), timeout_s=START_TIMEOUT_S)
        if ready:
            sys.stdout.write(f"ready {instance.base_url}\n")
            sys.stdout.flush()
            supervisor.run()
        elif not supervisor.stopping:
            sys.stderr.write(f"firstframe up: not ready after {START_TIMEOUT_S:.0f} s\n")
        return ready or supervisor.stopping
    finally:
        supervisor.stop()


def programs(instance: Instance, workers: int) -> list[Program]:
    """Redis first, so that it is stopped last."""
    ours = environment(**{CONFIG_VARIABLE: str(instance.config)})
    command = [sys.executable, "-m", "worker.commands"]
    return [
        Program("redis", redis_command(instance), _plain(ours)),
        Program("api", [*command, "api"], ours),
        *(
            Program(f"worker-{number}", [*command, "worker"], ours, stop_s=JOB_GRACE_S)
            for number in range(1, workers + 1)
        ),
        Program("chores", [*command, "chores"], ours),
    ]


def _plain(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: variables[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in variables}


def serves(base_url: str) -> bool:
    """Whether the API takes jobs and every lane has a worker."""
    try:
        with urllib.request.urlopen(f"{base_url}/readyz", timeout=2) as answer:  # noqa: S310 - ours
            told = json.load(answer)
    except OSError:
        return False
    return bool(told["ready"] and not told["warnings"])
