"""What it takes to find and read the first medium of an album: here, and from another instance."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from worker import wiring
from worker.commands.bench_album import ALBUM, LIBRARY, PLACE, Album
from worker.commands.bench_costs import CommandAttempt
from worker.commands.bench_row import Row
from worker.commands.bench_traffic import RedisMeter, relayed
from worker.contracts.requests import AlbumReference, Recipe, SourceReference
from worker.jobs.cover import CoverStory
from worker.ports import Reader
from worker.settings import ProviderSettings, Settings, SmhProfile

LOOKS: Final = 2_000
SIZE_PX: Final = 256


def first_medium_here(album: Album, meter: RedisMeter) -> list[Row]:
    """By a look into the index of the instance itself."""
    meter.begin()
    for _ in range(LOOKS):
        seen = album.state.sights.look(*PLACE, token=album.token, path=(ALBUM,), first="oldest")
    look = meter.per_piece(LOOKS)
    assert seen.first is not None
    assert seen.first.name == album.first
    return [
        Row("first medium in the index, round trips", look.round_trips, asked=1),
        Row("first medium in the index, commands in them", look.commands),
        Row("first medium in the index, KiB from Redis", look.sent_bytes / 1024, asked=4),
    ]


def first_medium_there(base_url: str, album: Album, folder: Path) -> list[Row]:
    """By our client over HTTP, for a cover; the token is there already, as for all but one."""
    port = urlsplit(base_url).port or 80
    story = CoverStory(*wiring.cover_parts(album.settings))
    with relayed(port) as relay:
        settings = _with_profile(album, relay.url, f"127.0.0.1:{port}")
        open_source = wiring.source_opener(settings, album.state.uploads, album.state.images)
        reference = SourceReference(
            album=AlbumReference(provider="tencent_smh", library_id=LIBRARY, album=ALBUM)
        )
        for _ in range(2):
            before = relay.sent_bytes
            reader = open_source("default", reference)
            _cover(story, reader, folder)
        listed_bytes = relay.sent_bytes - before
    return [
        Row("first medium by our client, requests", reader.requests, asked=5),
        Row("first medium by our client, KiB of the API", listed_bytes / 1024, asked=64),
        Row("first medium by our client, KiB of the medium", reader.bytes_read / 1024),
    ]


def _cover(story: CoverStory, reader: Reader, folder: Path) -> None:
    with wiring.folder_destination(folder, "first") as destination:
        result = story.run(
            Recipe(sizes=[SIZE_PX]),
            open_source=lambda: reader,
            destination=destination,
            attempt=CommandAttempt(),
        )
    assert result.status == "succeeded", result.error


def _with_profile(album: Album, base_url: str, link_host: str) -> Settings:
    """The settings of somebody else who may read the library."""
    profile = SmhProfile.model_validate(
        {
            "base_url": base_url,
            "library_id": LIBRARY,
            "library_secret": album.secret,
            "link_hosts": [link_host],
            "allow_private_addresses": True,
        }
    )
    providers = ProviderSettings(tencent_smh={"main": profile})
    return album.settings.model_copy(update={"providers": providers})
