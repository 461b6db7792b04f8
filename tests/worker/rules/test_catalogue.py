"""What the catalogue says of a job: ids, identities, titles, and pictures that are sure to come."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from worker.contracts.catalogue import ImageRecord, MediumRecord
from worker.contracts.plans import PlanRequest
from worker.contracts.requests import CoverRequest, SourceReference
from worker.contracts.results import CoverInfo, CoverResult, FrameInfo, MediumInfo
from worker.contracts.snapshot_results import (
    FileInfo,
    PreviewInfo,
    SheetInfo,
    SnapshotInfo,
    SnapshotResult,
    StoryboardInfo,
)
from worker.contracts.snapshots import SnapshotRequest
from worker.rules.catalogue import (
    JobPicture,
    document,
    document_key,
    expected,
    file_name,
    image_id,
    made,
    medium_id,
    parsed,
    source_name,
    unneeded,
)
from worker.rules.keys import sidecar_key

URL = "https://media.example/films/my%20clip.mp4"
JOB = "job_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"
AT = datetime(2026, 5, 4, 8, tzinfo=UTC)
ENTRY = {"library_id": "lib", "space_id": "-", "entry_id": "ent_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"}
SMH = {"provider": "tencent_smh", "library_id": "lib", "profile": "main"}


def identity(tenant: str = "ann", fingerprint: str | None = None, **source: Any) -> str:
    return medium_id(tenant, SourceReference.model_validate(source), fingerprint)


def snapshots(**fields: Any) -> SnapshotRequest:
    return SnapshotRequest.model_validate({"source": {"url": URL}, **fields})


def _file(key: str) -> dict[str, Any]:
    return {
        "path": None,
        "url": f"http://host/{key}",
        "key": key,
        "content_type": "image/jpeg",
        "bytes": 10,
        "sha256": "0" * 64,
    }


def still(key: str, offset_ms: int, number: int = 1, **told: Any) -> SnapshotInfo:
    return SnapshotInfo(
        **{
            **_file(key),
            "number": number,
            "offset_ms": offset_ms,
            "pts_ms": offset_ms,
            "width": 4,
            "height": 2,
            "crop_box": (0, 0, 4, 2),
            **told,
        }
    )


def sheet(key: str, *tiles: SnapshotInfo) -> SheetInfo:
    return SheetInfo(
        **_file(key),
        width=8,
        height=2,
        columns=2,
        rows=1,
        tile_width=4,
        tile_height=2,
        offsets_ms=(2000, 4000),
        pts_ms=(2000, None),
        tiles=tiles,
    )


def test_ids_are_hex_and_the_same_for_every_attempt() -> None:
    ids = {image_id(JOB, "covers/64"), image_id(JOB, "covers/65"), image_id("job_2", "covers/64")}

    assert len(ids) == 3
    assert all(len(each) == 32 and int(each, 16) >= 0 for each in ids)
    assert image_id("job_1", "covers/64") == sha256(b"job_1 covers/64").hexdigest()[:32]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            {"url": f"{URL}?X-Amz-Signature=1"}, {"url": f"{URL}?X-Amz-Signature=2"}, id="signed"
        ),
        pytest.param(
            {"upload": "upl_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D", "fingerprint": "sha256:1"},
            {"upload": "upl_01K0ZJ8V5W3M9Q2R7T4Y6X8C1E", "fingerprint": "sha256:1"},
            id="the-same-bytes-uploaded-again",
        ),
        pytest.param(
            {"entry": {**ENTRY, "version_id": "1"}},
            {"entry": {**ENTRY, "version_id": "2"}},
            id="versions-of-an-entry",
        ),
        pytest.param(
            {"file": {**SMH, "path": "a/b.jpg", "history_id": "1", "user_id": "u"}},
            {"file": {**SMH, "path": "a/b.jpg", "profile": "second"}},
            id="versions-of-a-file-by-any-profile",
        ),
    ],
)
def test_what_names_one_medium_has_one_identity(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert identity(**one) == identity(**other)


def test_what_names_different_media_has_different_identities() -> None:
    bucket = {"bucket": "abc", "key": "k"}
    found = [
        identity(url=URL),
        identity("bob", url=URL),
        identity(url=f"{URL}?page=2"),
        identity(object=bucket),
        identity(object={**bucket, "key": "l"}),
        identity(upload="upl_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"),
        identity(upload="upl_01K0ZJ8V5W3M9Q2R7T4Y6X8C1E"),
        identity(upload="upl_01K0ZJ8V5W3M9Q2R7T4Y6X8C1E", fingerprint="sha256:1"),
        identity(album={**SMH, "album": "a"}),
        identity(album=SMH),
        identity(file={**SMH, "path": "a"}),
        identity(file={**SMH, "path": "a", "space_id": "s"}),
        identity(entry={**ENTRY, "version_id": "1"}),
        identity(image={"provider": "firstframe", "image_id": "0" * 32}),
    ]

    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ({"url": f"{URL}?token=secret"}, "my clip.mp4"),
        ({"url": "https://media.example"}, "https://media.example"),
        ({"upload": "upl_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"}, "upl_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"),
        ({"object": {"bucket": "abc", "key": "a/b.mp4"}}, "b.mp4"),
        ({"album": {**SMH, "album": "summer"}}, "summer"),
        ({"album": SMH}, "lib"),
        ({"file": {**SMH, "path": "a/b.jpg"}}, "b.jpg"),
        ({"entry": {**ENTRY, "version_id": "1"}}, ENTRY["entry_id"]),
        ({"image": {"provider": "firstframe", "image_id": "0" * 32}}, "0" * 32),
    ],
)
def test_a_medium_has_a_short_name_before_it_is_opened(source: dict[str, Any], name: str) -> None:
    assert source_name(SourceReference.model_validate(source)) == name


def test_names_are_cut() -> None:
    assert len(file_name("a/" + "b" * 5000)) == 120


@pytest.mark.parametrize(
    ("sizes", "labels"),
    [
        (None, ["covers/cover"]),
        ([64], ["covers/64"]),
        ([64, 128, 64], ["covers/64", "covers/128"]),
    ],
)
def test_covers_are_expected_one_a_size(sizes: list[int] | None, labels: list[str]) -> None:
    request = CoverRequest.model_validate({"source": {"url": URL}, "sizes": sizes})

    assert [each.label for each in expected(request)] == labels


@pytest.mark.parametrize(
    ("fields", "labels"),
    [
        pytest.param({"count": 3}, ["snapshot-001", "snapshot-002", "snapshot-003"], id="count"),
        pytest.param({"times": [1, 2.0, 1]}, ["snapshot-001", "snapshot-002"], id="seconds"),
        pytest.param({"times": ["1%", "2%"]}, ["snapshot-001", "snapshot-002"], id="percents"),
        pytest.param({"times": [1, 2, "10%"]}, ["snapshot-001", "snapshot-002"], id="mixed"),
        pytest.param({"interval_s": 5.0}, ["snapshot-001"], id="interval"),
        pytest.param({"candidates": 5}, ["candidate-01"], id="candidates"),
        pytest.param({"sprite": {"interval_s": 1.0}}, ["sheet-01"], id="sprite"),
        pytest.param({"storyboard": True}, ["sheet-01"], id="storyboard"),
        pytest.param({"preview": {}}, ["preview"], id="preview"),
    ],
)
def test_only_snapshots_that_are_sure_are_expected(
    fields: dict[str, Any], labels: list[str]
) -> None:
    found = expected(snapshots(**fields))

    assert [each.label for each in found] == [f"snapshots/{label}" for label in labels]
    assert all("my clip.mp4" in each.title for each in found)


def test_a_forecast_makes_no_pictures() -> None:
    assert expected(PlanRequest(snapshots=snapshots(count=3))) == []


def test_covers_are_told_with_their_facts() -> None:
    cover = CoverInfo(
        size=None,
        ratio=None,
        crop_box=(0, 0, 4, 2),
        width=4,
        height=2,
        **_file("covers/a"),
        upscaled=False,
    )
    frame = FrameInfo(policy="first", rule="first", pts_ms=40, index=1)
    result = CoverResult(source=URL, status="succeeded", frame=frame, covers=(cover,))

    assert made(result) == [
        JobPicture(
            "covers/cover",
            "CoverSnapshot",
            "Cover of my clip.mp4",
            {
                "bytes": 10,
                "width": 4,
                "height": 2,
                "content_type": "image/jpeg",
                "key": "covers/a",
                "url": "http://host/covers/a",
                "offset_ms": 40,
            },
        )
    ]


def test_snapshots_are_told_by_their_types_titles_and_times() -> None:
    index = FileInfo(**_file("hls"))
    result = SnapshotResult(
        source=URL,
        status="succeeded",
        snapshots=(still("s1", 0), still("s3", 12_500, 3)),
        sheets=(sheet("h1", still("t1", 2000)), sheet("h2", still("t3", 6000, 3))),
        storyboard=StoryboardInfo(**_file("vtt"), hls=index),
        preview=PreviewInfo(
            **_file("p"), width=4, height=2, duration_ms=1, frames=1, pieces_ms=(0,)
        ),
        candidates=(still("c1", 60_000),),
    )

    found = made(result)

    assert [(each.label, each.type, each.title) for each in found] == [
        ("snapshots/snapshot-001", "NormalSnapshot", "my clip.mp4 at 0 s"),
        ("snapshots/snapshot-003", "NormalSnapshot", "my clip.mp4 at 12.5 s"),
        ("snapshots/candidate-01", "NormalSnapshot", "my clip.mp4 at 60 s, candidate"),
        ("snapshots/sheet-01", "SpriteSnapshot", "Sheet 1 of my clip.mp4"),
        ("snapshots/tile-0001", "SpriteOriginSnapshot", "my clip.mp4 at 2 s, tile"),
        ("snapshots/sheet-02", "SpriteSnapshot", "Sheet 2 of my clip.mp4"),
        ("snapshots/tile-0003", "SpriteOriginSnapshot", "my clip.mp4 at 6 s, tile"),
        ("snapshots/preview", "NormalSnapshot", "Preview of my clip.mp4"),
    ]
    assert found[3].facts["objects"] == found[5].facts["objects"] == ("vtt", "hls")
    assert found[1].facts["offset_ms"] == 12_500


@pytest.mark.parametrize(
    ("pts_ms", "labels"),
    [
        pytest.param(None, ["snapshots/snapshot-002", "snapshots/snapshot-003"], id="picture"),
        pytest.param(0, [], id="video-with-missing-frames"),
    ],
)
def test_a_picture_needs_no_more_than_itself(pts_ms: int | None, labels: list[str]) -> None:
    result = SnapshotResult(
        source=URL, status="succeeded", snapshots=(still("s1", 0, pts_ms=pts_ms),)
    )

    assert unneeded(snapshots(count=3), result) == labels


def image(**changes: Any) -> ImageRecord:
    values = {
        "image_id": image_id(JOB, "covers/64"),
        "tenant": "ann",
        "label": "covers/64",
        "type": "CoverSnapshot",
        "title": "Cover",
        "status": "Normal",
        "created_at": AT,
        "key": "covers/a",
        "job": JOB,
        **changes,
    }
    return ImageRecord.model_validate(values)


def test_documents_are_read_back_whole_from_under_their_own_key_only() -> None:
    record = image(of_library=True, objects=("vtt",))
    medium = MediumRecord(
        medium_id="0" * 32,
        tenant="ann",
        of_library=True,
        source=URL,
        probe=MediumInfo(kind="image", format="png", codec="png", width=1, height=1),
        created_at=AT,
        seen_at=AT,
    )

    key = sidecar_key("ann", "images", record.image_id)
    assert document_key(record) == key
    assert parsed(ImageRecord, key, document(record)) == record
    assert (
        parsed(ImageRecord, sidecar_key("bob", "images", record.image_id), document(record)) is None
    )
    assert parsed(ImageRecord, key, document(medium)) is None
    assert parsed(ImageRecord, key, b"{") is None
    assert parsed(MediumRecord, document_key(medium), document(medium)) == medium
    assert json.loads(document(medium))["of_library"] is True
