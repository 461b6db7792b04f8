"""Messages of ours at receivers that are not our fake: the one of the page, and the standard's."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.architecture.house import ROOT
from worker.net.webhooks import DeliveryFailedError, WebhookMessenger
from worker.signing.standard_webhooks import new_secret

PAGE = ROOT / "docs" / "webhooks.md"
MESSENGER = WebhookMessenger(timeout_s=10, allow_http=True, allow_private_addresses=True)
ID = "msg_01JC6Z5G0Q8V2N3M4P5R6S7T8W_7"
BODY = '{"type":"job.succeeded","data":{"name":"Füße"}}'.encode()
ORACLE = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["WEBHOOK_SECRET"])

class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            webhook.verify(body, headers)
            print(body.decode(), flush=True)
            self.send_response(204)
        except WebhookVerificationError:
            self.send_response(401)
        self.end_headers()

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Receiver).serve_forever()
"""


class Receiver(NamedTuple):
    """A program that receives; what it prints goes to a file."""

    url: str
    secret: str
    printed: Path

    def deliver(self, *secrets: str, message_id: str = ID) -> int:
        return MESSENGER.deliver(self.url, message_id=message_id, body=BODY, secrets=secrets)


@contextmanager
def receiving(program: list[str | Path], folder: Path, **environ: str) -> Iterator[Receiver]:
    """The program in a process of its own, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    secret, printed = new_secret(), folder / "printed"
    told = {"PORT": str(port), "WEBHOOK_SECRET": secret, "PYTHONIOENCODING": "utf-8", **environ}
    with (
        printed.open("wb") as out,
        subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *program],
            env=os.environ | told,
            stdout=out,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        ) as process,
    ):
        _wait_for(port)
        try:
            yield Receiver(f"http://127.0.0.1:{port}/hook", secret, printed)
        finally:
            process.kill()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "the receiver has not started"
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def of_the_page(tmp_path: Path, one_redis_url: str) -> Iterator[Receiver]:
    """The receiver of docs/webhooks.md, as it is written there."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    program = tmp_path / "receiver.py"
    program.write_text(code)
    place = {"REDIS_URL": one_redis_url, "PYTHONPATH": str(ROOT)}
    with receiving([sys.executable, program], tmp_path, **place) as receiver:
        yield receiver


@pytest.fixture
def of_the_standard(tmp_path: Path, vendors_python: Path) -> Iterator[Receiver]:
    """A receiver over the standard's own library."""
    program = tmp_path / "oracle.py"
    program.write_text(ORACLE)
    with receiving([vendors_python, "-I", program], tmp_path) as receiver:
        yield receiver


def refused(receiver: Receiver, *secrets: str) -> str:
    with pytest.raises(DeliveryFailedError) as caught:
        receiver.deliver(*secrets)
    return caught.value.message


def test_the_receiver_of_the_page_handles_a_message_once(of_the_page: Receiver) -> None:
    assert of_the_page.deliver(of_the_page.secret) == 204
    assert of_the_page.deliver(of_the_page.secret) == 204
    assert of_the_page.deliver(new_secret(), of_the_page.secret, message_id=ID + "1") == 204

    assert of_the_page.printed.read_bytes().splitlines() == [BODY] * 2


def test_the_receiver_of_the_page_refuses_what_is_not_ours(of_the_page: Receiver) -> None:
    assert "401" in refused(of_the_page, new_secret())

    assert of_the_page.printed.read_bytes() == b""


@pytest.mark.vendors
def test_the_standards_own_library_believes_our_messages(of_the_standard: Receiver) -> None:
    assert of_the_standard.deliver(of_the_standard.secret) == 204
    assert of_the_standard.deliver(of_the_standard.secret, new_secret()) == 204
    assert of_the_standard.deliver(new_secret(), of_the_standard.secret) == 204
    assert "401" in refused(of_the_standard, new_secret())

    assert of_the_standard.printed.read_bytes().splitlines() == [BODY] * 3
