"""Storyboards and previews in a browser: what hovering shows, what its parser reads, what moves."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import webvtt
from PIL import Image

from tests.browser import Page, chromium
from tests.e2e.conftest import Running, Told
from tests.http_server import MediaServer, ranges, whole
from tests.moving import psnr_db
from tests.sheets import tiles_of
from worker.commands.demo_fetch import finished
from worker.commands.demo_film import DURATION_MS, FILM, shown_ms
from worker.commands.demo_player import SCRIPT, STYLE, player
from worker.commands.demo_sheet import write_sheet

pytestmark = pytest.mark.chromium

CLOSE_DB = 38
WITHIN_S = 20
HEAD = f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("browser") / "profile") as page:
        yield page


@pytest.fixture(params=["the page of the demo", "a page of another origin"])
def page(
    request: pytest.FixtureRequest, told: Told, browser: Page, media_server: MediaServer
) -> Page:
    """The player in its page, its video and its index loaded."""
    if request.param == "the page of the demo":
        path, _ = write_sheet([], told.story, told.folder)
        browser.open(path.as_uri())
    else:
        assert told.story.result.storyboard is not None
        film = (told.folder / "media" / FILM.file).read_bytes()
        media_server.serve("/film.mp4", ranges(film))
        inside = player("film.mp4", str(told.story.result.storyboard.url))
        browser.open(_served(media_server, f"{inside}<script>{SCRIPT}</script>"))
    _until(browser, "document.querySelector('video').readyState >= 2")
    _until(browser, "document.querySelector('track').readyState == 2")
    browser.value("document.querySelector('.player').scrollIntoView({block: 'center'})")
    return browser


def _served(server: MediaServer, body: str) -> str:
    html = (HEAD + body).encode()
    return server.serve("/page.html", whole(html, Content_Type="text/html; charset=utf-8"))


def _until(page: Page, condition: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not page.value(condition):
        assert time.monotonic() < deadline, condition
        time.sleep(0.05)


def _box(page: Page, selector: str) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of an element in the window."""
    told = page.value(
        f"(b => [b.left, b.top, b.right, b.bottom])"
        f"(document.querySelector({selector!r}).getBoundingClientRect())"
    )
    return told[0], told[1], told[2], told[3]


def _seen(page: Page, selector: str) -> Image.Image:
    left, top, right, bottom = map(round, _box(page, selector))
    return page.picture().crop((left, top, right, bottom))


def _alike(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and psnr_db(np.asarray(one), np.asarray(other)) >= CLOSE_DB


def _hover(page: Page, at_ms: int) -> None:
    left, top, right, bottom = _box(page, ".bar")
    page.hover(left + (right - left) * at_ms / DURATION_MS, (top + bottom) / 2)


@pytest.mark.parametrize("at_ms", [300, 3_700, 6_200, 11_900])
def test_hovering_shows_the_tile_of_that_time(page: Page, told: Told, at_ms: int) -> None:
    (tile,) = (t.picture for t in tiles_of(told.story.vtt) if t.start_ms <= at_ms < t.end_ms)

    _hover(page, at_ms)

    deadline = time.monotonic() + WITHIN_S
    while not _alike(seen := _seen(page, ".tile"), tile):
        assert time.monotonic() < deadline, f"shows {shown_ms(seen)} ms"
        time.sleep(0.05)
    assert shown_ms(seen) == at_ms // 1000 * 1000
    assert page.value("document.querySelector('.at').textContent") == f"{at_ms / 1000:.1f} s"


def test_leaving_the_bar_hides_the_tile_and_a_click_goes_there(page: Page) -> None:
    _hover(page, 9_500)
    assert page.value("getComputedStyle(document.querySelector('.tile')).display") == "block"

    page.hover(1, 1)

    assert page.value("getComputedStyle(document.querySelector('.tile')).display") == "none"
    left, top, right, bottom = _box(page, ".bar")
    page.click(left + (right - left) / 2, (top + bottom) / 2)
    _until(page, "Math.abs(document.querySelector('video').currentTime - 6) < 0.05")
    # The browser's own buttons would lie over the cells that tell the time.
    page.value("document.querySelector('video').controls = false")
    deadline = time.monotonic() + WITHIN_S
    while abs(shown_ms(_seen(page, "video")) - 6_000) > 100:
        assert time.monotonic() < deadline, "the video does not show 6 s"
        time.sleep(0.05)


def test_the_browser_reads_the_same_cues_as_a_library(page: Page, told: Told) -> None:
    captions = webvtt.read(str(told.story.vtt)).captions

    cues = page.value(
        "[...document.querySelector('track').track.cues]"
        ".map(cue => [cue.startTime, cue.endTime, cue.text])"
    )

    assert cues == [
        [
            c.start_in_seconds + c.start_time.milliseconds / 1000,
            c.end_in_seconds + c.end_time.milliseconds / 1000,
            c.text,
        ]
        for c in captions
    ]
    assert len(cues) == 12


def test_an_index_whose_server_does_not_let_other_origins_read_it_has_no_cues(
    told: Told, browser: Page, media_server: MediaServer
) -> None:
    vtt = media_server.serve("/a.vtt", whole(told.story.vtt.read_bytes(), Content_Type="text/vtt"))
    body = f"{player('none.mp4', vtt.replace('127.0.0.1', 'localhost'))}<script>{SCRIPT}</script>"

    browser.open(_served(media_server, body))

    _until(browser, "document.querySelector('track').readyState == 3")


@pytest.mark.parametrize(
    ("form", "element"),
    [("webp", "img"), ("gif", "img"), ("mp4", "video loop autoplay muted")],
    ids=["webp", "gif", "mp4"],
)
def test_a_preview_moves_in_the_browser(
    form: str, element: str, told: Told, running: Running, browser: Page, media_server: MediaServer
) -> None:
    preview = _preview(running, told, form)
    browser.open(_served(media_server, f"<{element} id=moving src='{preview['url']}'>"))

    seen: set[int] = set()
    deadline = time.monotonic() + WITHIN_S
    while len(seen) < 4:
        assert time.monotonic() < deadline, f"shows {seen} only"
        picture = _seen(browser, "#moving")
        if picture.size == (preview["width"], preview["height"]) and np.asarray(picture).std() > 1:
            seen.add(shown_ms(picture))

    spans = [(start_ms, start_ms + 2_000) for start_ms in preview["pieces_ms"]]
    assert all(any(first <= ms < last for first, last in spans) for ms in seen), (seen, spans)


@pytest.mark.parametrize("form", ["webp", "gif"])
def test_the_browser_counts_the_frames_of_a_preview_that_loops_for_ever(
    form: str, told: Told, running: Running, browser: Page, media_server: MediaServer
) -> None:
    preview = _preview(running, told, form)
    browser.open(_served(media_server, ""))

    counted = browser.value(f"""(async () => {{
      const {{body}} = await fetch({preview["url"]!r});
      const decoder = new ImageDecoder({{data: body, type: {preview["content_type"]!r}}});
      await decoder.completed;
      const track = decoder.tracks.selectedTrack;
      return [track.frameCount, track.animated, track.repetitionCount === Infinity];
    }})()""")

    assert counted == [preview["frames"], True, True]


def _preview(running: Running, told: Told, form: str) -> Any:
    recipe = {"preview": {"duration_s": 3.0, "width": 320, "format": form}}
    body = {"source": {"upload": told.upload}, **recipe}
    job = finished(running.client, "/v1/snapshots", body)
    assert job["status"] == "succeeded", job["error"]
    preview = job["result"]["preview"]
    assert urlsplit(preview["url"]).netloc == running.client.base_url.netloc.decode()
    return preview
