"""The programs on the page of providers, run with the vendors' own clients against an instance."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.house import ROOT
from tests.e2e.conftest import Running, running_in
from tests.e2e.steps import cover, upload

EXAMPLES = re.findall(
    r"\((?:`(\w+)`)\):\n\n```python\n(.*?)```",
    (ROOT / "docs" / "providers.md").read_text(),
    re.DOTALL,
)

pytestmark = pytest.mark.vendors


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Iterator[dict[str, str]]:
    """What the page has its reader set: an account, and a medium with a picture."""
    with running_in(tmp_path_factory.mktemp("examples") / "data") as running:
        account = _account(running)
        job = cover(running.client, {"upload": upload(running.client, clip)}, wait_s=60, sizes=[64])
        assert job["status"] == "succeeded", job["error"]
        (picture,) = running.client.get("/v1/images").json()["images"]
        yield {
            "BASE": str(running.client.base_url).rstrip("/"),
            "KEY": account["access_key"],
            "SECRET": account["secret"],
            "PROJECT": account["project_id"],
            "MEDIUM": picture["medium"],
            "IMAGE": picture["image_id"],
            "URL": picture["url"],
        }


def _account(running: Running) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "worker.commands", "accounts", "create", "shop", "--json"],
        env={**os.environ, "FIRSTFRAME_CONFIG": str(running.data / "firstframe.toml")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    account: dict[str, Any] = json.loads(done.stdout)
    return account


def test_there_is_a_program_for_each_client() -> None:
    assert [name for name, _ in EXAMPLES] == [
        "huaweicloudsdkvod",
        "alibabacloud_mts20140618",
        "alibabacloud_vod20170321",
    ]


@pytest.mark.parametrize("program", [pytest.param(code, id=name) for name, code in EXAMPLES])
def test_the_cover_that_the_program_sets_is_what_it_reads(
    given: dict[str, str], vendors_python: Path, program: str
) -> None:
    done = subprocess.run(
        [vendors_python, "-I", "-c", program],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].partition("#")[0] == given["URL"]
