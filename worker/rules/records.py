"""What the ledger goes by: which cover is recorded, at which target, on which account."""

import json
from hashlib import sha256
from typing import Final

from worker.contracts.records import RecordedCover
from worker.contracts.results import CoverInfo, CoverResult
from worker.contracts.targets import DryRunTarget, Target
from worker.rules.catalogue import image_id
from worker.rules.keys import cover_label

_IDS: Final = ("asset_id", "media_id", "video_id", "medium_id", "path", "id")


def target_key(target: Target) -> str:
    """A digest, in hex, of what gets the cover, whichever of its sizes and whoever sets it.

    Two tenants may have one profile, so the tenant is no part of it. A dry run has keys of its own.
    Slashes that name nothing make no other path.
    """
    no_id = {"size", "as_set", "user_id"}
    told = target.model_dump(exclude={**dict.fromkeys(no_id, True), "of": no_id}, exclude_none=True)
    real = told.get("of", told)
    if "path" in real:
        real["path"] = [name for name in real["path"].split("/") if name]
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def target_id(target: Target) -> str:
    """What the provider calls the target: its id or path; of a dry run that of the real one."""
    real = target.of if isinstance(target, DryRunTarget) else target
    return next(str(getattr(real, name)) for name in _IDS if hasattr(real, name))


def account_of(target: Target) -> str:
    """Whose budget of calls is spent: `huawei_vod/main`; what has no profile is one account."""
    if isinstance(target, DryRunTarget):
        return target.provider
    profile = getattr(target, "profile", None)
    return f"{target.provider}/{profile}" if profile else target.provider


def cover_of(result: CoverResult, target: Target, *, job: str) -> RecordedCover | None:
    """The stored cover of `job` that is recorded: that of the target's size, else the largest.

    None when there is none of that size, or none that is stored.
    """
    size = target.of.size if isinstance(target, DryRunTarget) else None
    wanted = target.size or size
    fit = [each for each in result.covers if each.key and wanted in (None, each.size)]
    if not fit:
        return None
    return _recorded(max(fit, key=lambda each: each.width * each.height), job)


def _recorded(cover: CoverInfo, job: str) -> RecordedCover:
    assert cover.key is not None
    return RecordedCover(
        key=cover.key,
        url=cover.url,
        content_type=cover.content_type,
        bytes=cover.bytes,
        sha256=cover.sha256,
        width=cover.width,
        height=cover.height,
        image_id=image_id(job, f"covers/{cover_label(cover.size)}"),
    )
