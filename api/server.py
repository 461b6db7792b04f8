"""Serving the application with uvicorn, in this process, until SIGTERM."""

import gc
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from api.app import make_app
from api.heads import with_head_timeout
from worker.settings import Settings

GRACE_S: Final = 8
# Whoever closes an idle connection must be the client: a call that it sends while the server
# closes is lost. Node gives up its own after 5 s, the vendor's client for Java after 60 s.
KEEP_ALIVE_S: Final = 75


class Server(uvicorn.Server):
    """A uvicorn server that answers the waiters before it waits for their connections."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, serving: Callable[[str], None]):
        super().__init__(config)
        self._app = app
        self._serving = serving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell the address: with port 0 it is known only now."""
        await super().startup(sockets)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        scheme = "https" if self.config.is_ssl else "http"
        self._serving(f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End cleanly and with status 0: the signal is not raised again afterwards."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer whoever waits with the job as it stands, then end what is under way."""
        self._app.state.waiters.close()
        self._app.state.subscribers.close()
        await super().shutdown(sockets)


def serve(settings: Settings, *, host: str, port: int, serving: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `serving` is told the URL once it answers."""
    app = make_app(settings)
    # What is loaded by now stays: the collector need not go through it again and again.
    gc.collect()
    gc.freeze()
    make_server(app, host=host, port=port, serving=serving).run()


def make_server(app: FastAPI, *, host: str, port: int, serving: Callable[[str], None]) -> Server:
    """A server that is ready to run; logging is left as the process has it."""
    settings: Settings = app.state.settings
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=with_head_timeout(settings.api.stall_timeout_s),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=settings.api.tls_certificate,
        ssl_keyfile=settings.api.tls_key,
    )
    return Server(config, app, serving)
