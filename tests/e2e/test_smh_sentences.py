"""What the vendor's pages say of covers and downloads, seen by those who look: people, browsers."""

import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.e2e.conftest import Running
from tests.e2e.librarian import Librarian
from tests.missing import missing
from worker.commands.demo_media import make_media

GREEN = (0, 200, 0)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The media of the demo: a portrait in clips and pictures."""
    folder = tmp_path_factory.mktemp("media")
    make_media(folder)
    return folder


@pytest.fixture(scope="module")
def librarian(running: Running) -> Librarian:
    made = Librarian(running)
    made.library("pages", "--multi-album")
    return made


def crop_of(librarian: Librarian) -> Any:
    """How the newest cover was cut."""
    jobs = librarian.running.client.get("/v1/jobs").raise_for_status().json()["jobs"]
    return next(job["result"]["crop"] for job in jobs if job["kind"] == "cover")


def test_a_face_far_from_the_centre_is_kept_whole(librarian: Librarian, media: Path) -> None:
    librarian.put("pages/-/far/", media / "far.png")

    librarian.cover("pages/-/cover/far", size=256)

    crop = crop_of(librarian)
    assert (crop["rule"], crop["faces_kept"]) == ("faces", 1)
    assert crop["box"][0] > 900, "the centre of a picture 1600 px wide has no face"


def test_without_a_face_the_square_is_the_centre_scaled(
    librarian: Librarian, tmp_path: Path
) -> None:
    picture = Image.new("RGB", (1200, 400), "red")
    picture.paste(GREEN, (400, 0, 800, 400))
    picture.save(tmp_path / "stripes.png")
    librarian.put("pages/-/stripes/", tmp_path / "stripes.png")

    cover = Image.open(BytesIO(librarian.cover("pages/-/cover/stripes", size=100)))

    assert crop_of(librarian)["rule"] == "centre"
    assert cover.size == (100, 100)
    red, green, _ = np.asarray(cover).reshape(-1, 3).T
    assert (red.max() < 60, green.min() > 150) == (True, True), "more than the centre is seen"


@pytest.mark.parametrize("kind", ["album", "file"])
def test_who_follows_the_redirect_sees_200_and_the_content(
    librarian: Librarian, media: Path, kind: str
) -> None:
    photo = media / "portrait.jpg"
    librarian.put(f"pages/-/{kind}/", photo)
    url = {"album": "/album/pages/-/cover/album", "file": "/file/pages/-/file/portrait.jpg"}[kind]

    answer = librarian.call("GET", url)
    assert (answer.status_code, answer.content) == (302, b"")
    followed = librarian.running.client.get(
        f"/api/v1{url}", params={"access_token": librarian.token}, follow_redirects=True
    )

    assert (followed.status_code, followed.content) == (200, photo.read_bytes())


def test_a_page_of_any_site_shows_covers_files_and_clips(
    librarian: Librarian, media: Path, tmp_path: Path
) -> None:
    for name in ("h264.mp4", "far.png", "vp9.webm"):
        librarian.put("pages/-/shown/", media / name)
    base = f"{str(librarian.running.client.base_url).rstrip('/')}/api/v1"
    given = f"access_token={librarian.token}"
    page = tmp_path / "page.html"
    page.write_text(
        f"""<img id=cover src="{base}/album/pages/-/cover/shown?size=256&{given}">
        <img id=file src="{base}/file/pages/-/shown/far.png?{given}">
        <video id=clip src="{base}/file/pages/-/shown/vp9.webm?{given}" preload=auto></video>
        <p id=seen><script>onload = () => setTimeout(() => {{
          seen.textContent = [cover, file].map(each => each.naturalWidth + 'x' +
            each.naturalHeight).join(' ') + ' ' + clip.videoWidth + 'x' + clip.videoHeight
        }}, 2000)</script>"""
    )

    (seen,) = re.findall(r'<p id="seen">([^<]*)', _dom(page))

    assert seen == "256x256 1600x600 960x540"


def _dom(page: Path) -> str:
    """The page's elements after some seconds in a browser."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        missing("Chromium", "apt-get install chromium")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    done = subprocess.run(
        [*command, "--virtual-time-budget=8000", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout
