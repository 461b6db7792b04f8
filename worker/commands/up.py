"""`firstframe up`: Redis, workers, chores and API on one machine, in one folder."""

import json
import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from worker import wiring
from worker.commands.api import is_loopback
from worker.commands.certificates import CertificateError, check_certificate, trusting
from worker.commands.instance import (
    LOOPBACK,
    Instance,
    InstanceError,
    lock,
    open_instance,
    redis_command,
)
from worker.commands.supervise import Program, ProgramDiedError, Supervisor, environment
from worker.contracts.names import CALL_LANES
from worker.errors import StorageError
from worker.settings import CONFIG_VARIABLE, Settings
from worker.telemetry import start_logging

START_TIMEOUT_S = 60.0
STOP_MARGIN_S = 5.0


def up(
    host: Annotated[str, typer.Option(help="Address the API listens on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Its port; 0: any free one.")] = 8000,
    data: Annotated[Path, typer.Option(help="Folder of everything that is kept.")] = Path(
        "firstframe-data"
    ),
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Slots, a job each; absent: one a core.")
    ] = None,
) -> None:
    """Run everything on this machine; print `ready URL` once it serves.

    Ctrl-C or SIGTERM ends all of it; a restart on the same --data finds every job and cover.
    """
    try:
        held = lock(data)
        instance, settings = _checked(open_instance(data, host=host, port=port))
    except (InstanceError, CertificateError) as error:
        sys.stderr.write(f"firstframe up: {error}\n")
        raise typer.Exit(1) from error
    if not settings.api.open and not is_loopback(host):
        sys.stderr.write(
            f"firstframe up: there are no API keys, so {host} would serve everyone;"
            " set FIRSTFRAME_API__OPEN=true if that is meant\n"
        )
        raise typer.Exit(2)
    start_logging(settings.log)
    served = serve(instance, workers or len(os.sched_getaffinity(0)), settings.api.tls_certificate)
    os.close(held)
    raise typer.Exit(0 if served else 1)


def _checked(instance: Instance) -> tuple[Instance, Settings]:
    """Write the instance's file, read the settings as its processes will, try what they name.

    Raises: InstanceError for a store that cannot be used, CertificateError.
    """
    os.environ[CONFIG_VARIABLE] = str(instance.config)
    instance.save()
    settings = Settings.read()
    if settings.api.tls_certificate is not None:
        check_certificate(settings.api)
        instance = instance._replace(scheme="https")
        instance.save()
        settings = Settings.read()
    try:
        wiring.store(settings).check()
    except StorageError as error:
        raise InstanceError(str(error)) from error
    return instance, settings


def serve(instance: Instance, workers: int, certificate: Path | None = None) -> bool:
    """Run the programs until a signal; False when they did not come up."""
    supervisor = Supervisor()
    try:
        if not _come_up(supervisor, instance, workers, certificate):
            return supervisor.stopping
        sys.stdout.write(f"ready {instance.base_url}\n")
        sys.stdout.flush()
        supervisor.run()
        return True
    except ProgramDiedError as died:
        sys.stderr.write(f"firstframe up: {died}\n")
        return False
    finally:
        supervisor.stop()


def _come_up(
    supervisor: Supervisor, instance: Instance, workers: int, certificate: Path | None
) -> bool:
    """Start Redis, then what needs it; whether all of it serves in time."""
    redis, *others = programs(instance, workers)
    supervisor.start(redis)
    if not supervisor.wait_until(
        lambda: listens(LOOPBACK, instance.redis_port), timeout_s=START_TIMEOUT_S
    ):
        return False
    for program in others:
        supervisor.start(program)
    missing = ["everything"]

    def ready() -> bool:
        missing[:] = unready(instance.base_url, certificate)
        return not missing

    if supervisor.wait_until(ready, timeout_s=START_TIMEOUT_S):
        return True
    if not supervisor.stopping:
        why = "; ".join(missing)
        sys.stderr.write(f"firstframe up: not ready after {START_TIMEOUT_S:.0f} s: {why}\n")
    return False


def programs(instance: Instance, workers: int) -> list[Program]:
    """Redis first, so that it is stopped last."""
    ours = environment(**{CONFIG_VARIABLE: str(instance.config)})
    command = [sys.executable, "-m", "worker.commands"]
    calls = [option for lane in CALL_LANES for option in ("--queue", lane)]
    stop_s = Settings.read().worker.stop_grace_s + STOP_MARGIN_S
    return [
        Program("redis", redis_command(instance), _plain(ours)),
        Program("api", [*command, "api"], ours),
        *(
            Program(f"worker-{number}", [*command, "worker"], ours, stop_s=stop_s)
            for number in range(1, workers + 1)
        ),
        Program("calls", [*command, "worker", *calls], ours, stop_s=stop_s),
        Program("chores", [*command, "chores"], ours),
    ]


def _plain(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: variables[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in variables}


def listens(host: str, port: int) -> bool:
    """Whether something answers at a port."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def unready(base_url: str, certificate: Path | None = None) -> list[str]:
    """What keeps the API from taking jobs and having them done; empty when nothing does."""
    trust = trusting(certificate) if certificate else None
    try:
        with urllib.request.urlopen(  # noqa: S310 - ours
            f"{base_url}/readyz", timeout=2, context=trust
        ) as answer:
            return list(json.load(answer)["warnings"])
    except urllib.error.HTTPError as refused:
        return [str(json.load(refused).get("detail", refused))]
    except OSError as error:
        return [f"the API does not answer: {error}"]
