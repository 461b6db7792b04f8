"""What the catalogue holds of a job: its medium, its pictures, their ids, names and documents."""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from worker.contracts.catalogue import ImageRecord, ImageType, MediumRecord
from worker.contracts.jobs import AnyRequest, AnyResult, source_of
from worker.contracts.requests import CoverRequest, SourceReference
from worker.contracts.results import CoverInfo, CoverResult, Frozen
from worker.contracts.snapshot_results import SnapshotInfo, SnapshotResult
from worker.contracts.snapshots import SnapshotRequest
from worker.rules.keys import cover_label, sidecar_key
from worker.rules.labels import PREVIEW, Numbered, numbered
from worker.rules.set_covers import set_by_client
from worker.rules.urls import identity, shown

_MAX_NAME_CHARACTERS: Final = 120
# What documents keep and callers are not told.
_HIDDEN: Final = ("tenant", "of_library", "revision")

Record = TypeVar("Record", ImageRecord, MediumRecord)


class JobPicture(NamedTuple):
    """A picture of a job by its label, type and title, with what is known once it is made."""

    label: str
    type: ImageType
    title: str
    facts: Mapping[str, Any] = {}


def image_id(job_id: str, label: str) -> str:
    """The id of a job's picture, in hex; every attempt at the job gives it the same."""
    return sha256(f"{job_id} {label}".encode()).hexdigest()[:32]


def medium_id(tenant: str, source: SourceReference, fingerprint: str | None) -> str:
    """The id of a tenant's medium, in hex; every job over its source gives it the same.

    It is made of what the source is, whoever signed its address and whenever. An upload is the
    same as another with its SHA-256, where `fingerprint` tells that.
    """
    told: dict[str, Any] = source.model_dump(
        exclude_none=True,
        exclude={
            "album": {"profile", "user_id"},
            "file": {"profile", "user_id", "history_id"},
            "entry": {"version_id"},
            "image": {"of_library"},
        },
    )
    if source.url is not None:
        told = {"url": identity(source.url)}
    elif source.upload is not None and fingerprint is not None:
        told = {"upload": fingerprint}
    return sha256(json.dumps([tenant, told], sort_keys=True).encode()).hexdigest()[:32]


def expected_medium(tenant: str, request: AnyRequest) -> str | None:
    """The id of the medium that a job's pictures are to be of; None where only reading it tells.

    That is so of an upload: the same bytes may have come before. What a client sets as the cover
    of a medium is of that one, wherever it comes from.
    """
    was_set, source = set_by_client(request), source_of(request)
    if was_set:
        return was_set[0]
    return medium_id(tenant, source, None) if source and source.upload is None else None


def expected(request: AnyRequest) -> list[JobPicture]:
    """The pictures that a job is sure to make if it succeeds on a medium that allows all of it."""
    if isinstance(request, CoverRequest):
        name = source_name(request.source)
        return [_cover(size_px, name) for size_px in dict.fromkeys(request.sizes or (None,))]
    if isinstance(request, SnapshotRequest):
        return list(_snapshots_expected(request))
    return []


def made(result: AnyResult) -> list[JobPicture]:
    """The pictures that a job made, each with the facts of its record."""
    if isinstance(result, CoverResult):
        name = file_name(result.source)
        offset_ms = result.frame.pts_ms if result.frame else None
        return [_drawn_cover(cover, name, offset_ms) for cover in result.covers]
    if isinstance(result, SnapshotResult):
        return list(_snapshots_made(result))
    return []


def unneeded(request: AnyRequest, result: AnyResult) -> list[str]:
    """The labels that were expected of a video, of a job whose medium is a picture.

    However many stills are asked for, a picture gives itself once, without a time.
    """
    if not (isinstance(result, SnapshotResult) and any(s.pts_ms is None for s in result.snapshots)):
        return []
    came = {each.label for each in made(result)}
    return [each.label for each in expected(request) if each.label not in came]


def document(record: ImageRecord | MediumRecord) -> bytes:
    """A record as it is kept beside the objects, with what callers are not told."""
    told = record.model_dump(mode="json", exclude_defaults=True, exclude={"is_cover"})
    hidden = {name: value for name in _HIDDEN if (value := getattr(record, name, None))}
    return json.dumps({**told, **hidden}).encode()


def parsed(model: type[Record], key: str, data: bytes) -> Record | None:
    """The record that is kept under `key`; None for a document that is damaged, or another's."""
    try:
        record = model.model_validate_json(data)
    except ValueError:
        return None
    return record if document_key(record) == key else None


