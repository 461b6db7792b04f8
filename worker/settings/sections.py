"""The sections of the settings, with their defaults and bounds.

Durations end in `_s`, sizes in `_bytes`, `_px` or `_mpx`.
"""

from collections.abc import Callable, Mapping
from math import inf
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from worker.registry import DETECTORS, LIBRARIES, STORES

MIB = 1024 * 1024
BUCKET = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"
LINK_HOST = r"^(\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$"
HOST_NAME = r"^([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])$"

# How long a worker asks a Redis that is away: to begin an attempt, and to record how one ended.
CLAIM_PATIENCE_S = 30.0
END_PATIENCE_S = 120.0
# An attempt stuck inside a stage is ended this long after its deadline, at the latest.
_OVERSTAY_S = 10.0
# Commands that may each be under way, and repeated once, when a patience or the attempt ends.
_LAST_COMMANDS = 6

Seconds = Annotated[float, Field(gt=0, le=86_400)]
ByteCount = Annotated[int, Field(gt=0)]
First = Literal["oldest", "newest"]


def _one_of(table: Mapping[str, str]) -> Callable[[str], str]:
    """Accepts the names of adapters that `table` lists."""

    def check(name: str) -> str:
        if name not in table:
            raise ValueError(f"unknown name {name!r}; known: {', '.join(sorted(table))}")
        return name

    return check


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RedisSettings(Section):
    """Where jobs are recorded and messages travel."""

    url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    connect_timeout_s: Seconds = 5
    timeout_s: Seconds = 15


class StoreSettings(Section):
    """Where covers and uploads are kept."""

    kind: Annotated[str, AfterValidator(_one_of(STORES))] = "local"
    folder: Path = Path("firstframe-data/objects")
    link_secret: SecretStr | None = None
    public_base_url: str = "http://127.0.0.1:8000/objects"
    endpoint: str = "127.0.0.1:9000"
    public_endpoint: str | None = None
    region: str = "us-east-1"
    secure: bool = False
    access_key: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")
    bucket: Annotated[str, Field(pattern=BUCKET)] = "firstframe"
    timeout_s: Seconds = 15
    visibility: Literal["public", "private"] = "public"


class ApiSettings(Section):
    """The HTTP side."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    open: bool = False
    hosts: list[Annotated[str, Field(pattern=HOST_NAME)]] = []
    max_body_bytes: ByteCount = MIB
    max_batch_bytes: ByteCount = 64 * MIB
    max_batch_lines: Annotated[int, Field(ge=1)] = 10_000
    max_upload_bytes: ByteCount = 2048 * MIB
    spool_folder: Path | None = None
    stall_timeout_s: Seconds = 10
    redis_timeout_s: Seconds = 2
    tls_certificate: Path | None = None
    tls_key: Path | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> "ApiSettings":
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together")
        return self


class WorkerSettings(Section):
    """Slots, leases, deadlines, retention."""

    model_config = ConfigDict(validate_default=True)

    attempt_timeout_s: Seconds = 60
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 5
    max_job_age_s: Seconds = 1800
    max_lost_attempts: Annotated[int, Field(ge=1, le=20)] = 3
    lease_s: Seconds = 20
    lease_renew_s: Seconds = 5
    heartbeat_s: Seconds = 5
    unseen_republish_s: Seconds = 60
    reconcile_every_s: Seconds = 5
    sweep_every_s: Seconds = 300
    keep_finished_s: Annotated[float, Field(gt=0)] = 7 * 86_400
    keep_uploads_s: Annotated[float, Field(gt=0)] = 86_400
    keep_results_s: Annotated[float, Field(ge=1)] = 7 * 86_400
    max_results: Annotated[int, Field(ge=1)] = 100_000
    visibility_timeout_s: Seconds = 300
    stop_grace_s: Seconds = 25

    def task_limit_s(self, attempt_timeout_s: float) -> float:
        """When Celery kills a process for its message: never one that waits for Redis patiently."""
        waits_s = CLAIM_PATIENCE_S + END_PATIENCE_S + _LAST_COMMANDS * self.lease_renew_s
        return attempt_timeout_s + _OVERSTAY_S + waits_s

    @field_validator("lease_renew_s")
    @classmethod
    def _renews_in_time(cls, renew_s: float, others: ValidationInfo) -> float:
        lease_s = others.data.get("lease_s", inf)
        if renew_s >= lease_s:
            raise ValueError(f"must be less than worker.lease_s, which is {lease_s:g}")
        return renew_s


class DecodeSettings(Section):
    """The decode child."""

    frame_timeout_s: Seconds = 10
    max_mpx: Annotated[float, Field(gt=0)] = 100
    max_scaled_jpeg_mpx: Annotated[float, Field(gt=0)] = 268
    background: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#ffffff"


class ObjectBucketSettings(Section):
    """Buckets that tenants may name as sources; none by default."""

    endpoint: str = "127.0.0.1:9000"
    region: str = "us-east-1"
    secure: bool = False
    access_key: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")
    buckets: dict[str, list[str]] = {}


class FetchSettings(Section):
    """Reading sources."""

    connect_timeout_s: Seconds = 5
    stall_timeout_s: Seconds = 10
    total_timeout_s: Seconds = 30
    max_bytes: ByteCount = 64 * MIB
    max_redirects: Annotated[int, Field(ge=0, le=10)] = 3
    allow_private_addresses: bool = False
    allowed_ports: list[int] = [80, 443]
    objects: ObjectBucketSettings = ObjectBucketSettings()


class DetectSettings(Section):
    """Face detection."""

    kind: Annotated[str, AfterValidator(_one_of(DETECTORS))] = "mediapipe"
    model: Path | None = None
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    short_side_px: Annotated[int, Field(ge=64, le=2048)] = 256
    timeout_s: Seconds = 3


class EncodeSettings(Section):
    """Encoding."""

    avif_speed: Annotated[int, Field(ge=0, le=10)] = 8
    webp_method: Annotated[int, Field(ge=0, le=6)] = 4


class LibrarySettings(Section):
    """Libraries that are served as Tencent SMH serves them."""

    kind: Annotated[str, AfterValidator(_one_of(LIBRARIES))] | None = None
    folder: Path = Path("firstframe-data/libraries")
    public_base_url: str = "http://127.0.0.1:8000/library-objects"
    bucket: Annotated[str, Field(pattern=BUCKET)] = "firstframe-libraries"
    first: First = "oldest"
    cover_wait_s: Annotated[float, Field(gt=0, le=60)] = 10
    confirm_wait_s: Annotated[float, Field(gt=0, le=28)] = 25
    link_s: Annotated[int, Field(ge=60, le=7200)] = 7200


class LogSettings(Section):
    """Logging."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"
