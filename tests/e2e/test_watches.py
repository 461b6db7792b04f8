"""An album at Tencent SMH is watched by an instance, and its cover recorded as that of a medium."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.e2e.conftest import Running, running_in
from tests.e2e.steps import cover, upload
from tests.fakes.smh_vendor import SmhVendor, running_vendor
from tests.media import Clip, made

DAYS = [f"2024-03-0{day}T10:00:00.000Z" for day in range(1, 4)]
SIZE_PX = 64


@pytest.fixture(scope="module")
def vendor() -> Iterator[SmhVendor]:
    with running_vendor() as running:
        running.public_read = True
        yield running


@pytest.fixture(scope="module")
def watching(vendor: SmhVendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An instance that looks at albums of the vendor's library twice a second."""
    profile = {
        "BASE_URL": vendor.api_url,
        "LIBRARY_ID": vendor.library_id,
        "PUBLIC_READ": "true",
        "LINK_HOSTS": f'["{vendor.storage_host}"]',
        "ALLOW_PRIVATE_ADDRESSES": "true",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in profile.items():
            patch.setenv(f"FIRSTFRAME_PROVIDERS__TENCENT_SMH__MAIN__{name}", value)
        patch.setenv("FIRSTFRAME_WATCHES__EVERY_S", "0.5")
        with running_in(tmp_path_factory.mktemp("instance") / "data") as running:
            yield running


@pytest.fixture(scope="module")
def media(photo: Path) -> dict[str, bytes]:
    clips = {"clip.mp4": Clip(), "wide.mp4": Clip(width=960)}
    return {
        "photo.jpg": photo.read_bytes(),
        **{name: made(clip).read_bytes() for name, clip in clips.items()},
    }


def medium_of(client: httpx2.Client, photo: Path) -> str:
    """A medium of the catalogue that may get a cover."""
    job = cover(client, {"upload": upload(client, photo)}, wait_s=60, sizes=[SIZE_PX])
    (image,) = client.get(f"/v1/images?job={job['id']}").raise_for_status().json()["images"]
    return str(image["medium"])


def watched(client: httpx2.Client, album: str, medium: str) -> str:
    """Where the watch is that gives the medium the cover of the album."""
    body = {
        "source": {"album": {"provider": "tencent_smh", "library_id": "smh1", "album": album}},
        "sizes": [SIZE_PX],
        "target": {"provider": "firstframe", "medium_id": medium},
        "watch": True,
    }
    job = client.post("/v1/covers", json=body).raise_for_status().json()
    return str(job["links"]["watch"])


def standing(
    client: httpx2.Client, path: str, medium: str, name: str, version: str = ""
) -> tuple[Any, Any] | None:
    """The medium's cover and the watch, once that file of another version than this gave it."""
    watch = client.get(path).raise_for_status().json()
    given = watch["medium"] or {"source": "", "version": ""}
    known = client.get(f"/v1/media/{medium}").raise_for_status().json()["cover"] or {}
    if not given["source"].endswith(name) or given["version"] == version or not known:
        return None
    stands = client.get(f"/v1/records/{known['record']}").raise_for_status().json()
    return (known, watch) if stands["job"] == given["job"] else None


def until(what: Callable[[], Any], *, within_s: float = 60) -> Any:
    """What it gives once that is something."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.1)
    pytest.fail("it never came")


def test_whatever_becomes_first_in_an_album_is_covered_and_recorded(
    watching: Running, vendor: SmhVendor, media: dict[str, bytes], photo: Path
) -> None:
    client = watching.client
    medium = medium_of(client, photo)
    vendor.put("trip/b.mp4", media["clip.mp4"], created=DAYS[1], type="video")
    path = watched(client, "trip", medium)

    shown = partial(standing, client, path, medium)
    first, watch = until(lambda: shown("/b.mp4"))
    vendor.put("trip/b.mp4", media["wide.mp4"], created=DAYS[1], type="video")
    replaced, watch = until(lambda: shown("/b.mp4", watch["medium"]["version"]))
    vendor.put("trip/a.jpg", media["photo.jpg"], created=DAYS[0])
    outranked, watch = until(lambda: shown("/a.jpg"))
    vendor.directories["-", ("trip",)].remove(vendor.find("-", ("trip", "a.jpg")))  # type: ignore[arg-type]
    deleted, watch = until(lambda: shown("/b.mp4"))

    fences = [each["fence"] for each in (first, replaced, outranked, deleted)]
    assert fences == sorted(set(fences))
    assert len({each["image"] for each in (first, replaced, outranked, deleted)}) == 4
    assert watch["jobs"] == 3


def test_an_album_that_is_emptied_keeps_its_cover_and_one_whose_watch_is_stopped_its_last(
    watching: Running, vendor: SmhVendor, media: dict[str, bytes], photo: Path
) -> None:
    client = watching.client
    medium = medium_of(client, photo)
    vendor.put("tour/b.mp4", media["clip.mp4"], created=DAYS[1], type="video")
    path = watched(client, "tour", medium)
    stands, watch = until(lambda: standing(client, path, medium, "/b.mp4"))

    vendor.directories["-", ("tour",)].clear()
    failing = until(lambda: (told := client.get(path).json())["failures"] and told)
    assert (failing["error"]["code"], failing["jobs"]) == ("source.not_found", watch["jobs"])
    assert failing["medium"] == watch["medium"]

    listed = firstframe(watching, "watches", "list")
    assert "tour" in listed
    assert "source.not_found" in listed
    assert "stopped" in firstframe(watching, "watches", "stop", watch["id"])
    vendor.put("tour/c.jpg", media["photo.jpg"], created=DAYS[2])
    time.sleep(3)
    assert client.get(path).json()["jobs"] == watch["jobs"]
    assert client.get(f"/v1/media/{medium}").json()["cover"]["fence"] == stands["fence"]


def firstframe(running: Running, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "worker.commands", *words],
        env={**os.environ, "FIRSTFRAME_CONFIG": str(running.data / "firstframe.toml")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout
