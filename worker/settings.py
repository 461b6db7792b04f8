"""The settings: typed sections, read once from the environment and a TOML file.

`FIRSTFRAME_<SECTION>__<NAME>` wins over the file that `FIRSTFRAME_CONFIG` names, which wins over
the defaults here. Every mistake is reported in one message. Durations end in `_s`, sizes in
`_bytes`, `_px` or `_mpx`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

CONFIG_VARIABLE = "FIRSTFRAME_CONFIG"
PREFIX = "FIRSTFRAME_"
MIB = 1024 * 1024

Seconds = Annotated[float, Field(gt=0, le=86_400)]
ByteCount = Annotated[int, Field(gt=0)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RedisSettings(Section):
    """Where jobs are recorded and messages travel."""

    url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    connect_timeout_s: Seconds = 5
    timeout_s: Seconds = 15


class StoreSettings(Section):
    """Where covers and uploads are kept."""

    kind: Literal["minio", "local"] = "local"
    folder: Path = Path("firstframe-data/objects")
    link_secret: SecretStr | None = None
    public_base_url: str = "http://127.0.0.1:8000/objects"
    endpoint: str = "127.0.0.1:9000"
    public_endpoint: str | None = None
    region: str = "us-east-1"
    secure: bool = False
    access_key: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] = "firstframe"
    timeout_s: Seconds = 15


class ApiSettings(Section):
    """The HTTP side."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    open: bool = False
    max_body_bytes: ByteCount = MIB
    max_upload_bytes: ByteCount = 2048 * MIB
    spool_folder: Path | None = None
    redis_timeout_s: Seconds = 2


class WorkerSettings(Section):
    """Slots, leases, deadlines, retention."""

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
    visibility_timeout_s: Seconds = 300


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

    kind: Literal["mediapipe", "none"] = "mediapipe"
    model: Path | None = None
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    short_side_px: Annotated[int, Field(ge=64, le=2048)] = 256
    timeout_s: Seconds = 3


class EncodeSettings(Section):
    """Encoding."""

    avif_speed: Annotated[int, Field(ge=0, le=10)] = 8
    webp_method: Annotated[int, Field(ge=0, le=6)] = 4


class LogSettings(Section):
    """Logging."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"


class SettingsError(Exception):
    """Every mistake in the settings, a line each: name, what is expected, the default."""


class Settings(BaseSettings):
    """All sections. Make one with `Settings.read()`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    redis: RedisSettings = RedisSettings()
    store: StoreSettings = StoreSettings()
    api: ApiSettings = ApiSettings()
    worker: WorkerSettings = WorkerSettings()
    decode: DecodeSettings = DecodeSettings()
    fetch: FetchSettings = FetchSettings()
    detect: DetectSettings = DetectSettings()
    encode: EncodeSettings = EncodeSettings()
    log: LogSettings = LogSettings()
