"""The media corpus over HTTP gives what the command line gives, whatever the store."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.corpus import CorpusFile
from tests.e2e.steps import cover, upload
from tests.minio_server import Minio
from worker.commands.demo import instance

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(300)]

WORKERS = 2
AS_EXPECTED = 110


@pytest.fixture(scope="module")
def on_the_command_line(
    corpus: dict[str, CorpusFile], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What `firstframe cover` says of each file."""
    command = [sys.executable, "-m", "worker.commands", "cover", "--size", "256", "--json"]
    folder = tmp_path_factory.mktemp("covers")
    paths = [str(file.path) for file in corpus.values()]
    done = subprocess.run(
        [*command, "--out-dir", str(folder), *paths], capture_output=True, timeout=250, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["source"] for line in lines] == paths, "one line a file, in order"
    return dict(zip(corpus, lines, strict=True))


@pytest.fixture(params=["local", "minio"])
def client(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx2.Client]:
    """A client of an instance with two workers and the store that the parameter names."""
    if request.param == "minio":
        _use_minio(monkeypatch, request.getfixturevalue("minio"), request.getfixturevalue("bucket"))
    with (
        instance(tmp_path / "data", "--workers", str(WORKERS)) as (base_url, _),
        httpx2.Client(base_url=base_url, timeout=90, trust_env=False) as http,
    ):
        yield http


def _use_minio(patch: pytest.MonkeyPatch, minio: Minio, bucket: str) -> None:
    settings = {
        "KIND": "minio",
        "ENDPOINT": minio.endpoint,
        "ACCESS_KEY": minio.access_key,
        "SECRET_KEY": minio.secret_key,
        "BUCKET": bucket,
        "PUBLIC_BASE_URL": f"http://{minio.endpoint}/{bucket}",
    }
    for name, value in settings.items():
        patch.setenv(f"FIRSTFRAME_STORE__{name}", value)


def test_most_of_the_corpus_ends_as_expected(
    corpus: dict[str, CorpusFile], on_the_command_line: dict[str, dict[str, Any]]
) -> None:
    wrong = [
        f"{name}: {(line['error'] or line)['code' if line['error'] else 'status']}"
        for name, line in on_the_command_line.items()
        if (line["status"] == "succeeded") != (corpus[name].facts["expect"] == "ok")
    ]

    assert len(corpus) - len(wrong) >= AS_EXPECTED, wrong


@pytest.mark.minio
def test_the_covers_are_the_same_byte_for_byte(
    client: httpx2.Client,
    corpus: dict[str, CorpusFile],
    on_the_command_line: dict[str, dict[str, Any]],
) -> None:
    def told(file: CorpusFile) -> Any:
        if not file.facts["bytes"]:
            return None
        job = cover(client, {"upload": upload(client, file.path)}, wait_s=60, sizes=[256])
        return job["error"]["code"] if job["error"] else job["result"]["covers"][0]

    with ThreadPoolExecutor(WORKERS) as pool:
        for name, over_http in zip(corpus, pool.map(told, corpus.values()), strict=True):
            line = on_the_command_line[name]
            if over_http is None:
                assert line["error"]["code"] == "source.empty"
            elif line["error"]:
                assert over_http == line["error"]["code"], name
            else:
                assert over_http["sha256"] == line["covers"][0]["sha256"], name
                _opens(over_http)


def _opens(told: dict[str, Any]) -> None:
    """The cover's URL gives the very bytes, with the right type, to keep for ever."""
    answer = httpx2.get(told["url"], trust_env=False)
    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).hexdigest() == told["sha256"]
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