def document_key(record: ImageRecord | MediumRecord) -> str:
    """Where the record's document is kept."""
    if isinstance(record, ImageRecord):
        return sidecar_key(record.tenant, "images", record.image_id)
    return sidecar_key(record.tenant, "media", record.medium_id)


def source_name(source: SourceReference) -> str:
    """A short name of a medium, before it was opened."""
    if source.entry is not None:
        return source.entry.entry_id
    if source.object is not None:
        return file_name(source.object.key)
    if source.file is not None:
        return file_name(source.file.path)
    if source.album is not None:
        return source.album.album or source.album.library_id
    if source.image is not None:
        return source.image.image_id
    return file_name(shown(source.url)) if source.url else source.upload or ""


def file_name(label: str) -> str:
    """The last part of a source's label: a path, a URL, or a plain name."""
    path = unquote(urlsplit(label).path) if "://" in label else label
    name = PurePosixPath(path).name or label
    return name[:_MAX_NAME_CHARACTERS]


def _cover(size_px: int | None, name: str, facts: Mapping[str, Any] | None = None) -> JobPicture:
    told = f"Cover of {name}, {size_px} px" if size_px else f"Cover of {name}"
    return JobPicture(f"covers/{cover_label(size_px)}", "CoverSnapshot", told, facts or {})


def _drawn_cover(cover: CoverInfo, name: str, offset_ms: int | None) -> JobPicture:
    return _cover(cover.size, name, {**_facts(cover), "offset_ms": offset_ms})


def _snapshots_expected(request: SnapshotRequest) -> Iterator[JobPicture]:
    name = source_name(request.source)
    for number in range(1, _stills(request) + 1):
        yield JobPicture(_label("snapshot", number), "NormalSnapshot", f"Snapshot of {name}")
    if request.candidates:
        yield JobPicture(_label("candidate", 1), "NormalSnapshot", f"Candidate of {name}")
    if request.sprite or request.storyboard:
        yield JobPicture(_label("sheet", 1), "SpriteSnapshot", f"Sheet 1 of {name}")
    if request.preview:
        yield JobPicture(f"snapshots/{PREVIEW}", "NormalSnapshot", f"Preview of {name}")


def _stills(request: SnapshotRequest) -> int:
    """How many there are at least. A time in seconds and one in percent may be the same."""
    times = set(request.times or ())
    seconds = {time for time in times if isinstance(time, float)}
    return request.count or max(len(seconds), len(times - seconds), bool(request.interval_s))


def _snapshots_made(result: SnapshotResult) -> Iterator[JobPicture]:
    name = file_name(result.source)
    for still in result.snapshots:
        yield _still("snapshot", still, "NormalSnapshot", name)
    for still in result.candidates:
        yield _still("candidate", still, "NormalSnapshot", name, ", candidate")
    yield from _sheets_made(result, name)
    if result.preview:
        yield JobPicture(
            f"snapshots/{PREVIEW}", "NormalSnapshot", f"Preview of {name}", _facts(result.preview)
        )


def _sheets_made(result: SnapshotResult, name: str) -> Iterator[JobPicture]:
    board = result.storyboard
    indexes = (board, board.hls, board.dash) if board else ()
    objects = tuple(index.key for index in indexes if index and index.key)
    for number, sheet in enumerate(result.sheets, start=1):
        offset_ms = sheet.offsets_ms[0] if sheet.offsets_ms else None
        facts = {**_facts(sheet), "offset_ms": offset_ms, "objects": objects}
        title = f"Sheet {number} of {name}"
        yield JobPicture(_label("sheet", number), "SpriteSnapshot", title, facts)
        for tile in sheet.tiles:
            yield _still("tile", tile, "SpriteOriginSnapshot", name, ", tile")


def _still(
    kind: Numbered, still: SnapshotInfo, type_: ImageType, name: str, what: str = ""
) -> JobPicture:
    facts = {**_facts(still), "offset_ms": still.offset_ms}
    title = f"{name} at {still.offset_ms / 1000:.10g} s{what}"
    return JobPicture(_label(kind, still.number), type_, title, facts)


def _facts(made: Frozen) -> dict[str, Any]:
    names = {"bytes", "width", "height", "content_type", "key", "url"}
    return made.model_dump(include=names)


def _label(kind: Numbered, number: int) -> str:
    return f"snapshots/{numbered(kind, number)}"
