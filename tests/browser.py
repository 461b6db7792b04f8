"""Chromium without a window, driven over its DevTools protocol."""

import base64
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
from PIL import Image
from websockets.sync.client import ClientConnection, connect

from tests.missing import missing

ANSWER_S = 30
LARGEST_ANSWER_BYTES = 64 << 20
_WORDS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
    *("--remote-debugging-port=0", "--no-first-run", "--disable-extensions"),
    *("--no-proxy-server", "--disable-background-networking", "--disable-component-update"),
    *("--force-device-scale-factor=1", "--window-size=1280,1600"),
    "--autoplay-policy=no-user-gesture-required",
)


class Page:
    """One tab: open a URL, ask it in JavaScript, move the mouse over it, look at it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = count(1)

    def open(self, url: str) -> None:
        """Go there and wait until all that the page names is loaded."""
        self._ask("Page.navigate", url=url)
        deadline = time.monotonic() + ANSWER_S
        loaded = f"location.href == {json.dumps(url)} && document.readyState == 'complete'"
        while not self.value(loaded):
            assert time.monotonic() < deadline, f"{url} is not loaded"
            time.sleep(0.05)

    def value(self, expression: str) -> Any:
        """What an expression is, or what its promise becomes."""
        told = self._ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def hover(self, x: float, y: float) -> None:
        self._ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, x: float, y: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            self._ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self) -> Image.Image:
        """What is to be seen."""
        told = self._ask("Page.captureScreenshot", format="png")
        with Image.open(BytesIO(base64.b64decode(told["data"]))) as picture:
            return picture.convert("RGB")

    def _ask(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            told = json.loads(self._socket.recv(ANSWER_S))
            if told.get("id") == number:
                assert "error" not in told, told["error"]
                return told["result"]


@contextmanager
def chromium(profile: Path) -> Iterator[Page]:
    """A tab of a browser of its own, whose profile is in the folder; skips where there is none."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        missing("chromium", "apt-get install -y chromium")
    words = [program, *_WORDS, f"--user-data-dir={profile}", "about:blank"]
    log = profile.with_suffix(".log")
    with log.open("wb") as errors, subprocess.Popen(words, stderr=errors) as process:
        try:
            with connect(_tab(log), max_size=LARGEST_ANSWER_BYTES, proxy=None) as socket:
                yield Page(socket)
        finally:
            process.terminate()
            process.wait(ANSWER_S)


def _tab(log: Path) -> str:
    """Where the first tab listens; the browser tells its port where others tell of errors."""
    deadline = time.monotonic() + ANSWER_S
    while not (told := re.search(r"listening on ws://(\S+?)/", log.read_text(errors="replace"))):
        assert time.monotonic() < deadline, f"the browser did not start: {log.read_text()}"
        time.sleep(0.05)
    with httpx2.Client(trust_env=False) as client:
        tabs = client.get(f"http://{told[1]}/json/list").json()
    (url,) = (tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
    return str(url)
