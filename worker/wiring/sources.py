"""Where media come from: a job's source is opened for its tenant."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from worker import registry
from worker.contracts.requests import ImageReference, SourceReference, VendorImageReference
from worker.contracts.watches import Sight
from worker.errors import SourceError
from worker.ports import AlbumSource, Reader, Source
from worker.rules.arguments import kind_of
from worker.rules.visibility import Refusal, account_refusal, source_refusal
from worker.settings import Settings
from worker.state.images import ImageRecords
from worker.state.tokens import VendorTokens
from worker.state.uploads import UploadDigests
from worker.wiring.adapters import made, values
from worker.wiring.records import redis_client
from worker.wiring.stores import library, store

OpenSource = Callable[[str, SourceReference], Reader]
LookAtAlbum = Callable[[str, SourceReference], Sight]
Find = Callable[[str, str], str | None]


def open_argument(settings: Settings, text: str, *, long: bool = False) -> Reader:
    """Open what a command line names: a URL, `-` for standard input, else a path.

    `long`: it is read by the limits of snapshots, not of covers.

    Raises: SourceError.
    """
    kind = kind_of(text)
    return _source(settings, long, kind).open(Path(text) if kind == "path" else text)


def source_opener(
    settings: Settings, uploads: UploadDigests, images: ImageRecords, *, long: bool = False
) -> OpenSource:
    """How a job's source is opened for its tenant; connections are made once and kept.

    `long`: it is read by the limits of snapshots, not of covers.
    """
    source = cache(partial(_source, settings, long))
    smh = cache(partial(_smh_source, settings, long))
    alibaba = cache(partial(_alibaba_source, settings, long))

    def of_profile(tenant: str, reference: SourceReference) -> Reader | None:
        if isinstance(reference.image, VendorImageReference):
            accounts = settings.providers.alibaba_vod
            _allow(account_refusal(reference.image, tenant, accounts))
            return alibaba(reference.image.profile).open(reference.image)
        _allow(source_refusal(reference, tenant, settings.providers.tencent_smh))
        named = reference.album or reference.file
        opened: Reader | None = smh(named.profile).open(named) if named else None
        return opened

    def open_source(tenant: str, reference: SourceReference) -> Reader:
        if reference.url is not None:
            return source("url").open(reference.url)
        if reference.upload is not None:
            return source("upload", tenant, uploads.find).open(reference.upload)
        if isinstance(reference.image, ImageReference):
            return source("image", tenant, images.key_of).open(reference.image.image_id)
        if reference.entry is not None:
            return source("entry").open(reference.entry)
        opened = of_profile(tenant, reference)
        return opened or source("object", tenant).open(reference.object)

    return open_source


def album_looker(settings: Settings) -> LookAtAlbum:
    """How the first medium of a tenant's album is told without reading it."""
    smh = cache(partial(_smh_source, settings, False))

    def look(tenant: str, reference: SourceReference) -> Sight:
        assert reference.album is not None
        _allow(source_refusal(reference, tenant, settings.providers.tencent_smh))
        album: AlbumSource = smh(reference.album.profile)
        return album.look(reference.album)

    return look


def _allow(refused: Refusal | None) -> None:
    if refused is not None:
        raise SourceError(refused.code, f"{refused.field}: {refused.message}")


def _source(
    settings: Settings,
    long: bool,
    kind: str,
    tenant: str = "",
    find: Find | None = None,
) -> Source[Any]:
    fetch = settings.fetch
    given = {
        **_limits(settings, long),
        **values(fetch.objects),
        "allowed": frozenset(fetch.objects.buckets.get(tenant, ())),
        "own_bucket": settings.store.bucket,
        "tenant": tenant,
        "store": store(settings) if kind in {"upload", "image"} else None,
        "digest_of": find,
        "key_of": find,
        "library": library(settings) if kind == "entry" else None,
    }
    opened: Source[Any] = made(registry.SOURCES, kind, given)
    return opened


def _smh_source(settings: Settings, long: bool, profile: str) -> Any:
    """What reads the library of a profile; its tokens are shared through Redis."""
    section = settings.providers.tencent_smh[profile]
    timeout_s = min(settings.redis.timeout_s, settings.worker.lease_renew_s)
    client, secret = redis_client(settings, timeout_s=timeout_s), section.library_secret
    given = {
        **_limits(settings, long),
        **values(section),
        "tokens": VendorTokens(client, secret.get_secret_value()),
    }
    return made(registry.SOURCES, "smh", given)


def _alibaba_source(settings: Settings, long: bool, profile: str) -> Source[Any]:
    """What reads the images of a profile's account."""
    given = {**_limits(settings, long), **values(settings.providers.alibaba_vod[profile])}
    opened: Source[Any] = made(registry.SOURCES, "alibaba_image", given)
    return opened


def _limits(settings: Settings, long: bool) -> dict[str, Any]:
    """How sources are read, as keywords: as `fetch` says, and long jobs in bounded memory too."""
    given = values(settings.fetch)
    if long:
        snapshots = settings.snapshots
        given["max_bytes"] = snapshots.max_bytes
        given["total_timeout_s"] = snapshots.fetch_timeout_s
        given["keep_read_bytes"] = snapshots.keep_read_bytes
    return given
