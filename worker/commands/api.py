"""`firstframe api`: the HTTP side as one process."""

import ipaddress
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Final

import typer

from worker.commands.certificates import CertificateError, check_certificate
from worker.settings import Settings
from worker.telemetry import start_logging

SERVE: Final = "api.server:serve"


def api(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port to listen on; 0: any free one.")
    ] = None,
) -> None:
    """Serve the HTTP API; prints `ready URL` once it answers, ends cleanly on SIGTERM."""
    settings = Settings.read()
    host = settings.api.host if host is None else host
    port = settings.api.port if port is None else port
    if not (settings.api.open or is_loopback(host)):
        sys.stderr.write(
            f"firstframe: no API keys exist, so anyone who reaches {host} could make jobs.\n"
            "Listen on 127.0.0.1, or set FIRSTFRAME_API__OPEN=true if that is meant.\n"
        )
        raise typer.Exit(2)
    try:
        check_certificate(settings.api)
    except CertificateError as error:
        sys.stderr.write(f"firstframe: {error}\n")
        raise typer.Exit(2) from error
    start_logging(settings.log)
    sys.stderr.write("firstframe: no API keys exist; every caller is the tenant 'default'.\n")
    module, _, name = SERVE.partition(":")
    serve: Callable[..., None] = getattr(import_module(module), name)
    serve(settings, host=host, port=port, serving=_tell)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address; names other than localhost may lead on."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tell(url: str) -> None:
    sys.stdout.write(f"ready {url}\n")
    sys.stdout.flush()
