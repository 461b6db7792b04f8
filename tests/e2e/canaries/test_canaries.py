"""Secrets are planted everywhere, every path is driven, all that comes out is looked through."""

from pathlib import Path

import pytest

from tests.e2e.canaries.allowed import ALLOWED
from tests.e2e.canaries.scanning import Scan
from tests.e2e.canaries.story import run_story

LEAST_CANARIES = 20
DRIVEN = {
    *("jobs succeeded", "jobs failed", "records recorded", "records failed", "records pending"),
    *("notices delivered", "notices failed", "notices pending", "watches watching"),
    *(f"source.{code}" for code in ("forbidden", "not_found", "server_error", "throttled")),
    *(f"source.{code}" for code in ("unreachable", "rejected", "truncated")),
    *(f"provider.{code}" for code in ("auth", "rejected", "not_found", "throttled")),
    *("provider.unavailable", "media.not_media", "webhook.disabled", "webhook.delivery_failed"),
    *(f"recorded at {name}" for name in ("huawei_vod", "alibaba_mps", "alibaba_vod")),
    *(f"recorded at {name}" for name in ("webhook", "tencent_smh")),
    *(f"answered {status}" for status in (200, 202, 204, 302, 400, 401, 403, 404, 422, 500, 503)),
}


@pytest.mark.parametrize(
    ("level", "form"), [("debug", "json"), ("info", "text")], ids=["debug-json", "info-text"]
)
def test_no_secret_comes_out_anywhere(
    level: str, form: str, clip: Path, photo: Path, tmp_path: Path, scans: dict[str, Scan]
) -> None:
    scan, seen = run_story(tmp_path, {"level": level, "format": form}, clip, photo, ALLOWED)
    scans[f"{level} {form}"] = scan

    assert seen.keys() >= DRIVEN, sorted(DRIVEN - seen.keys())
    assert scan.canaries >= LEAST_CANARIES
    assert not scan.hits, scan.found()
    assert all(scan.allowed.values()), "what is allowed has to be there"
