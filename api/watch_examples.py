"""What OpenAPI shows of watches over albums."""

from typing import Any, Final

JOB_ID: Final = "job_01K0ZJ8V5W3M9Q2R7T4Y6X8C1D"
ASSET_ID: Final = "0cb4a1b2c3d4e5f60718293a4b5c6d7e"
WATCH_ID: Final = "wat_01K0ZJ8V5W3M9Q2R7T4Y6X8C1E"
WATCH: Final[dict[str, Any]] = {
    "id": WATCH_ID,
    "state": "watching",
    "request": {
        "source": {
            "album": {
                "provider": "tencent_smh",
                "library_id": "smhxxxxxxxxxxxxxx",
                "space_id": "-",
                "album": "beach",
                "profile": "main",
            }
        },
        "target": {"provider": "huawei_vod", "profile": "main", "asset_id": ASSET_ID},
        "watch": True,
    },
    "medium": {
        "source": "tencent_smh:smhxxxxxxxxxxxxxx/-/beach/first.mp4",
        "version": "7f3c0a9e51d24b68a1c0e4f2b9d83a55",
        "job": JOB_ID,
    },
    "job": JOB_ID,
    "job_status": "succeeded",
    "jobs": 3,
    "failures": 0,
    "error": None,
    "created_at": "2026-05-04T08:00:00.000000Z",
    "looked_at": "2026-05-04T12:05:10.000000Z",
    "changed_at": "2026-05-04T11:40:02.000000Z",
    "stopped_at": None,
    "next_at": "2026-05-04T12:10:21.000000Z",
    "links": {"self": f"/v1/watches/{WATCH_ID}", "job": f"/v1/jobs/{JOB_ID}"},
}
