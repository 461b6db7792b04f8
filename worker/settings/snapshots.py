"""The sections of snapshots and of the catalogue of pictures."""

from typing import Annotated

from pydantic import Field

from worker.settings.sections import MIB, ByteCount, Seconds, Section

_DAY_S = 86_400

Keep = Annotated[float, Field(gt=0)] | None


class SnapshotSettings(Section):
    """Snapshot jobs: deadlines, caps, what still counts as done."""

    attempt_timeout_s: Seconds = 900
    fetch_timeout_s: Seconds = 600
    max_bytes: ByteCount = 1024 * MIB
    keep_read_bytes: Annotated[int, Field(ge=4 * MIB)] = 32 * MIB
    least_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    plan_timeout_s: Seconds = 300
    plan_wait_s: Annotated[float, Field(gt=0, le=60)] = 20


class CatalogueSettings(Section):
    """How long records of pictures and media, and objects, are kept; None keeps them for good."""

    keep_cover_s: Keep = None
    keep_normal_s: Keep = None
    keep_sprite_s: Keep = None
    keep_sprite_origin_s: Keep = None
    keep_medium_s: Keep = None
    grace_s: Annotated[float, Field(ge=0)] = _DAY_S
    sweep_every_s: Seconds = 3600
