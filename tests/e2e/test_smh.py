"""The page about libraries, followed on an instance: filled, covered, replaced, restarted."""

import tomllib
from io import BytesIO
from pathlib import Path

import pytest
import redis
from PIL import Image

from tests.e2e.conftest import Running, running_in
from tests.e2e.librarian import Librarian, size_of
from tests.media import Clip, is_red, made
from worker.contracts.libraries import Place
from worker.state.entries import EntryIndex

CLIPS = {
    "first.mp4": Clip(),
    "upright.mp4": Clip(rotation_cw=90),
    "small.webm": Clip(codec="libvpx-vp9", container="webm"),
    "wide.mkv": Clip(container="mkv", width=960),
}
PICTURES = ("a.jpg", "b.png", "c.webp", "d.gif", "e.bmp", "ü + 100%.jpg")


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory, photo: Path) -> list[Path]:
    """Ten clips and pictures of different kinds."""
    folder = tmp_path_factory.mktemp("media")
    for name, clip in CLIPS.items():
        (folder / name).write_bytes(made(clip).read_bytes())
    with Image.open(photo) as portrait:
        for name in PICTURES:
            portrait.convert("RGB").save(folder / name)
    return [folder / name for name in (*CLIPS, *PICTURES)]


@pytest.fixture(scope="module")
def librarian(running: Running) -> Librarian:
    """A librarian with a library of albums; each test has an album of its own."""
    made = Librarian(running)
    made.library("holiday", "--multi-album")
    return made


def test_ten_media_are_listed_in_their_order_and_the_first_is_the_cover(
    librarian: Librarian, media: list[Path]
) -> None:
    for medium in media[:3]:
        librarian.put("holiday/-/ten/", medium)
    for medium in media[3:]:
        librarian.upload("holiday/-", f"ten/{medium.name}", medium)

    names = [entry["name"] for entry in librarian.listing("holiday/-/ten")]
    cover = librarian.cover("holiday/-/cover/ten", size=256)

    assert names == [medium.name for medium in media]
    assert size_of(cover) == (256, 256)
    assert cover == librarian.cover_of_upload(media[0], 256)


def test_a_replaced_first_medium_stays_the_first_and_shows_what_it_has_become(
    librarian: Librarian, media: list[Path]
) -> None:
    first, other, *_ = media
    librarian.put("holiday/-/replaced/", first)
    librarian.upload("holiday/-", "replaced/z.jpg", media[4])
    before = librarian.cover("holiday/-/cover/replaced", size=128)

    librarian.put(f"holiday/-/replaced/{first.name}", other)

    assert librarian.listing("holiday/-/replaced")[0]["name"] == first.name
    after = librarian.cover("holiday/-/cover/replaced", size=128)
    assert before == librarian.cover_of_upload(first, 128)
    assert after == librarian.cover_of_upload(other, 128) != before


def test_when_the_first_is_deleted_the_second_is_the_cover(
    librarian: Librarian, media: list[Path]
) -> None:
    first, second, *_ = media
    for medium in (first, second):
        librarian.put("holiday/-/deleted/", medium)
    assert librarian.cover("holiday/-/cover/deleted", size=64) == librarian.cover_of_upload(
        first, 64
    )

    librarian.call("DELETE", f"/file/holiday/-/deleted/{first.name}").raise_for_status()

    assert librarian.cover("holiday/-/cover/deleted", size=64) == librarian.cover_of_upload(
        second, 64
    )


def test_without_a_size_a_picture_is_itself_and_a_video_its_whole_first_frame(
    librarian: Librarian, media: list[Path]
) -> None:
    clip, photo = media[1], media[4]
    librarian.put("holiday/-/picture/", photo)
    librarian.put("holiday/-/video/", clip)

    assert librarian.cover("holiday/-/cover/picture") == photo.read_bytes()
    assert size_of(librarian.cover("holiday/-/cover/video")) == (360, 640)

    librarian.put("holiday/-/coloured/a.mp4", made(Clip(red_then_blue=True)))
    for queries in ({}, {"size": 64}):
        cover = librarian.cover("holiday/-/cover/coloured", **queries)
        assert is_red(Image.open(BytesIO(cover)))


def test_a_restart_finds_everything_and_a_lost_index_is_made_anew(
    tmp_path: Path, photo: Path, clip: Path
) -> None:
    data = tmp_path / "data"
    with running_in(data) as running:
        librarian = Librarian(running)
        librarian.library("kept")
        for path in ("a.mp4", "b.mp4"):
            librarian.put(f"kept/-/{path}", clip)
        librarian.put("kept/-/a.mp4", clip)
        listing = librarian.listing("kept/-")
        cover = librarian.cover("kept/-/cover", size=64)

    with running_in(data) as again:
        librarian = Librarian(again, librarian.token)
        assert librarian.listing("kept/-") == listing
        assert librarian.cover("kept/-/cover", size=64) == cover

        _lose_index(librarian, Place("kept", "-"))
        assert librarian.listing("kept/-") == []
        told = librarian.smh("rebuild", "kept")

        assert told == "kept/-: 2 entries (2 added, 0 moved, 0 removed)\n"
        assert librarian.listing("kept/-") == listing
        assert librarian.cover("kept/-/cover", size=64) == cover


def _lose_index(librarian: Librarian, place: Place) -> None:
    url = tomllib.loads(librarian.config.read_text())["redis"]["url"]
    with redis.Redis.from_url(url) as client:
        EntryIndex(client).clear(place)
