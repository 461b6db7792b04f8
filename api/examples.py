"""What the OpenAPI document shows: a request and an answer of each kind, as they really look."""

from typing import Any, Final

from api.watch_examples import WATCH

_SOURCE: Final = "https://example.com/clip.mp4"
_JOB_ID: Final = "job_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"

COVER_REQUEST: Final[dict[str, Any]] = {
    "source": {"url": _SOURCE},
    "sizes": [256, 512],
    "format": "jpeg",
    "quality": 85,
    "frame": {"policy": "first"},
    "lane": "live",
    "visibility": "public",
    "metadata": {"album": "summer"},
}
SNAPSHOT_REQUEST: Final[dict[str, Any]] = {
    "source": {"url": _SOURCE},
    "times": [1.5, "50%"],
    "width": 640,
    "format": "jpeg",
    "quality": 85,
    "pick": "exact",
    "sprite": {"columns": 2, "rows": 1, "tile_width": 160, "interval_s": 5.0},
    "storyboard": True,
    "preview": {"duration_s": 3.0, "width": 320, "format": "webp"},
    "candidates": 1,
    "lane": "backfill",
    "metadata": {"album": "summer"},
}
CHOICE: Final[dict[str, Any]] = {"candidate": 0, "sizes": [512], "format": "jpeg", "quality": 85}
EXAMPLE_JOB: Final[dict[str, Any]] = {
    "id": _JOB_ID,
    "kind": "cover",
    "status": "queued",
    "lane": "live",
    "attempts": 0,
    "created_at": "2026-05-04T08:00:00.000000Z",
    "started_at": None,
    "finished_at": None,
    "request": COVER_REQUEST,
    "progress": None,
    "result": None,
    "error": None,
    "record": None,
    "links": {"self": f"/v1/jobs/{_JOB_ID}", "events": f"/v1/jobs/{_JOB_ID}/events"},
}
_DONE: Final[dict[str, Any]] = {
    **EXAMPLE_JOB,
    "status": "succeeded",
    "attempts": 1,
    "started_at": "2026-05-04T08:00:00.010000Z",
    "finished_at": "2026-05-04T08:00:00.090000Z",
}
_PRIVATE_KEY: Final = f"private/default/9f/9f{'0' * 62}.jpg"
_PRIVATE_COVER: Final[dict[str, Any]] = {
    "size": 256,
    "ratio": "1:1",
    "crop_box": [0, 120, 1080, 1080],
    "width": 256,
    "height": 256,
    "path": None,
    "url": None,
    "key": _PRIVATE_KEY,
    "content_type": "image/jpeg",
    "bytes": 15321,
    "sha256": f"9f{'0' * 62}",
    "upscaled": False,
}
PRIVATE_JOB: Final[dict[str, Any]] = {
    **_DONE,
    "request": {**COVER_REQUEST, "sizes": [256], "visibility": "private"},
    "result": {"source": _SOURCE, "status": "succeeded", "covers": [_PRIVATE_COVER]},
    "links": {
        **EXAMPLE_JOB["links"],
        "covers": [f"https://covers.example.com/{_PRIVATE_KEY}?expires=1777885200&signature=…"],
    },
}
RUNNING_JOB: Final[dict[str, Any]] = {
    **_DONE,
    "kind": "snapshot",
    "status": "running",
    "lane": "backfill",
    "finished_at": None,
    "request": SNAPSHOT_REQUEST,
    "progress": {"percent": 41.5, "stage": "decode", "at_ms": 4150},
}


def _file(first: str, extension: str, content_type: str, size_bytes: int) -> dict[str, Any]:
    sha256 = f"{first}{'0' * 62}"
    key = f"snapshots/{first}/{sha256}.{extension}"
    return {
        "path": None,
        "url": f"https://covers.example.com/{key}",
        "key": key,
        "content_type": content_type,
        "bytes": size_bytes,
        "sha256": sha256,
    }


def _still(first: str, number: int, offset_ms: int, **told: Any) -> dict[str, Any]:
    return {
        **_file(first, "jpg", "image/jpeg", 48211),
        "number": number,
        "offset_ms": offset_ms,
        "pts_ms": offset_ms + 12,
        "width": 640,
        "height": 360,
        "crop_box": [0, 0, 1920, 1080],
        **told,
    }


