"""Bad requests and bad media for snapshots: one typed error by job, plan and command line."""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.barred_video import Numbered, video
from tests.e2e.conftest import Running
from tests.e2e.steps import upload
from tests.media import ENCRYPTED, Clip, made, photo_path

INVALID: dict[str, tuple[str, str]] = {
    "negative-time": ("times[0]", '"times": [-1]'),
    "time-that-is-no-number": ("times[0]", '"times": [NaN]'),
    "endless-time": ("times[1]", '"times": [1, Infinity]'),
    "time-of-308-digits": ("times[0]", '"times": [1e308]'),
    "time-too-long-for-a-float": ("times[0]", f'"times": [{"9" * 400}]'),
    "time-that-is-true": ("times[0]", '"times": [true]'),
    "time-in-words": ("times[0]", '"times": ["abc"]'),
    "percent-over-100": ("times[0]", '"times": ["101%"]'),
    "percent-that-is-no-number": ("times[0]", '"times": ["nan%"]'),
    "percent-with-other-digits": ("times[0]", '"times": ["\\u0665%"]'),
    "percent-as-python-writes-it": ("times[0]", '"times": ["1_0%"]'),
    "ten-thousand-times": ("times", f'"times": {list(range(10_000))}'),
    "no-times": ("times", '"times": []'),
    "interval-0": ("interval_s", '"interval_s": 0'),
    "tiny-interval": ("interval_s", '"interval_s": 1e-9'),
    "negative-interval": ("interval_s", '"interval_s": -1'),
    "interval-that-is-no-number": ("interval_s", '"interval_s": NaN'),
    "interval-too-long-for-a-float": ("interval_s", f'"interval_s": {"9" * 400}'),
    "count-0": ("count", '"count": 0'),
    "count-1001": ("count", '"count": 1001'),
    "count-too-long-for-a-float": ("count", f'"count": {"9" * 400}'),
    "two-ways": ("body", '"count": 1, "times": [1]'),
    "nothing": ("body", '"width": 100'),
    "sheet-of-nothing": ("sprite.columns", '"sprite": {"columns": 0}'),
    "sheet-of-101-columns": ("sprite.columns", '"sprite": {"columns": 101, "rows": 1}'),
    "sheet-too-wide": ("sprite", '"sprite": {"columns": 100, "rows": 100, "tile_width": 164}'),
    "tiles-at-interval-0": ("sprite.interval_s", '"sprite": {"interval_s": 0}'),
    "preview-of-16-s": ("preview.duration_s", '"preview": {"duration_s": 16}'),
    "21-candidates": ("candidates", '"candidates": 21'),
}
WRONG_WORDS: dict[str, list[str]] = {
    "negative-time": ["--at=-1"],
    "endless-time": ["--at", "inf"],
    "interval-that-is-no-number": ["--every", "nan"],
    "sheet-of-nothing": ["--sprite", "0x0"],
}


def _without_sizes() -> bytes:
    """An MP4 whose table of sample sizes is all zeros."""
    data = bytearray(video(Numbered()))
    table = data.index(b"stsz")
    end = table - 4 + int.from_bytes(data[table - 4 : table])
    data[table + 16 : end] = bytes(end - table - 16)
    return bytes(data)


def _clip(**given: Any) -> Callable[[], bytes]:
    return lambda: made(Clip(**given)).read_bytes()


class Bad(NamedTuple):
    """A medium, what is wanted of it, as words for the command, the error and what it names."""

    medium: Callable[[], bytes]
    wanted: dict[str, Any]
    words: str
    code: str
    names: str = ""


AT_5: tuple[dict[str, Any], str] = {"times": [1, 5]}, "--at 1 --at 5"
SHEET: tuple[dict[str, Any], str] = (
    {"sprite": {"columns": 4, "rows": 100, "tile_width": 1024}, "format": "webp"},
    "--sprite 4x100 --tile-width 1024 --format webp",
)
MEDIA = {
    "time-beyond-the-end": Bad(
        lambda: video(Numbered()),
        *AT_5,
        "media.time_beyond_end",
        "The time 5 s is beyond the end of the video, which is 4 s long.",
    ),
    "time-beyond-an-end-that-is-not-told": Bad(
        lambda: video(Numbered("libvpx", "webm", muxing=(("live", "1"),), seekable=False)),
        *AT_5,
        "media.time_beyond_end",
        "The time 5 s is beyond the end of the video, which is 4 s long.",
    ),
    "later-time-of-a-picture": Bad(
        lambda: photo_path().read_bytes(),
        *AT_5,
        "media.not_video",
        "the time 1 s needs a video",
    ),
    "sheet-too-large": Bad(
        lambda: video(Numbered()),
        *SHEET,
        "request.invalid",
        "tiles of 1024 by 204 px is 4096 by 20400 px; a side has at most 16383 px",
    ),
    "sprite-of-a-picture": Bad(
        lambda: photo_path().read_bytes(), *SHEET, "media.not_video", "'sprite' needs a video"
    ),
    "no-video": Bad(_clip(audio_only=True), *SHEET, "media.no_video_stream"),
    "cut-index": Bad(lambda: video(Numbered())[:-500], *SHEET, "media.corrupt"),
    "no-sizes-in-the-index": Bad(_without_sizes, {"count": 1}, "--count 1", "media.no_frames"),
    "encrypted-frames": Bad(
        _clip(muxer_options=ENCRYPTED), {"count": 1}, "--count 1", "media.encrypted"
    ),
}


