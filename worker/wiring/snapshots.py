"""What makes snapshots and plans, beside what makes covers: one decoder and detector for all."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from worker import registry
from worker.contracts.results import Versions
from worker.ports import (
    Animator,
    Decoder,
    Encoder,
    FaceDetector,
    Scorer,
    SheetMaker,
    StoryboardIndex,
)
from worker.settings import Settings
from worker.wiring.adapters import made, values
from worker.wiring.covers import CoverParts

SHEETS: Final = "sprite"
SCORER: Final = "telling"


class SnapshotParts(NamedTuple):
    """What a snapshot story is made of, in the order its constructor takes them."""

    decoder: Decoder
    detector: FaceDetector
    encoders: Mapping[str, Encoder]
    sheets: SheetMaker
    indexes: Mapping[str, StoryboardIndex]
    animators: Mapping[str, Animator]
    scorer: Scorer
    detect_short_px: int
    max_bytes: int
    least_share: float
    versions: Versions


class PlanParts(NamedTuple):
    """What a plan story is made of, in the order its constructor takes them."""

    decoder: Decoder
    encoders: Mapping[str, Encoder]
    indexes: Mapping[str, StoryboardIndex]
    max_bytes: int


def snapshot_parts(settings: Settings, covers: CoverParts) -> SnapshotParts:
    """The adapters of the snapshot story; it shares those of covers, one decode child a slot."""
    given = values(settings.encode)
    return SnapshotParts(
        decoder=covers.decoder,
        detector=covers.detector,
        encoders=covers.encoders,
        sheets=made(registry.SHEETS, SHEETS, given),
        indexes=_all(registry.INDEXES, given),
        animators=_all(registry.ANIMATORS, given),
        scorer=made(registry.SCORERS, SCORER, given),
        detect_short_px=covers.detect_short_px,
        max_bytes=settings.snapshots.max_bytes,
        least_share=settings.snapshots.least_share,
        versions=covers.versions,
    )


def plan_parts(settings: Settings, covers: CoverParts) -> PlanParts:
    """The adapters of the plan story, those of the other stories as far as nothing is made."""
    indexes = _all(registry.INDEXES, values(settings.encode))
    return PlanParts(covers.decoder, covers.encoders, indexes, settings.snapshots.max_bytes)


def _all(table: dict[str, str], given: dict[str, Any]) -> dict[str, Any]:
    return {name: made(table, name, given) for name in table}