SNAPSHOT_JOB: Final[dict[str, Any]] = {
    **_DONE,
    "kind": "snapshot",
    "lane": "backfill",
    "request": SNAPSHOT_REQUEST,
    "result": {
        "source": _SOURCE,
        "status": "succeeded",
        "pick": "exact",
        "snapshots": [_still("a1", 1, 1500), _still("a2", 2, 5000)],
        "candidates": [_still("a3", 1, 4000, faces=1, score=87.5)],
        "sheets": [
            {
                **_file("b1", "jpg", "image/jpeg", 18112),
                "width": 320,
                "height": 90,
                "columns": 2,
                "rows": 1,
                "tile_width": 160,
                "tile_height": 90,
                "offsets_ms": [0, 5000],
                "pts_ms": [0, 5012],
            }
        ],
        "storyboard": {
            **_file("c1", "vtt", "text/vtt", 214),
            "hls": _file("c2", "m3u8", "application/vnd.apple.mpegurl", 402),
            "dash": _file("c3", "mpd", "application/dash+xml", 811),
        },
        "preview": {
            **_file("d1", "webp", "image/webp", 190133),
            "width": 320,
            "height": 180,
            "duration_ms": 3000,
            "frames": 30,
            "pieces_ms": [500, 4000, 8000],
        },
        "missing_ms": [],
        "flags": [],
    },
}
PLAN: Final[dict[str, Any]] = {
    "plan": {
        "status": "succeeded",
        "source": _SOURCE,
        "medium": {
            "kind": "video",
            "format": "mov,mp4",
            "codec": "h264",
            "width": 1920,
            "height": 1080,
            "rotation_cw": 0,
            "mirrored": False,
            "duration_ms": 10000,
            "hdr": None,
            "bytes_read": 81920,
            "bytes_total": 991232,
            "requests": 2,
        },
        "timeline": {
            "duration_ms": 10000,
            "last_ms": 9960,
            "frames": 250,
            "keys": 5,
            "key_gap_ms": 2000,
        },
        "cached": False,
        "forecast": {"bytes": 412000, "frames": 60, "seeks": 4},
        "outputs": [
            {"kind": "snapshot", "count": 2, "width": 640, "height": 360, "format": "jpeg"},
            {"kind": "sheet", "count": 1, "width": 320, "height": 90, "format": "jpeg"},
        ],
        "offsets_ms": [1500, 5000],
        "flags": [],
    },
    "job": _JOB_ID,
}
IMAGE_ID: Final = "9f3c6d1f0c0f4a2e8b7d5a6c4e2f1b0a"
MEDIUM_ID: Final = "4c1d2b7e9a8f4f6db3e5c7a1908f2d6e"
_PUBLIC_KEY: Final = f"snapshots/9f/9f{'0' * 62}.jpg"
IMAGE: Final[dict[str, Any]] = {
    "image_id": IMAGE_ID,
    "label": "snapshots/snapshot-001",
    "type": "NormalSnapshot",
    "title": "clip.mp4 at 1.5 s",
    "status": "Normal",
    "bytes": 40960,
    "width": 640,
    "height": 360,
    "content_type": "image/jpeg",
    "created_at": "2026-05-04T08:00:00.000000Z",
    "storage_location": _PUBLIC_KEY,
    "url": f"https://covers.example.com/{_PUBLIC_KEY}",
    "medium": MEDIUM_ID,
    "job": _JOB_ID,
    "offset_ms": 1500,
    "is_cover": True,
    "links": {
        "self": f"/v1/images/{IMAGE_ID}",
        "job": f"/v1/jobs/{_JOB_ID}",
        "medium": f"/v1/media/{MEDIUM_ID}",
    },
}
MEDIUM: Final[dict[str, Any]] = {
    "medium_id": MEDIUM_ID,
    "source": _SOURCE,
    "probe": PLAN["plan"]["medium"],
    "version": 1,
    "created_at": "2026-05-04T08:00:00.000000Z",
    "seen_at": "2026-05-04T08:00:00.000000Z",
    "cover": {
        "url": f"https://covers.example.com/{_PUBLIC_KEY}",
        "image": IMAGE_ID,
        "set_by": "huawei_vod",
        "set_at": "2026-05-04T08:05:00.000000Z",
        "job": None,
        "record": "rec_01JWZ0QX6S9D6N4T2V8B7A5C3E",
        "fence": 42,
    },
    "labels": {"title": "A clip", "description": None, "tags": ["sea"], "cate_id": None},
    "links": {
        "self": f"/v1/media/{MEDIUM_ID}",
        "images": f"/v1/images?medium={MEDIUM_ID}",
        "cover": f"https://covers.example.com/{_PUBLIC_KEY}",
    },
}
RECORD_ID: Final = "rec_01JWZ0QX6S9D6N4T2V8B7A5C3E"
NOTICE_ID: Final = "msg_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D_5"
_TARGET: Final[dict[str, Any]] = {
    "provider": "huawei_vod",
    "profile": "main",
    "asset_id": "0cb4a1b2c3d4e5f60718293a4b5c6d7e",
}
RECORD_REQUEST: Final[dict[str, Any]] = {
    "image": IMAGE_ID,
    "target": _TARGET,
    "metadata": {"album": "summer"},
}
RECORD: Final[dict[str, Any]] = {
    "id": RECORD_ID,
    "provider": "huawei_vod",
    "target": _TARGET,
    "state": "recorded",
    "fence": 42,
    "attempts": 1,
    "job": _JOB_ID,
    "cover": {
        "key": _PUBLIC_KEY,
        "url": f"https://covers.example.com/{_PUBLIC_KEY}",
        "content_type": "image/jpeg",
        "bytes": 40960,
        "sha256": f"9f{'0' * 62}",
        "width": 640,
        "height": 360,
        "image_id": IMAGE_ID,
    },
    "result": {
        "state": "recorded",
        "request_id": "1bd7f0a2b5a54c3a9e0c7c5c5a9b1e11",
        "reference": f"https://covers.example.com/{_PUBLIC_KEY}",
        "verified": True,
        "would_send": None,
        "timings_ms": {},
    },
    "error": None,
    "created_at": "2026-05-04T08:05:00.000000Z",
    "next_at": None,
    "recorded_at": "2026-05-04T08:05:00.210000Z",
    "metadata": {"album": "summer"},
    "links": {
        "self": f"/v1/records/{RECORD_ID}",
        "job": f"/v1/jobs/{_JOB_ID}",
        "image": f"/v1/images/{IMAGE_ID}",
    },
}
NOTICE: Final[dict[str, Any]] = {
    "id": NOTICE_ID,
    "url": "https://example.com/told",
    "type": "job.succeeded",
    "state": "delivered",
    "attempts": 1,
    "job": _JOB_ID,
    "record": None,
    "sequence": 5,
    "status": 204,
    "error": None,
    "created_at": "2026-05-04T08:00:00.090000Z",
    "next_at": None,
    "ended_at": "2026-05-04T08:00:00.320000Z",
    "links": {"self": f"/v1/notices/{NOTICE_ID}", "job": f"/v1/jobs/{_JOB_ID}", "record": None},
}
# By the name of the model. FastAPI drops nulls from examples in routes, so routes refer to these.
EXAMPLES: Final[dict[str, Any]] = {
    "JobView": EXAMPLE_JOB,
    "PrivateJob": PRIVATE_JOB,
    "RunningJob": RUNNING_JOB,
    "SnapshotJob": SNAPSHOT_JOB,
    "PlanView": PLAN,
    "JobsView": {"jobs": [EXAMPLE_JOB, SNAPSHOT_JOB], "next": None},
    "ImageView": IMAGE,
    "ImagesView": {"images": [IMAGE], "next": None},
    "MediumView": MEDIUM,
    "RecordView": RECORD,
    "RecordsView": {"records": [RECORD], "next": None},
    "NoticeView": NOTICE,
    "NoticesView": {"notices": [NOTICE], "next": None},
    "WatchView": WATCH,
    "WatchesView": {"watches": [WATCH], "next": None},
    "UploadView": {
        "upload": "upl_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D",
        "bytes": 991232,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    },
    "AliveView": {"alive": True},
    "ReadyView": {"ready": True, "warnings": ["no worker serves lane backfill"]},
}
# Further examples of a model, by what tells them apart.
MORE: Final = {
    "JobView": {"private": "PrivateJob", "running": "RunningJob", "snapshots": "SnapshotJob"}
}