@cache
def _source(running: Running, content: bytes, folder: Path) -> dict[str, str]:
    path = folder / "medium"
    path.write_bytes(content)
    return {"upload": upload(running.client, path)}


def _records(running: Running) -> Any:
    return running.client.get("/v1/images").raise_for_status().json()["images"]


def _pictures(running: Running) -> set[Path]:
    """All files in the store but media that came and records of what failed."""
    objects = running.data / "objects"
    files = {path.relative_to(objects) for path in objects.rglob("*") if path.is_file()}
    return {path for path in files if path.parts[0] not in {"uploads", "catalogue"}}


@pytest.mark.parametrize("query", ["", "?plan=true"], ids=["job", "plan"])
@pytest.mark.parametrize("name", INVALID)
def test_a_wrong_request_is_refused_by_its_field(
    running: Running, clip: Path, tmp_path: Path, name: str, query: str
) -> None:
    field, written = INVALID[name]
    source = json.dumps(_source(running, clip.read_bytes(), tmp_path))

    answer = running.client.post(
        f"/v1/snapshots{query}",
        content=f'{{"source": {source}, {written}}}',
        headers={"Content-Type": "application/json"},
    )

    told = answer.json()
    assert (answer.status_code, told["code"]) == (422, "request.invalid"), told
    assert field in {error["field"] for error in told["errors"]}


@pytest.mark.parametrize("name", MEDIA)
def test_a_plan_of_what_cannot_be_tells_why_and_makes_nothing(
    running: Running, tmp_path: Path, name: str
) -> None:
    bad = MEDIA[name]
    body = {"source": _source(running, bad.medium(), tmp_path), **bad.wanted}
    before = _records(running), _pictures(running)

    answer = running.client.post("/v1/snapshots?plan=true", json=body)

    assert answer.json()["code"] == bad.code
    assert bad.names in answer.json()["detail"]
    assert (_records(running), _pictures(running)) == before


@pytest.mark.parametrize("name", MEDIA)
def test_a_job_of_what_cannot_be_fails_like_its_plan_and_leaves_no_picture(
    running: Running, tmp_path: Path, name: str
) -> None:
    bad = MEDIA[name]
    body = {"source": _source(running, bad.medium(), tmp_path), **bad.wanted}
    before = _pictures(running)

    answer = running.client.post("/v1/snapshots", json=body, headers={"Prefer": "wait=60"})

    job = answer.raise_for_status().json()
    assert (job["status"], job["error"]["code"]) == ("failed", bad.code)
    assert bad.names in job["error"]["message"]
    assert _pictures(running) == before


@pytest.mark.parametrize("words", sorted({bad.words for bad in MEDIA.values()}))
def test_the_command_tells_of_each_medium_and_leaves_nothing(tmp_path: Path, words: str) -> None:
    asked = {name: bad for name, bad in MEDIA.items() if bad.words == words}
    folder, media = tmp_path / "out", [str(tmp_path / name) for name in asked]
    for path, bad in zip(media, asked.values(), strict=True):
        Path(path).write_bytes(bad.medium())

    done = _command([*words.split(), "--json", "--out-dir", str(folder), *media])

    errors = [json.loads(line)["error"] for line in done.stdout.splitlines()]
    assert done.returncode == 1, done.stderr
    assert [error["code"] for error in errors] == [bad.code for bad in asked.values()]
    for error, bad in zip(errors, asked.values(), strict=True):
        assert bad.names in error["message"]
    assert not list(folder.iterdir())


@pytest.mark.parametrize("name", WRONG_WORDS)
def test_a_wrong_call_of_the_command_is_refused(clip: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "out"

    done = _command([*WRONG_WORDS[name], "--out-dir", str(folder), str(clip)])

    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert not folder.exists()


def _command(words: list[str]) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "worker.commands", "snapshots", *words]
    return subprocess.run(command, capture_output=True, timeout=60, check=False)
