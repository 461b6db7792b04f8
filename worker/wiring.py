"""Settings become adapters and state here and nowhere else; light, because names are strings."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.metadata import version
from inspect import signature
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import SecretStr
from redis import Redis

from worker import registry
from worker.contracts.names import Visibility
from worker.contracts.requests import CoverRequest, SourceReference
from worker.contracts.results import Versions
from worker.errors import SourceError
from worker.ports import (
    Decoder,
    Destination,
    Encoder,
    Entries,
    FaceDetector,
    Library,
    Reader,
    Source,
    Store,
    Transfers,
)
from worker.rules.arguments import kind_of
from worker.rules.models import DEFAULT_MODEL, MODELS, default_path
from worker.rules.visibility import source_refusal, visibility_of
from worker.settings import Section, Settings
from worker.state.access_tokens import AccessTokens
from worker.state.connection import connect, connect_async
from worker.state.entries import EntryIndex
from worker.state.jobs import JobRecords
from worker.state.lanes import Lanes, Publisher
from worker.state.leases import LeaseRules, Leases
from worker.state.libraries import LibraryRecords
from worker.state.results import KeepRules, ResultRecords
from worker.state.retention import Retention
from worker.state.sights import AsyncSights, Sights
from worker.state.tokens import VendorTokens
from worker.state.transfers import TransferRecords
from worker.state.uploads import UploadDigests
from worker.state.workers import Workers

OpenSource = Callable[[str, SourceReference], Reader]
DigestOf = Callable[[str, str], str | None]
ChecksumParts = tuple[Transfers, Store, Library, Entries, Path | None]

# The packages whose next version may make other pixels or other bytes of them.
_DRAWING: Final = (
    *("av", "mediapipe", "numpy", "opencv-python-headless"),
    *("pi-heif", "pillow", "pyvips-binary", "simplejpeg"),
)


class CoverParts(NamedTuple):
    """What a cover story is made of, in the order its constructor takes them."""

    decoder: Decoder
    detector: FaceDetector
    encoders: Mapping[str, Encoder]
    detect_short_px: int
    versions: Versions


def cover_parts(settings: Settings, *, on_hang: Callable[[], None] | None = None) -> CoverParts:
    """The adapters of the cover story; `on_hang` is called before a hung detector ends the process.

    The decode child is started first, so that it gets ready while the detector's library loads.
    """
    decoder = _decoder(settings)
    detector = _detector(settings, on_hang)
    versions = Versions(
        firstframe=version("firstframe"),
        av=version("av"),
        mediapipe=version("mediapipe"),
        model=detector.model,
    )
    return CoverParts(
        decoder, detector, _encoders(settings), settings.detect.short_side_px, versions
    )


def _decoder(settings: Settings) -> Decoder:
    values = {**_values(settings.decode), "max_bytes": settings.fetch.max_bytes}
    made: Decoder = _made(registry.SANDBOXES, "process", values)
    return made


def _detector(settings: Settings, on_hang: Callable[[], None] | None) -> FaceDetector:
    section = settings.detect
    values = {
        **_values(section),
        "model_path": section.model or default_path(),
        "model_sha256": MODELS[DEFAULT_MODEL].sha256,
        "on_hang": on_hang,
    }
    made: FaceDetector = _made(registry.DETECTORS, section.kind, values)
    return made


def check_faces(settings: Settings) -> None:
    """Raises: FaceError when covers would be made without looking for faces."""
    _detector(settings, None).check()


def import_adapters(settings: Settings) -> None:
    """Load what a cover job's adapters are written in, so that processes forked later share it."""
    for name in ("url", "upload", "object", "entry", "album"):
        registry.load(registry.SOURCES, name)
    for name in registry.ENCODERS:
        registry.load(registry.ENCODERS, name)
    registry.load(registry.SANDBOXES, "process")
    registry.load(registry.DETECTORS, settings.detect.kind)
    registry.load(registry.STORES, settings.store.kind)
    registry.load(registry.DESTINATIONS, "store")


