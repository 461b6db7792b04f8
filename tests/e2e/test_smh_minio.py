"""The page about libraries on an instance that keeps everything in MinIO."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import running_in
from tests.e2e.librarian import Librarian, size_of
from tests.minio_server import Minio, client_of, remove_bucket


@pytest.fixture
def librarian(
    minio: Minio, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Librarian]:
    """A librarian of an instance with a bucket for covers and one for libraries."""
    settings = {
        "STORE__KIND": "minio",
        "STORE__ENDPOINT": minio.endpoint,
        "STORE__ACCESS_KEY": minio.access_key,
        "STORE__SECRET_KEY": minio.secret_key,
        "STORE__BUCKET": f"{bucket}-covers",
        "STORE__PUBLIC_BASE_URL": f"http://{minio.endpoint}/{bucket}-covers",
        "LIBRARIES__BUCKET": bucket,
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"FIRSTFRAME_{name}", value)
    with running_in(tmp_path / "data") as running:
        yield Librarian(running)
    remove_bucket(minio, settings["STORE__BUCKET"])


def test_an_album_is_filled_covered_and_replaced_and_its_index_made_anew(
    librarian: Librarian, minio: Minio, bucket: str, clip: Path, photo: Path
) -> None:
    librarian.library("holiday", "--multi-album")
    librarian.put("holiday/-/beach/first.jpg", photo)
    librarian.upload("holiday/-", "beach/second.mp4", clip)
    cover = librarian.cover("holiday/-/cover/beach", size=256)
    crop = librarian.config.with_name("crop.jpg")
    crop.write_bytes(librarian.cover_of_upload(photo, 200))

    librarian.put("holiday/-/beach/first.jpg", crop)

    assert size_of(cover) == (256, 256)
    assert cover == librarian.cover_of_upload(photo, 256)
    assert librarian.cover("holiday/-/cover/beach", size=256) == librarian.cover_of_upload(
        crop, 256
    )
    assert librarian.cover("holiday/-/cover/beach") == crop.read_bytes()
    listing = librarian.listing("holiday/-/beach")
    assert [entry["name"] for entry in listing] == ["first.jpg", "second.mp4"]
    assert client_of(minio).get_bucket_versioning(bucket_name=bucket).status == "Enabled"
    assert librarian.smh("rebuild", "holiday") == (
        "holiday/-: 3 entries (0 added, 0 moved, 0 removed)\n"
    )
    assert librarian.listing("holiday/-/beach") == listing
