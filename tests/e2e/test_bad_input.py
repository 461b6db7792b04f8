"""Bad sources: one code in command line, job and HTTP form, in time, and the worker goes on."""

import itertools
import json
import os
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import psutil
import pytest

from tests.e2e.conftest import Running
from tests.e2e.steps import cover, upload
from tests.http_server import (
    Behaviour,
    MediaServer,
    dripping,
    endless,
    redirect,
    saying,
    silent,
    status,
    whole,
)
from tests.media import ENCRYPTED, Clip, made, photo_path
from worker.commands.demo import instance

FETCH_S = 2.0
SLACK_S = 1.5
LIMITS = {
    "FIRSTFRAME_FETCH__ALLOW_PRIVATE_ADDRESSES": "true",
    "FIRSTFRAME_FETCH__TOTAL_TIMEOUT_S": str(FETCH_S),
    "FIRSTFRAME_FETCH__STALL_TIMEOUT_S": str(FETCH_S),
    "FIRSTFRAME_FETCH__MAX_BYTES": str(4 * 1024 * 1024),
    # The first failure is the end, so that no test waits for a retry.
    "FIRSTFRAME_WORKER__MAX_ATTEMPTS": "1",
}


def _png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is this large."""

    def chunk(name: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels


def _gif(width: int, height: int) -> bytes:
    """A GIF of one pixel on a screen that it says is this large."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    image = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + screen + image + b";"


HTML = b"<!doctype html><title>Not found</title><p>Log in to see this video."
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfile:///etc/passwd\n"
CONTENTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "text": (lambda: b"no video", "media.not_media"),
    "html": (lambda: HTML, "media.not_media"),
    "playlist": (lambda: PLAYLIST, "media.not_media"),
    "zeros": (lambda: bytes(100_000), "media.not_media"),
    "truncated-picture": (lambda: photo_path().read_bytes()[:20_000], "media.corrupt"),
    "audio-only": (
        lambda: made(Clip(audio_only=True)).read_bytes(),
        "media.no_video_stream",
    ),
    "encrypted": (
        lambda: made(Clip(muxer_options=ENCRYPTED)).read_bytes(),
        "media.encrypted",
    ),
    "png-of-10^9-pixels": (lambda: _png(40_000, 25_000), "media.too_many_pixels"),
    "gif-of-10^9-pixels": (lambda: _gif(40_000, 25_000), "media.too_many_pixels"),
}
DRIP = b"HTTP/1.1 200 OK\r\n"
ENDLESS = DRIP + b"\r\n"
ANSWERS: dict[str, tuple[Behaviour, str]] = {
    "not-found": (status(404), "source.not_found"),
    "gone": (status(410), "source.not_found"),
    "forbidden": (status(403), "source.forbidden"),
    "server-error": (status(500), "source.server_error"),
    "throttled": (status(429), "source.throttled"),
    "empty": (whole(b""), "source.empty"),
    "html-with-the-type-of-a-video": (whole(HTML, Content_Type="video/mp4"), "media.not_media"),
    "no-http": (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "source.unreachable"),
    "header-drip": (dripping(DRIP, b"X-More: more\r\n", every_s=0.2), "source.timeout"),
    "silent": (silent(), "source.timeout"),
    "endless-zeros": (endless(), "media.not_media"),
    "endless-picture": (
        dripping(ENDLESS + photo_path().read_bytes()[:20_000], bytes(65_536), every_s=0.0),
        "source.too_large",
    ),
    "slow-picture": (
        dripping(ENDLESS + photo_path().read_bytes()[:20_000], b"slow", every_s=0.2),
        "source.timeout",
    ),
    "redirects-in-a-circle": (redirect("/redirects-in-a-circle"), "source.redirects"),
    "redirect-to-metadata": (
        redirect("http://169.254.169.254/latest/meta-data/"),
        "source.address_blocked",
    ),
    "redirect-to-a-file": (redirect("file:///etc/passwd"), "source.url_not_allowed"),
}
# What an instance that does not open private addresses says; nothing is dialled.
BLOCKED = {
    "loopback": ("http://127.0.0.1/cover.jpg", "source.address_blocked"),
    "loopback-by-name": ("http://localhost/cover.jpg", "source.address_blocked"),
    "loopback-v6": ("http://[::1]/cover.jpg", "source.address_blocked"),
    "loopback-mapped": ("http://[::ffff:127.0.0.1]/cover.jpg", "source.address_blocked"),
    "private": ("http://10.0.0.1/cover.jpg", "source.address_blocked"),
    "metadata": ("http://169.254.169.254/latest", "source.address_blocked"),
    "loopback-as-a-number": ("http://2130706433/cover.jpg", "source.url_not_allowed"),
    "other-port": ("http://127.0.0.1:6379/", "source.url_not_allowed"),
    "user-in-url": ("http://me:secret@127.0.0.1/?token=secret", "source.url_not_allowed"),
}