def _encoders(settings: Settings) -> dict[str, Encoder]:
    values = _values(settings.encode)
    return {name: _made(registry.ENCODERS, name, values) for name in registry.ENCODERS}


def store(settings: Settings) -> Store:
    """The store that `store.kind` names."""
    section = settings.store
    made: Store = _made(registry.STORES, section.kind, _values(section))
    return made


def library(settings: Settings) -> Library:
    """The library that `libraries.kind` names; without one, that of the store's kind."""
    stored, own = settings.store, settings.libraries
    values = {**_values(stored), **_values(own)}
    made: Library = _made(registry.LIBRARIES, own.kind or stored.kind, values)
    return made


def checksum_parts(settings: Settings, transfers: Transfers, entries: Entries) -> ChecksumParts:
    """What a checksum story is made of, in the order its constructor takes them."""
    return transfers, store(settings), library(settings), entries, settings.api.spool_folder


def store_destination(settings: Settings) -> Callable[[str, Visibility], Destination]:
    """Where covers of jobs go, by tenant and by who may read them: all in one store."""
    opened = store(settings)
    destination = registry.load(registry.DESTINATIONS, "store")
    return lambda tenant, visible: destination(opened, tenant=tenant, visibility=visible)


def visibility(settings: Settings, wanted: CoverRequest) -> Visibility:
    """Who may read the covers of a request."""
    default, profiles = settings.store.visibility, settings.providers.tencent_smh
    return visibility_of(wanted, default=default, profiles=profiles)


def folder_destination(folder: Path, stem: str) -> Destination:
    """Where a command's covers go: `folder`, in files named after `stem`."""
    made: Destination = registry.load(registry.DESTINATIONS, "folder")(folder=folder, stem=stem)
    return made


def open_argument(settings: Settings, text: str) -> Reader:
    """Open what a command line names: a URL, `-` for standard input, else a path.

    Raises: SourceError.
    """
    kind = kind_of(text)
    return _source(settings, kind).open(Path(text) if kind == "path" else text)


def source_opener(settings: Settings, uploads: UploadDigests) -> OpenSource:
    """How a job's source is opened for its tenant; connections are made once and kept."""
    source = cache(partial(_source, settings))
    smh = cache(partial(_smh_source, settings))

    def open_source(tenant: str, reference: SourceReference) -> Reader:
        if reference.url is not None:
            return source("url").open(reference.url)
        if reference.upload is not None:
            return source("upload", tenant, uploads.find).open(reference.upload)
        if reference.entry is not None:
            return source("entry").open(reference.entry)
        refused = source_refusal(reference, tenant, settings.providers.tencent_smh)
        if refused is not None:
            raise SourceError(refused.code, f"{refused.field}: {refused.message}")
        if reference.album is not None:
            return smh("album", reference.album.profile).open(reference.album)
        if reference.file is not None:
            return smh("file", reference.file.profile).open(reference.file)
        return source("object", tenant).open(reference.object)

    return open_source


def _source(
    settings: Settings, kind: str, tenant: str = "", digest_of: DigestOf | None = None
) -> Source[Any]:
    fetch = settings.fetch
    values = {
        **_values(fetch),
        **_values(fetch.objects),
        "allowed": frozenset(fetch.objects.buckets.get(tenant, ())),
        "own_bucket": settings.store.bucket,
        "tenant": tenant,
        "store": store(settings) if kind == "upload" else None,
        "digest_of": digest_of,
        "library": library(settings) if kind == "entry" else None,
    }
    made: Source[Any] = _made(registry.SOURCES, kind, values)
    return made


