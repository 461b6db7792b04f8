"""The bare framework: one route of FastAPI, served by uvicorn with the options our API has."""

import socket
import sys

import uvicorn
from fastapi import FastAPI

from worker.commands.instance import LOOPBACK


def bare_app() -> FastAPI:
    """What the framework costs before anything is done."""
    app = FastAPI()

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app


def main() -> None:
    """Print `ready URL` and serve until SIGTERM."""
    config = uvicorn.Config(
        bare_app(), ws="none", log_config=None, access_log=False, server_header=False
    )
    with socket.create_server((LOOPBACK, 0)) as listening:
        port = listening.getsockname()[1]
        sys.stdout.write(f"ready http://{LOOPBACK}:{port}/healthz\n")
        sys.stdout.flush()
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
