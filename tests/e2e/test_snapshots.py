"""Snapshots over HTTP by a running instance: made, served, forecast, chosen, and private."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from PIL import Image

from tests.e2e.conftest import Running
from tests.e2e.steps import upload

WANTED: dict[str, Any] = {
    "count": 2,
    "size": 96,
    "sprite": {"columns": 3, "rows": 1, "tile_width": 64},
    "storyboard": True,
    "preview": {"duration_s": 1.0, "width": 64, "format": "mp4"},
    "candidates": 1,
}
TYPES = [
    *["image/jpeg"] * 4,
    *("text/vtt", "application/vnd.apple.mpegurl", "application/dash+xml", "video/mp4"),
]


@pytest.fixture(scope="module")
def source(running: Running, clip: Path) -> dict[str, str]:
    return {"upload": upload(running.client, clip)}


def _post(running: Running, path: str, body: dict[str, Any]) -> Any:
    answer = running.client.post(path, json=body, headers={"Prefer": "wait=60"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def _done(running: Running, path: str, **body: Any) -> Any:
    job = _post(running, path, body)
    assert job["status"] == "succeeded", job["error"]
    return job


def _files(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All that was made, in the order of `links.files`."""
    yield from result["snapshots"]
    yield from result["candidates"]
    yield from result["sheets"]
    board = result["storyboard"]
    yield from (board, board["hls"], board["dash"], result["preview"])


def _size(data: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(data)) as image:
        return image.size


@pytest.fixture(scope="module")
def made(running: Running, source: dict[str, str]) -> Any:
    return _done(running, "/v1/snapshots", source=source, **WANTED)


def test_everything_that_was_asked_for_is_served_by_its_url(running: Running, made: Any) -> None:
    files = list(_files(made["result"]))

    answers = [running.client.get(urlsplit(file["url"]).path) for file in files]

    assert [answer.headers["content-type"] for answer in answers] == TYPES
    assert [len(answer.content) for answer in answers] == [file["bytes"] for file in files]
    assert [_size(answer.content) for answer in answers[:3]] == [(96, 96)] * 3
    assert made["kind"] == "snapshot"
    assert "files" not in made["links"]


def test_a_player_finds_the_sheet_where_the_index_says(running: Running, made: Any) -> None:
    board, (sheet,) = made["result"]["storyboard"], made["result"]["sheets"]
    vtt = running.client.get(urlsplit(board["url"]).path)

    reference = next(line for line in vtt.text.splitlines() if "#xywh=" in line)
    followed = vtt.url.join(reference.partition("#")[0])

    assert running.client.get(followed).headers["etag"] == f'"{sheet["sha256"]}"'


@pytest.mark.parametrize(
    ("path", "wanted", "kinds"),
    [
        pytest.param("/v1/covers", {"sizes": [64]}, {"cover"}, id="covers"),
        pytest.param(
            "/v1/snapshots",
            WANTED,
            {"snapshot", "candidate", "sheet", "storyboard", "preview"},
            id="snapshots",
        ),
    ],
)
def test_a_plan_tells_what_would_be_made_and_makes_nothing(
    running: Running, source: dict[str, str], path: str, wanted: dict[str, Any], kinds: set[str]
) -> None:
    before = running.client.get("/v1/images").json()["images"]

    told = _post(running, f"{path}?plan=true", {"source": source, **wanted})

    plan = told["plan"]
    assert {output["kind"] for output in plan["outputs"]} == kinds
    assert plan["medium"]["kind"] == "video"
    assert plan["timeline"]["duration_ms"] > 0
    assert running.client.get("/v1/images").json()["images"] == before
    assert running.client.get(f"/v1/jobs/{told['job']}").json()["kind"] == "plan"


def test_why_a_plan_cannot_be_carried_out_is_its_answer(
    running: Running, source: dict[str, str]
) -> None:
    body = {"source": source, "times": [36_000]}

    answer = running.client.post("/v1/snapshots?plan=true", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "media.time_beyond_end")


@pytest.mark.parametrize("choice", [{"candidate": 0}, {"snapshot": 1}])
def test_a_chosen_picture_becomes_a_cover(
    running: Running, made: Any, choice: dict[str, int]
) -> None:
    job = _done(running, f"/v1/jobs/{made['id']}/choose", sizes=[48], format="png", **choice)

    (cover,) = job["result"]["covers"]
    assert job["result"]["medium"]["kind"] == "image"
    assert _size(running.client.get(urlsplit(cover["url"]).path).content) == (48, 48)
    (image,) = running.client.get("/v1/images", params={"job": job["id"]}).json()["images"]
    assert (image["type"], image["status"]) == ("CoverSnapshot", "Normal")


def test_private_snapshots_and_what_is_chosen_of_them_are_opened_by_links_only(
    running: Running, source: dict[str, str]
) -> None:
    wanted = {**WANTED, "visibility": "private"}
    job = _done(running, "/v1/snapshots", source=source, **wanted)
    chosen = _done(running, f"/v1/jobs/{job['id']}/choose", sizes=[48], snapshot=0)

    links = [*job["links"]["files"], *chosen["links"]["covers"]]
    files = [*_files(job["result"]), *chosen["result"]["covers"]]
    with httpx2.Client(trust_env=False) as anyone:
        opened = [anyone.get(link) for link in links]
        closed = [anyone.get(link.partition("?")[0]) for link in links]

    assert [file["url"] for file in files] == [None] * len(files)
    assert [answer.headers["content-type"] for answer in opened] == [*TYPES, "image/jpeg"]
    assert [len(answer.content) for answer in opened] == [file["bytes"] for file in files]
    assert {answer.status_code for answer in closed} == {403}
