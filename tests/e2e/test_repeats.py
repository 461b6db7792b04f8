"""What was made before is not decoded again; what is private is opened by signed links only."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.e2e.conftest import Running
from tests.e2e.steps import cover, upload
from tests.http_server import MediaServer, ranges
from worker.commands.demo import instance


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An instance with one worker that may fetch from this machine."""
    data = tmp_path_factory.mktemp("instance") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRSTFRAME_FETCH__ALLOW_PRIVATE_ADDRESSES", "true")
        with (
            instance(data, "--workers", "1") as (base_url, pid),
            httpx2.Client(base_url=base_url, timeout=90, trust_env=False) as client,
        ):
            yield Running(data, pid, client)


def covered(near: Running, url: str, **fields: Any) -> Any:
    job = cover(near.client, {"url": url}, wait_s=60, **{"sizes": [64], **fields})
    assert job["status"] == "succeeded", job["error"]
    return job


def was_decoded(job: Any) -> bool:
    return bool(job["result"]["timings_ms"]["decode"] > 0)


def test_the_same_request_again_is_another_job_that_decodes_nothing(
    near: Running, media_server: MediaServer, clip: Path
) -> None:
    url = media_server.serve("/same.mp4", ranges(clip.read_bytes()))
    first = covered(near, url)

    again = covered(near, url)

    assert was_decoded(first)
    assert not was_decoded(again)
    assert again["id"] != first["id"]
    assert again["result"]["covers"] == first["result"]["covers"]
    assert again["result"]["medium"]["requests"] == 1
    assert again["result"]["timings_ms"]["detect"] == 0


def test_the_same_bytes_uploaded_again_are_not_decoded_again(near: Running, clip: Path) -> None:
    first, again = (
        cover(near.client, {"upload": upload(near.client, clip)}, wait_s=60, sizes=[40])
        for _ in range(2)
    )

    assert first["result"]["source"] != again["result"]["source"]
    assert (was_decoded(first), was_decoded(again)) == (True, False)


def test_snapshots_of_the_same_bytes_are_made_once_and_each_job_has_its_own_records(
    near: Running, clip: Path
) -> None:
    wanted: dict[str, Any] = {"count": 2, "size": 64, "storyboard": True, "candidates": 1}

    def ask(plan: bool = False) -> Any:
        body = {"source": {"upload": upload(near.client, clip)}, **wanted}
        path = f"/v1/snapshots{'?plan=true' if plan else ''}"
        answer = near.client.post(path, json=body, headers={"Prefer": "wait=60"})
        return answer.raise_for_status().json()

    def images_of(job: Any) -> Any:
        return near.client.get("/v1/images", params={"job": job["id"]}).json()["images"]

    assert ask(plan=True)["plan"]["cached"] is False
    first = ask()
    assert (first["status"], was_decoded(first)) == ("succeeded", True)
    assert ask(plan=True)["plan"]["cached"] is True

    again = ask()

    costs = ("source", "medium", "timings_ms")
    made, told = ({**job["result"], **dict.fromkeys(costs)} for job in (first, again))
    assert told == made
    assert not was_decoded(again)
    assert again["result"]["source"] != first["result"]["source"]
    assert again["result"]["medium"]["bytes_read"] == 0
    before, after = images_of(first), images_of(again)
    assert len(after) == len(before) == 4
    assert {image["status"] for image in after} == {"Normal"}
    assert not {image["image_id"] for image in after} & {image["image_id"] for image in before}

    for image in before:
        near.client.delete(f"/v1/images/{image['image_id']}").raise_for_status()

    assert images_of(first) == []
    assert images_of(again) == after
    board = again["result"]["storyboard"]
    for file in (*again["result"]["snapshots"], *again["result"]["sheets"], board, board["hls"]):
        assert near.client.get(urlsplit(file["url"]).path).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"sizes": [32]}, id="size"),
        pytest.param({"format": "png"}, id="format"),
        pytest.param({"visibility": "private"}, id="visibility"),
    ],
)
def test_another_recipe_is_decoded(
    near: Running, media_server: MediaServer, clip: Path, fields: dict[str, Any]
) -> None:
    url = media_server.serve("/recipe.mp4", ranges(clip.read_bytes()))
    covered(near, url)

    assert was_decoded(covered(near, url, **fields))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param('"one"', '"two"', id="changed"),
        pytest.param('W/"one"', 'W/"one"', id="weak"),
        pytest.param(None, None, id="none"),
    ],
)
def test_a_source_without_the_same_strong_etag_is_decoded(
    near: Running, media_server: MediaServer, clip: Path, before: str | None, after: str | None
) -> None:
    url = media_server.serve("/etag.mp4", ranges(clip.read_bytes(), etag=before))
    covered(near, url)
    media_server.serve("/etag.mp4", ranges(clip.read_bytes(), etag=after))

    assert was_decoded(covered(near, url))


def test_a_cover_that_vanished_is_made_again(
    near: Running, media_server: MediaServer, clip: Path
) -> None:
    url = media_server.serve("/vanished.mp4", ranges(clip.read_bytes()))
    (told,) = covered(near, url, sizes=[48])["result"]["covers"]
    (near.data / "objects" / told["key"]).unlink()

    again = covered(near, url, sizes=[48])

    assert was_decoded(again)
    assert httpx2.get(told["url"], trust_env=False).status_code == 200


def test_a_private_cover_is_opened_by_its_link_and_by_nothing_else(
    near: Running, clip: Path
) -> None:
    source = {"upload": upload(near.client, clip)}

    job = cover(near.client, source, wait_s=60, sizes=[64, 32], visibility="private")

    covers, links = job["result"]["covers"], job["links"]["covers"]
    assert [told["url"] for told in covers] == [None, None]
    for told, link in zip(covers, links, strict=True):
        assert near.client.get(f"/objects/{told['key']}").status_code == 403
        answer = httpx2.get(link, trust_env=False)
        assert (answer.status_code, len(answer.content)) == (200, told["bytes"])
        assert answer.headers["cache-control"] == "private, no-store"