class Bad(NamedTuple):
    """Where the bad sources are: a folder with the files, and the URL of each answer."""

    folder: Path
    urls: dict[str, str]


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bad]:
    """Every bad source, as a file and behind a URL."""
    folder = tmp_path_factory.mktemp("bad")
    for name, (content, _) in CONTENTS.items():
        (folder / name).write_bytes(content())
    (folder / "empty").touch()
    (folder / "directory").mkdir()
    server = MediaServer()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    urls = {name: server.serve(f"/{name}", answer) for name, (answer, _) in ANSWERS.items()}
    yield Bad(folder, urls)
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An instance with one worker that may fetch from this machine, with short deadlines."""
    data = tmp_path_factory.mktemp("near") / "data"
    with ExitStack() as opened:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in LIMITS.items():
                patch.setenv(name, value)
            base_url, pid = opened.enter_context(instance(data, "--workers", "1"))
        client = opened.enter_context(httpx2.Client(base_url=base_url, timeout=90, trust_env=False))
        yield Running(data, pid, client)


@pytest.fixture(scope="module")
def told_by_command(
    bad: Bad, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """The results of one `firstframe cover` over all bad sources and a good one, by source."""
    files = [*(str(bad.folder / name) for name in CONTENTS), *_only_files(bad)]
    return _covered([*files, *bad.urls.values(), str(photo_path())], tmp_path_factory, LIMITS)


def _only_files(bad: Bad) -> dict[str, str]:
    """What only the command line can be given, with the code it tells."""
    return {
        str(bad.folder / "missing"): "source.not_found",
        str(bad.folder / "text" / "below-a-file"): "source.not_found",
        str(bad.folder / "directory"): "source.unreadable",
        str(bad.folder / "empty"): "source.empty",
        "/dev/zero": "source.unreadable",
    }


def _covered(
    sources: list[str], folders: pytest.TempPathFactory, variables: dict[str, str]
) -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "worker.commands", "cover", *sources, "--json"]
    done = subprocess.run(
        [*command, "--size", "64", "--out-dir", str(folders.mktemp("out"))],
        env={**os.environ, **variables},
        capture_output=True,
        timeout=60,
        check=False,
    )
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, len(results)) == (1, len(sources)), done.stderr
    return dict(zip(sources, results, strict=True))


def pool_children(running: Running) -> list[int]:
    """The processes that run jobs; another one means that the first did not survive."""
    family = psutil.Process(running.pid).children()
    workers = [child for child in family if child.cmdline()[-1:] == ["worker"]]
    return [child.pid for worker in workers for child in worker.children()]


# A size that was not made before: the photo has to be decoded again.
NEW_SIZES_PX = itertools.count(65)


def fails_alike(running: Running, source: dict[str, str], told: dict[str, Any], code: str) -> None:
    """The job, read at its end and again, tells what the command told; the next job is fine."""
    children = pool_children(running)

    job = cover(running.client, source, wait_s=30, sizes=[64])
    read = running.client.get(f"/v1/jobs/{job['id']}").raise_for_status().json()
    upload_id = upload(running.client, photo_path())
    good = cover(running.client, {"upload": upload_id}, wait_s=30, sizes=[next(NEW_SIZES_PX)])

    assert (told["status"], told["error"]["code"]) == ("failed", code), told
    assert (job["status"], job["error"]) == ("failed", told["error"])
    assert read == job
    assert job["result"] is None
    assert _seconds(job) < FETCH_S + SLACK_S
    assert good["status"] == "succeeded", good["error"]
    assert pool_children(running) == children


def _seconds(job: dict[str, Any]) -> float:
    start, end = (datetime.fromisoformat(job[name]) for name in ("started_at", "finished_at"))
    return (end - start).total_seconds()


@pytest.mark.parametrize("name", CONTENTS)
def test_a_bad_medium_fails_alike_as_file_and_upload(
    near: Running, bad: Bad, told_by_command: dict[str, dict[str, Any]], name: str
) -> None:
    path = bad.folder / name
    source = {"upload": upload(near.client, path)}

    fails_alike(near, source, told_by_command[str(path)], CONTENTS[name][1])


@pytest.mark.parametrize("name", ANSWERS)
def test_a_bad_answer_fails_alike_in_command_and_job(
    near: Running, bad: Bad, told_by_command: dict[str, dict[str, Any]], name: str
) -> None:
    url = bad.urls[name]

    fails_alike(near, {"url": url}, told_by_command[url], ANSWERS[name][1])


def test_a_refused_connection_fails_alike_in_command_and_job(
    near: Running, closed_port: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = f"http://127.0.0.1:{closed_port}/cover.jpg"

    told = _covered([url], tmp_path_factory, LIMITS)[url]

    fails_alike(near, {"url": url}, told, "source.unreachable")


def test_the_command_names_what_is_no_file_and_goes_on(
    bad: Bad, told_by_command: dict[str, dict[str, Any]]
) -> None:
    expected = _only_files(bad)

    told = {name: told_by_command[name]["error"]["code"] for name in expected}

    assert told == expected
    assert told_by_command[str(photo_path())]["status"] == "succeeded"


def test_an_address_inside_is_refused_alike_and_never_dialled(
    running: Running, tmp_path_factory: pytest.TempPathFactory
) -> None:
    urls = [url for url, _ in BLOCKED.values()]
    start_s = time.monotonic()
    told = _covered(urls, tmp_path_factory, {})

    for name, (url, code) in BLOCKED.items():
        answer = running.client.post(
            "/v1/covers", json={"source": {"url": url}}, headers={"Prefer": "wait=30"}
        )
        job = answer.json()
        assert told[url]["error"]["code"] == code, name
        assert (job.get("error") or job)["code"] == code, name
        assert "secret" not in json.dumps(told[url]), name
    assert time.monotonic() - start_s < 20
