"""What a job gives back, as JSON: one line of `firstframe cover --json`, `result` of a job.

Boxes are (left, top, width, height) in upright source pixels: after EXIF or display-matrix
rotation and mirroring, anamorphic video squared.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

BoxTuple = tuple[int, int, int, int]


class Frozen(BaseModel):
    """A value that does not change and knows all its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ErrorInfo(Frozen):
    """A failure as told to callers; `code` is a row of `worker.errors.CODES`."""

    code: str
    message: str
    retryable: bool
    stage: str


class MediumInfo(Frozen):
    """What the medium is; `width` and `height` are upright, square pixels."""

    kind: Literal["image", "video"]
    format: str
    codec: str
    width: int
    height: int
    rotation_cw: int = 0
    mirrored: bool = False
    duration_ms: int | None = None
    hdr: str | None = None
    bytes_read: int = 0
    bytes_total: int | None = None
    requests: int = 0


class FrameInfo(Frozen):
    """Which frame the cover shows and which rule chose it."""

    policy: str
    rule: str
    pts_ms: int | None
    index: int
    flags: tuple[str, ...] = ()


class FaceInfo(Frozen):
    box: BoxTuple
    score: float


class CropInfo(Frozen):
    """The square that was cut; for a cover without a size the whole frame, rule `none`."""

    box: BoxTuple
    rule: Literal["faces", "attention", "centre", "focal", "none"]
    faces_kept: int
    faces_cut: int
    score: int
    flags: tuple[str, ...] = ()


class CoverInfo(Frozen):
    """One cover: `path` for commands, `url` for jobs; `size` null means the whole frame.

    `key` is the stored object's; a private cover has no `url` and is read by signed links only.
    """

    size: int | None
    ratio: str | None
    crop_box: BoxTuple
    width: int
    height: int
    path: str | None
    url: str | None
    key: str | None = None
    content_type: str
    bytes: int
    sha256: str
    upscaled: bool


class Timings(Frozen):
    """Milliseconds of wall time by stage; `open` includes fetching what opening needed."""

    open: float = 0.0
    decode: float = 0.0
    detect: float = 0.0
    crop: float = 0.0
    encode: float = 0.0
    store: float = 0.0
    total: float = 0.0


class Versions(Frozen):
    firstframe: str
    av: str
    mediapipe: str
    model: str


class CoverResult(Frozen):
    """The result of a cover job, or one line of `firstframe cover --json`.

    `source_version` names the bytes that a job read, where the source tells them from others.
    """

    source: str
    source_version: str | None = None
    status: Literal["succeeded", "failed"]
    error: ErrorInfo | None = None
    medium: MediumInfo | None = None
    frame: FrameInfo | None = None
    faces: tuple[FaceInfo, ...] = ()
    crop: CropInfo | None = None
    covers: tuple[CoverInfo, ...] = ()
    timings_ms: Timings = Timings()
    versions: Versions | None = None

    def files(self) -> list[CoverInfo]:
        """Every file that was made, in a stable order."""
        return list(self.covers)


class ChecksumResult(Frozen):
    """The result of a checksum job: the version that an upload became."""

    status: Literal["succeeded"] = "succeeded"
    library_id: str
    space_id: str
    entry_id: str
    name: str
    version_id: str
    bytes: int
    crc64: str
    timings_ms: Timings = Timings()
