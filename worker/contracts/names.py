"""Names that cross process borders: kinds of work, lanes, queues, tasks, statuses."""

from typing import Final, Literal

Kind = Literal["cover", "snapshot", "checksum", "plan", "record", "notify"]
Lane = Literal["live", "backfill"]
Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Format = Literal["jpeg", "webp", "avif", "png"]
Visibility = Literal["public", "private"]

# The lanes that requests may name: work on media. Write-back and callbacks have their own.
LANES: Final = ("live", "backfill")
CALL_LANES: Final = ("record", "notify")
ALL_LANES: Final = (*LANES, *CALL_LANES)
FINISHED: Final = ("succeeded", "failed", "cancelled")

TASK_MEDIA: Final = "firstframe.media"
TASK_CALL: Final = "firstframe.call"
QUEUE_OF_LANE: Final[dict[str, str]] = {
    "live": "media.live",
    "backfill": "media.backfill",
    "record": "record",
    "notify": "notify",
}
TASK_OF_LANE: Final[dict[str, str]] = {
    **dict.fromkeys(LANES, TASK_MEDIA),
    **dict.fromkeys(CALL_LANES, TASK_CALL),
}
PUBLISHED_AT_HEADER: Final = "firstframe_published_at_ms"

# A flag of a crop: nobody could look for faces.
FACE_UNAVAILABLE: Final = "face.unavailable"
# A flag of a snapshot result, and of a preview: frames that were asked for did not come.
FRAMES_MISSING: Final = "frames.missing"
# A flag of a plan: the video's beginning is damaged; sizes are those that the file claims.
SIZES_CLAIMED: Final = "sizes.claimed"

DEFAULT_TENANT: Final = "default"
MAX_SIZE_PX: Final = 4096
MAX_SIZES: Final = 8
