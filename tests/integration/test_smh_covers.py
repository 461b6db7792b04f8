"""Covers of albums and files at Tencent SMH: from the settings to the picture, over HTTP only."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.fakes.smh_vendor import SmhVendor
from tests.media import Clip, is_red
from worker import wiring
from worker.contracts.requests import CoverRequest, SourceReference
from worker.contracts.results import CoverResult
from worker.errors import SourceError
from worker.jobs.cover import CoverStory
from worker.sandbox.decoder import SandboxedDecoder
from worker.settings import Settings


def settings_for(vendor: SmhVendor, redis_url: str, **profile: Any) -> Settings:
    main = {
        "base_url": vendor.api_url,
        "library_id": vendor.library_id,
        "library_secret": vendor.secret,
        "link_hosts": [vendor.storage_host],
        "allow_private_addresses": True,
        **profile,
    }
    return Settings.model_validate(
        {"redis": {"url": redis_url}, "providers": {"tencent_smh": {"main": main}}}
    )


def opener(settings: Settings) -> wiring.OpenSource:
    state = wiring.state(settings, timeout_s=5)
    return wiring.source_opener(settings, state.uploads, state.images)


def source(**fields: Any) -> dict[str, Any]:
    return {"provider": "tencent_smh", "library_id": "smh1", **fields}


class Quiet:
    """An attempt that nobody ends."""

    def enter(self, stage: str) -> None:
        """Nothing is noted."""

    def progress(self, percent: float, at_ms: int | None = None) -> None:
        """Nobody asks how far it is."""


@pytest.fixture(scope="module")
def story() -> Iterator[CoverStory]:
    parts = wiring.cover_parts(Settings())
    yield CoverStory(*parts)
    assert isinstance(parts.decoder, SandboxedDecoder)
    parts.decoder.close()


@pytest.fixture
def cover(
    story: CoverStory, smh_vendor: SmhVendor, one_redis_url: str, tmp_path: Path
) -> Callable[..., CoverResult]:
    """Makes the covers of a source into a folder, as a worker does."""
    open_source = opener(settings_for(smh_vendor, one_redis_url))

    def made(**source: Any) -> CoverResult:
        wanted = CoverRequest.model_validate({"source": source, "sizes": [256]})
        with wiring.folder_destination(tmp_path, "cover") as destination:
            return story.run(
                wanted,
                open_source=lambda: open_source("default", wanted.source),
                destination=destination,
                attempt=Quiet(),
            )

    return made


def test_the_cover_of_an_album_shows_the_first_uploaded_video(
    cover: Callable[..., CoverResult], smh_vendor: SmhVendor, clip: Path, photo: Path
) -> None:
    smh_vendor.put("trip/a.jpg", photo.read_bytes(), created="2024-05-02T00:00:00.000Z")
    smh_vendor.put(
        "trip/z.mp4", clip.read_bytes(), type="video", created="2024-05-01T00:00:00.000Z"
    )

    result = cover(album=source(album="trip"))

    assert result.source == "tencent_smh:smh1/-/trip/z.mp4"
    assert result.medium is not None
    assert (result.medium.kind, len(result.faces)) == ("video", 1)
    assert result.covers[0].path is not None
    picture = Image.open(BytesIO(Path(result.covers[0].path).read_bytes()))
    assert picture.size == (256, 256)


def test_the_cover_of_a_video_at_the_vendor_is_of_its_first_frame(
    cover: Callable[..., CoverResult], smh_vendor: SmhVendor, make_clip: Callable[[Clip], Path]
) -> None:
    data = make_clip(Clip(red_then_blue=True)).read_bytes()
    smh_vendor.put("trip/a.mp4", data, type="video", created="2024-05-01T00:00:00.000Z")

    (made,) = cover(album=source(album="trip")).covers

    assert made.path is not None
    assert is_red(Image.open(made.path))


def test_the_cover_of_a_file_is_that_of_the_version_asked_for(
    cover: Callable[..., CoverResult], smh_vendor: SmhVendor, clip: Path, photo: Path
) -> None:
    smh_vendor.put("docs/me.jpg", photo.read_bytes(), versions={"3": clip.read_bytes()})

    newest, older = (
        cover(file=source(path="docs/me.jpg", **version)) for version in ({}, {"history_id": "3"})
    )

    assert newest.medium is not None
    assert older.medium is not None
    assert (newest.medium.kind, older.medium.kind) == ("image", "video")


@pytest.mark.parametrize(
    ("reference", "tenant", "told"),
    [
        pytest.param(source(profile="other"), "default", "source.album.profile", id="profile"),
        pytest.param(source(), "stranger", "source.album.profile", id="tenant"),
        pytest.param({**source(), "library_id": "smh2"}, "default", "library_id", id="library"),
    ],
)
def test_what_no_profile_opens_is_not_allowed(
    smh_vendor: SmhVendor, one_redis_url: str, reference: dict[str, str], tenant: str, told: str
) -> None:
    open_source = opener(settings_for(smh_vendor, one_redis_url))

    with pytest.raises(SourceError) as caught:
        open_source(tenant, SourceReference.model_validate({"album": reference}))

    assert caught.value.code == "source.not_allowed"
    assert told in caught.value.message
    assert smh_vendor.seen == []


def _read_first(settings: Settings) -> bytes:
    reference = SourceReference.model_validate({"album": source(album="trip")})
    with closing(opener(settings)("default", reference)) as reader:
        return reader.read(0, 100)


def test_workers_with_an_expired_token_ask_for_one_new_one(
    smh_vendor: SmhVendor, one_redis_url: str
) -> None:
    smh_vendor.put("trip/a.jpg", b"picture")
    smh_vendor.faults.token_delay_s = 0.2
    settings = settings_for(smh_vendor, one_redis_url)

    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as workers:
        assert set(workers.map(_read_first, [settings] * 3)) == {b"picture"}
        assert smh_vendor.calls["token"] == 1
        smh_vendor.tokens.clear()
        assert set(workers.map(_read_first, [settings] * 12)) == {b"picture"}

    assert smh_vendor.calls["token"] == 2


def test_albums_and_files_of_a_profile_share_one_connection_for_tokens(
    smh_vendor: SmhVendor, one_redis_url: str
) -> None:
    smh_vendor.put("trip/a.jpg", b"picture")
    settings = settings_for(smh_vendor, one_redis_url)
    open_source, watcher = opener(settings), wiring.redis_client(settings, timeout_s=5)
    before = len(watcher.client_list())

    for wanted in ({"album": source(album="trip")}, {"file": source(path="trip/a.jpg")}):
        with closing(open_source("default", SourceReference.model_validate(wanted))) as reader:
            assert reader.read(0, 100) == b"picture"

    assert len(watcher.client_list()) == before + 1
    watcher.close()
