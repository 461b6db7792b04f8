"""What people do with libraries of an instance, by command and over HTTP, in single steps."""

import json
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
from PIL import Image

from tests.api.dialects.tencent_smh.uploader import Uploader
from tests.e2e.conftest import Running
from tests.e2e.steps import cover, upload


class Librarian:
    """Runs `firstframe smh` with an instance's settings, and calls `/api/v1` with a token."""

    def __init__(self, running: Running, token: str = "") -> None:
        self.running = running
        self.token = token
        self.config = running.data / "firstframe.toml"

    def smh(self, *words: str | Path) -> str:
        """What `firstframe smh …` answers."""
        done = subprocess.run(
            [sys.executable, "-m", "worker.commands", "smh", *words],
            env={**os.environ, "FIRSTFRAME_CONFIG": str(self.config)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def library(self, library_id: str, *options: str) -> str:
        """Make a media library, and a token that may do everything in it; the library's secret."""
        made = self.smh("library", "create", library_id, "--kind", "media", "--json", *options)
        self.token = self.smh("token", "create", library_id, "--grant", "admin").strip()
        return str(json.loads(made)["secret"])

    def put(self, target: str, file: Path) -> dict[str, Any]:
        """`firstframe smh put`; what it tells."""
        told: dict[str, Any] = json.loads(self.smh("put", target, file, "--json"))
        return told

    def call(self, method: str, path: str, **queries: Any) -> httpx2.Response:
        """A call below `/api/v1`; redirects are not followed."""
        given = {"access_token": self.token, **queries}
        return self.running.client.request(method, f"/api/v1{path}", params=given)

    def upload(self, place: str, path: str, file: Path) -> dict[str, Any]:
        """A file sent in the vendor's three steps; what confirming it answers."""
        base = str(self.running.client.base_url).rstrip("/")
        with httpx2.Client(base_url=f"{base}/api/v1", timeout=60, trust_env=False) as api:
            return Uploader(api, base).put(place, quote(path), self.token, file.read_bytes())

    def listing(self, path: str) -> list[dict[str, Any]]:
        """What a directory has in it; media in the order of their uploads."""
        answer = self.call("GET", f"/directory/{path}").raise_for_status()
        contents: list[dict[str, Any]] = answer.json()["contents"]
        return contents

    def cover(self, path: str, **queries: Any) -> bytes:
        """The picture that the redirect of `/album/{path}` leads to."""
        answer = self.call("GET", f"/album/{path}", **queries)
        assert (answer.status_code, answer.content) == (302, b""), answer.text
        return httpx2.get(answer.headers["location"], trust_env=False).raise_for_status().content

    def cover_of_upload(self, medium: Path, size_px: int) -> bytes:
        """The cover that `/v1/covers` makes of a file."""
        client = self.running.client
        source = {"upload": upload(client, medium)}
        job = cover(client, source, wait_s=60, sizes=[size_px], visibility="private")
        assert job["status"] == "succeeded", job["error"]
        (link,) = job["links"]["covers"]
        return httpx2.get(link, trust_env=False).raise_for_status().content


def size_of(picture: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    with Image.open(BytesIO(picture)) as opened:
        return opened.size
