"""Real workers and chores as processes of their own, and a source that answers when told."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

from worker import wiring
from worker.contracts.jobs import AnyRequest, Job
from worker.contracts.requests import CoverRequest
from worker.contracts.snapshots import SnapshotRequest
from worker.settings import CONFIG_VARIABLE, Settings
from worker.state.events import EVENTS_KEY, parse_event

TENANT = "default"


class GatedSource:
    """Serves one medium over HTTP; while the gate is shut, requests wait."""

    def __init__(self, data: bytes) -> None:
        self.gate = threading.Event()
        self.asked = threading.Semaphore(0)
        source = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                source.asked.release()
                source.gate.wait(30)
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                # An attempt that was cancelled has hung up.
                with suppress(ConnectionError):
                    self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait_until_asked(self) -> None:
        """Until an attempt has begun to read."""
        assert self.asked.acquire(timeout=30), "no attempt read the source"

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()


class House:
    """Worker and chores over one Redis, as an operator starts them."""

    def __init__(self, redis_url: str, folder: Path, source: GatedSource) -> None:
        (folder / "objects").mkdir(parents=True)
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self._log = folder / "log"
        self._source = source
        self.config = folder / "firstframe.toml"
        self._processes: list[subprocess.Popen[bytes]] = []
        self.settings_text = {
            "redis": f'url = "{redis_url}"',
            "store": f'folder = "{folder / "objects"}"\nlink_secret = "{"x" * 40}"',
            "detect": 'kind = "none"',
            "fetch": f"allow_private_addresses = true\nallowed_ports = [{source.port}]",
            "worker": "lease_s = 2\nlease_renew_s = 0.5\nheartbeat_s = 1\n"
            "reconcile_every_s = 0.5\nunseen_republish_s = 2",
        }

    def adjust(self, line: str) -> None:
        """One more line for the section `worker`, before anything is started."""
        self.settings_text["worker"] += f"\n{line}"

    def open(self) -> None:
        """Write the settings and start the chores."""
        text = "\n".join(f"[{name}]\n{body}" for name, body in self.settings_text.items())
        self.config.write_text(text)
        os.environ[CONFIG_VARIABLE] = str(self.config)
        try:
            settings = Settings.read()
        finally:
            del os.environ[CONFIG_VARIABLE]
        self.state = wiring.state(settings, timeout_s=2)
        self.redis = wiring.redis_client(settings, timeout_s=2)
        self.start("chores")

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start one of our commands with these settings."""
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig", "KILL"),
                    *(sys.executable, "-m", "worker.commands", *command),
                ],
                env={
                    **os.environ,
                    CONFIG_VARIABLE: str(self.config),
                    "TMPDIR": str(self.temporary),
                },
                stdout=log,
                stderr=log,
            )
        self._processes.append(process)
        return process

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start a worker and wait until it takes jobs."""
        process = self.start("worker")
        self.wait_for(lambda: str(process.pid) in {str(w.pid) for w in self.state.workers.live()})
        return process

    def start_api(self) -> str:
        """Start an API on a free port; its URL, once it answers."""
        self.start("api", "--port", "0")
        self.wait_for(lambda: "ready http" in self.log())
        return self.log().partition("ready ")[2].split()[0]

    def create(self, **fields: object) -> Job:
        """A job on the gated source, given to Celery as the API does."""
        url = f"http://127.0.0.1:{self._source.port}/portrait.jpg"
        wanted = {"source": {"url": url}, "sizes": [64], **fields}
        return self.given(CoverRequest.model_validate(wanted))

    def snapshots(self, **fields: object) -> Job:
        """A job for snapshots of the gated source."""
        url = f"http://127.0.0.1:{self._source.port}/clip.mp4"
        wanted = {"source": {"url": url}, "lane": "live", **fields}
        return self.given(SnapshotRequest.model_validate(wanted))

    def given(self, wanted: AnyRequest) -> Job:
        """A job that is given to Celery as the API does."""
        job = self.state.jobs.create(TENANT, wanted)
        self.state.lanes.release(job.lane)
        return job

    def now(self, job: Job) -> Job:
        return self.read(job.id)

    def read(self, job_id: str) -> Job:
        read = self.state.jobs.read(TENANT, job_id)
        assert read is not None
        return read

    def ended(self, job: Job, *, within_s: float = 40) -> Job:
        """The job once it has ended."""
        self.wait_for(lambda: self.now(job).finished_at is not None, within_s=within_s)
        return self.now(job)

    def wait_for(
        self, true: Callable[[], bool], *, within_s: float = 40, pause_s: float = 0.05
    ) -> None:
        deadline_s = time.monotonic() + within_s
        while not true():
            assert time.monotonic() < deadline_s, self.log()
            time.sleep(pause_s)

    def open_gate(self) -> None:
        """Let the source answer."""
        self._source.gate.set()

    def told(self, job: Job) -> list[str]:
        """The states the job went through, as the event stream tells them."""
        entries: Any = self.redis.xrange(EVENTS_KEY)
        events = [parse_event(fields) for _, fields in entries]
        return [event.status for event in events if event.id == job.id]

    def log(self) -> str:
        return self._log.read_text()

    def close(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGKILL)
            process.wait()


def pool_child(worker: subprocess.Popen[bytes]) -> psutil.Process:
    """The process that runs the jobs of a worker."""
    children = psutil.Process(worker.pid).children()
    assert len(children) == 1, children
    return children[0]