def _smh_source(settings: Settings, kind: str, profile: str) -> Source[Any]:
    """What reads the library of a profile; its tokens are shared through Redis."""
    timeout_s = min(settings.redis.timeout_s, settings.worker.lease_renew_s)
    values = {
        **_values(settings.fetch),
        **_values(settings.providers.tencent_smh[profile]),
        "tokens": VendorTokens(redis_client(settings, timeout_s=timeout_s)),
    }
    made: Source[Any] = _made(registry.SOURCES, kind, values)
    return made


def _values(section: Section) -> dict[str, Any]:
    """A section's values by their names, secrets opened."""
    values = {name: getattr(section, name) for name in type(section).model_fields}
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in values.items()
    }


def _made(table: dict[str, str], name: str, values: dict[str, Any]) -> Any:
    """The adapter that `table` lists under `name`, with those of `values` its constructor names."""
    adapter = registry.load(table, name)
    wanted = signature(adapter).parameters
    return adapter(**{key: value for key, value in values.items() if key in wanted})


class State(NamedTuple):
    """All that lives in Redis, by subject."""

    jobs: JobRecords
    lanes: Lanes
    leases: Leases
    workers: Workers
    retention: Retention
    libraries: LibraryRecords
    access_tokens: AccessTokens
    sights: Sights
    entries: EntryIndex
    transfers: TransferRecords
    results: ResultRecords
    uploads: UploadDigests


def redis_client(settings: Settings, *, timeout_s: float) -> Redis:
    """A client that gives up after `timeout_s`, which is what its process can wait."""
    section = settings.redis
    return connect(
        section.url.get_secret_value(),
        timeout_s=timeout_s,
        connect_timeout_s=section.connect_timeout_s,
    )


def state(settings: Settings, *, timeout_s: float) -> State:
    """The state, and Celery as where released items go; each waits `timeout_s` for Redis."""
    client = redis_client(settings, timeout_s=timeout_s)
    publisher: Publisher = registry.load(registry.PUBLISHERS, "celery")(
        settings.redis, settings.worker, timeout_s=timeout_s
    )
    section = settings.worker
    rules = LeaseRules(
        lease_s=section.lease_s,
        attempt_timeout_s=section.attempt_timeout_s,
        max_attempts=section.max_attempts,
        max_job_age_s=section.max_job_age_s,
        max_lost_attempts=section.max_lost_attempts,
    )
    return State(
        jobs=JobRecords(client),
        lanes=Lanes(client, publisher),
        leases=Leases(client, rules),
        workers=Workers(client, heartbeat_s=section.heartbeat_s),
        retention=Retention(client),
        libraries=LibraryRecords(client),
        access_tokens=AccessTokens(client),
        sights=Sights(client),
        entries=EntryIndex(client, claim_held_s=section.attempt_timeout_s),
        transfers=TransferRecords(client),
        results=_results(settings, client),
        uploads=UploadDigests(client, keep_s=section.keep_uploads_s),
    )


def async_sights(settings: Settings, *, timeout_s: float) -> AsyncSights:
    """Looks at libraries for an event loop, over a connection of its own."""
    section = settings.redis
    client = connect_async(
        section.url.get_secret_value(),
        timeout_s=timeout_s,
        connect_timeout_s=section.connect_timeout_s,
    )
    return AsyncSights(client)


def _results(settings: Settings, client: Redis) -> ResultRecords:
    opened = cache(partial(store, settings))
    section = settings.worker
    return ResultRecords(
        client,
        KeepRules(section.keep_results_s, section.max_results),
        making=making(settings),
        is_stored=lambda key: opened().find(key) is not None,
    )


def making(settings: Settings) -> dict[str, object]:
    """What decides the bytes of covers and their URL, beside medium and recipe."""
    return {
        **{name: version(name) for name in ("firstframe", *_DRAWING)},
        "model": MODELS[DEFAULT_MODEL].sha256,
        "detect": settings.detect.model_dump(include={"kind", "threshold", "short_side_px"}),
        "encode": settings.encode.model_dump(),
        "background": settings.decode.background,
        "public_base_url": settings.store.public_base_url,
    }
