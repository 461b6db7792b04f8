"""Names that cross process borders: kinds of work, lanes, queues, tasks, statuses."""

from typing import Final, Literal

Kind = Literal["cover", "snapshot", "checksum", "plan"]
Lane = Literal["live", "backfill"]
Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Format = Literal["jpeg", "webp", "avif", "png"]
Visibility = Literal["public", "private"]

LANES: Final = ("live", "backfill")
FINISHED: Final = ("succeeded", "failed", "cancelled")

TASK_MEDIA: Final = "firstframe.media"
QUEUE_OF_LANE: Final[dict[str, str]] = {"live": "media.live", "backfill": "media.backfill"}
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
