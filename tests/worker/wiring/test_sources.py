"""By which limits sources are read: those of covers, or those of long jobs."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.contract.alibaba_places import IMAGE_ID, image_reference
from tests.fakes.control import Control
from tests.fakes.running import ACCESS_KEY, SECRET_KEY
from tests.http_server import MediaServer, ranges
from worker import wiring
from worker.contracts.requests import SourceReference
from worker.errors import SourceError
from worker.settings import AlibabaVodProfile, ProviderSettings, Settings
from worker.state.connection import connect
from worker.state.images import ImageRecords
from worker.state.uploads import UploadDigests

KIB = 1024
BODY = bytes(300 * KIB)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, media_server: MediaServer) -> Settings:
    """Covers may read 100 KiB of a medium, snapshots all of it."""
    given = {
        "FETCH__MAX_BYTES": 100 * KIB,
        "FETCH__ALLOW_PRIVATE_ADDRESSES": "true",
        "FETCH__ALLOWED_PORTS": f"[{media_server.port}]",
        "SNAPSHOTS__MAX_BYTES": 400 * KIB,
    }
    for name, value in given.items():
        monkeypatch.setenv(f"FIRSTFRAME_{name}", str(value))
    return Settings()


@pytest.fixture(params=["url", "path"])
def text(request: pytest.FixtureRequest, media_server: MediaServer, tmp_path: Path) -> str:
    if request.param == "url":
        return media_server.serve("/clip.mp4", ranges(BODY))
    path = tmp_path / "clip.mp4"
    path.write_bytes(BODY)
    return str(path)


def test_long_reading_goes_by_the_limits_of_snapshots(settings: Settings, text: str) -> None:
    reader = wiring.open_argument(settings, text, long=True)

    assert reader.read(0, len(BODY)) == BODY
    reader.close()


def test_covers_are_read_by_their_own_limits(settings: Settings, text: str) -> None:
    reader = wiring.open_argument(settings, text)

    with pytest.raises(SourceError) as caught:
        reader.read(0, len(BODY))

    assert caught.value.code == "source.too_large"
    reader.close()


@pytest.mark.parametrize("long", [False, True], ids=["covers", "snapshots"])
def test_sources_of_jobs_are_read_by_the_limits_of_their_kind(
    settings: Settings, media_server: MediaServer, one_redis_url: str, long: bool
) -> None:
    client = connect(one_redis_url, timeout_s=2, connect_timeout_s=2)
    uploads, images = UploadDigests(client, keep_s=60), ImageRecords(client)
    url = media_server.serve("/clip.mp4", ranges(BODY))

    opened = wiring.source_opener(settings, uploads, images, long=long)
    reader = opened("acme", SourceReference(url=url))

    if long:
        assert reader.read(0, len(BODY)) == BODY
    else:
        with pytest.raises(SourceError):
            reader.read(0, len(BODY))
    reader.close()


@pytest.fixture
def opener(settings: Settings, alibaba: Control, one_redis_url: str) -> wiring.OpenSource:
    """How sources are opened where the account of a vendor is a profile of one tenant."""
    alibaba.do("add_image", image_id=IMAGE_ID, body_base64="QUJD")
    profile = AlibabaVodProfile(
        base_url=alibaba.url,
        allow_private_addresses=True,
        access_key=SecretStr(ACCESS_KEY),
        secret_key=SecretStr(SECRET_KEY),
        link_hosts=[alibaba.host],
        tenants=["acme"],
    )
    providers = ProviderSettings(alibaba_vod={"main": profile})
    client = connect(one_redis_url, timeout_s=2, connect_timeout_s=2)
    return wiring.source_opener(
        settings.model_copy(update={"providers": providers}),
        UploadDigests(client, keep_s=60),
        ImageRecords(client),
    )


def test_an_image_of_alibaba_vod_is_read_by_its_profile(opener: wiring.OpenSource) -> None:
    reader = opener("acme", SourceReference(image=image_reference()))

    assert reader.read(0, 10) == b"ABC"
    reader.close()


def test_another_tenants_profile_opens_nothing(opener: wiring.OpenSource, alibaba: Control) -> None:
    with pytest.raises(SourceError) as caught:
        opener("bob", SourceReference(image=image_reference()))

    assert caught.value.code == "source.not_allowed"
    assert alibaba.journal() == []
