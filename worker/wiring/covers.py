"""What makes covers, and what decides their bytes."""

from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Final, NamedTuple

from worker import registry
from worker.contracts.names import Visibility
from worker.contracts.results import Versions
from worker.ports import Decoder, Encoder, FaceDetector
from worker.rules.models import DEFAULT_MODEL, MODELS, default_path
from worker.rules.visibility import Pictured, visibility_of
from worker.settings import Settings
from worker.state.libraries import LibraryRecords
from worker.state.permissions import entry_refused
from worker.wiring.adapters import made, values

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


def check_faces(settings: Settings) -> None:
    """Raises: FaceError when covers would be made without looking for faces."""
    _detector(settings, None).check()


def import_adapters(settings: Settings) -> None:
    """Load what jobs' adapters are written in, so that processes forked later share it."""
    for name in ("url", "upload", "image", "object", "entry", "smh", "alibaba_image"):
        registry.load(registry.SOURCES, name)
    drawing = (registry.ENCODERS, registry.SHEETS, registry.INDEXES, registry.ANIMATORS)
    for table in (*drawing, registry.SCORERS):
        for name in table:
            registry.load(table, name)
    registry.load(registry.SANDBOXES, "process")
    registry.load(registry.DETECTORS, settings.detect.kind)
    registry.load(registry.STORES, settings.store.kind)
    registry.load(registry.DESTINATIONS, "store")


def visibility(
    settings: Settings, libraries: LibraryRecords, tenant: str, wanted: Pictured
) -> Visibility:
    """Who may read the pictures of a request, to be asked by every attempt at it.

    A library may have become private since the request was taken: then so are they.
    Raises: RequestError `queue.unavailable`.
    """
    default, profiles = settings.store.visibility, settings.providers.tencent_smh
    found = visibility_of(wanted, default=default, profiles=profiles)
    if found == "public" and entry_refused(libraries, tenant, wanted):
        return "private"
    return found


def making(settings: Settings) -> dict[str, object]:
    """What decides the bytes of pictures and their URL, beside medium, recipe and our rules."""
    return {
        **{name: version(name) for name in ("firstframe", *_DRAWING)},
        "model": MODELS[DEFAULT_MODEL].sha256,
        "detect": settings.detect.model_dump(include={"kind", "threshold", "short_side_px"}),
        "encode": settings.encode.model_dump(),
        "background": settings.decode.background,
        "public_base_url": settings.store.public_base_url,
    }


def _decoder(settings: Settings) -> Decoder:
    given = {**values(settings.decode), "max_bytes": settings.fetch.max_bytes}
    decoder: Decoder = made(registry.SANDBOXES, "process", given)
    return decoder


def _detector(settings: Settings, on_hang: Callable[[], None] | None) -> FaceDetector:
    section = settings.detect
    given = {
        **values(section),
        "model_path": section.model or default_path(),
        "model_sha256": MODELS[DEFAULT_MODEL].sha256,
        "on_hang": on_hang,
    }
    detector: FaceDetector = made(registry.DETECTORS, section.kind, given)
    return detector


def _encoders(settings: Settings) -> dict[str, Encoder]:
    given = values(settings.encode)
    return {name: made(registry.ENCODERS, name, given) for name in registry.ENCODERS}
