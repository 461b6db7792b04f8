"""Settings become adapters and state here and nowhere else; light, because names are strings."""

import re
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

from redis import Redis

from worker import registry
from worker.contracts.requests import SourceReference
from worker.contracts.results import Versions
from worker.ports import Decoder, Destination, Encoder, FaceDetector, Reader, Store
from worker.rules.models import DEFAULT_MODEL, MODELS, default_path
from worker.settings import FetchSettings, Settings
from worker.state.connection import connect
from worker.state.jobs import JobRecords
from worker.state.lanes import Lanes, Publisher
from worker.state.leases import LeaseRules, Leases
from worker.state.retention import Retention
from worker.state.workers import Workers

STDIN: Final = "-"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")

OpenSource = Callable[[str, SourceReference], Reader]


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
    section = settings.decode
    made: Decoder = registry.load(registry.SANDBOXES, "process")(
        frame_timeout_s=section.frame_timeout_s,
        max_mpx=section.max_mpx,
        max_scaled_jpeg_mpx=section.max_scaled_jpeg_mpx,
        max_bytes=settings.fetch.max_bytes,
        background=section.background,
    )
    return made


def _detector(settings: Settings, on_hang: Callable[[], None] | None) -> FaceDetector:
    if settings.detect.kind == "none":
        nobody: FaceDetector = registry.load(registry.DETECTORS, "none")()
        return nobody
    made: FaceDetector = _mediapipe(settings, on_hang)
    return made


def _mediapipe(settings: Settings, on_hang: Callable[[], None] | None) -> Any:
    section = settings.detect
    return registry.load(registry.DETECTORS, "mediapipe")(
        model_path=section.model or default_path(),
        model_sha256=MODELS[DEFAULT_MODEL].sha256,
        threshold=section.threshold,
        timeout_s=section.timeout_s,
        on_hang=on_hang,
    )


def check_faces(settings: Settings) -> None:
    """Raises: FaceError `face.model_invalid` when covers would be made without their model."""
    if settings.detect.kind == "mediapipe":
        _mediapipe(settings, None).check()


def import_adapters(settings: Settings) -> None:
    """Load what a cover job's adapters are written in, so that processes forked later share it."""
    for name in ("url", "upload", "object"):
        registry.load(registry.SOURCES, name)
    for name in registry.ENCODERS:
        registry.load(registry.ENCODERS, name)
    registry.load(registry.SANDBOXES, "process")
    registry.load(registry.DETECTORS, settings.detect.kind)
    registry.load(registry.STORES, settings.store.kind)
    registry.load(registry.DESTINATIONS, "store")


def _encoders(settings: Settings) -> dict[str, Encoder]:
    options: dict[str, dict[str, Any]] = {
        "webp": {"method": settings.encode.webp_method},
        "avif": {"speed": settings.encode.avif_speed},
    }
    return {
        name: registry.load(registry.ENCODERS, name)(**options.get(name, {}))
        for name in registry.ENCODERS
    }


def store(settings: Settings) -> Store:
    """The store that `store.kind` names."""
    section = settings.store
    adapter = registry.load(registry.STORES, section.kind)
    if section.kind == "local":
        secret = section.link_secret.get_secret_value() if section.link_secret else None
        embedded: Store = adapter(
            folder=section.folder, public_base_url=section.public_base_url, link_secret=secret
        )
        return embedded
    made: Store = adapter(
        endpoint=section.endpoint,
        access_key=section.access_key.get_secret_value(),
        secret_key=section.secret_key.get_secret_value(),
        bucket=section.bucket,
        region=section.region,
        secure=section.secure,
        timeout_s=section.timeout_s,
        public_base_url=section.public_base_url,
        public_endpoint=section.public_endpoint,
    )
    return made


def store_destination(settings: Settings) -> Destination:
    """Where a job's covers go."""
    made: Destination = registry.load(registry.DESTINATIONS, "store")(store(settings))
    return made


def folder_destination(folder: Path, stem: str) -> Destination:
    """Where a command's covers go: `folder`, in files named after `stem`."""
    made: Destination = registry.load(registry.DESTINATIONS, "folder")(folder=folder, stem=stem)
    return made


def open_argument(settings: Settings, text: str) -> Reader:
    """Open what a command line names: a URL, `-` for standard input, else a path.

    Raises: SourceError.
    """
    fetch = settings.fetch
    if text == STDIN:
        reader: Reader = registry.load(registry.SOURCES, "stdin")(
            max_bytes=fetch.max_bytes, stall_timeout_s=fetch.stall_timeout_s
        ).open(text)
    elif _URL.match(text):
        reader = registry.load(registry.SOURCES, "url")(**_http_limits(fetch)).open(text)
    else:
        reader = registry.load(registry.SOURCES, "path")(max_bytes=fetch.max_bytes).open(Path(text))
    return reader


def source_opener(settings: Settings) -> OpenSource:
    """How a job's source is opened for its tenant; connections are made once and kept."""
    kept: dict[tuple[str, str], Any] = {}

    def source(kind: str, tenant: str) -> Any:
        if (kind, tenant) not in kept:
            kept[kind, tenant] = _source(settings, kind, tenant)
        return kept[kind, tenant]

    def open_source(tenant: str, reference: SourceReference) -> Reader:
        if reference.url is not None:
            reader: Reader = source("url", "").open(reference.url)
        elif reference.upload is not None:
            reader = source("upload", tenant).open(reference.upload)
        else:
            reader = source("object", tenant).open(reference.object)
        return reader

    return open_source


def _source(settings: Settings, kind: str, tenant: str) -> Any:
    fetch, adapter = settings.fetch, registry.load(registry.SOURCES, kind)
    if kind == "url":
        return adapter(**_http_limits(fetch))
    if kind == "upload":
        return adapter(store=store(settings), tenant=tenant, max_bytes=fetch.max_bytes)
    places = fetch.objects
    return adapter(
        endpoint=places.endpoint,
        region=places.region,
        secure=places.secure,
        access_key=places.access_key.get_secret_value(),
        secret_key=places.secret_key.get_secret_value(),
        allowed=frozenset(places.buckets.get(tenant, ())),
        own_bucket=settings.store.bucket if settings.store.kind == "minio" else None,
        connect_timeout_s=fetch.connect_timeout_s,
        stall_timeout_s=fetch.stall_timeout_s,
        total_timeout_s=fetch.total_timeout_s,
        max_bytes=fetch.max_bytes,
    )


def _http_limits(fetch: FetchSettings) -> dict[str, Any]:
    return fetch.model_dump(exclude={"objects"})


class State(NamedTuple):
    """All that lives in Redis, by subject."""

    jobs: JobRecords
    lanes: Lanes
    leases: Leases
    workers: Workers
    retention: Retention


def redis_client(settings: Settings, *, timeout_s: float | None = None) -> Redis:
    """A client that gives up after `timeout_s`, by default after what a caller of the API waits."""
    section = settings.redis
    return connect(
        section.url.get_secret_value(),
        timeout_s=timeout_s or settings.api.redis_timeout_s,
        connect_timeout_s=section.connect_timeout_s,
    )


def state(settings: Settings, *, timeout_s: float | None = None) -> State:
    """The state, and Celery as where released items go."""
    client = redis_client(settings, timeout_s=timeout_s)
    publisher: Publisher = registry.load(registry.PUBLISHERS, "celery")(
        settings.redis, settings.worker, timeout_s=timeout_s or settings.api.redis_timeout_s
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
    )
