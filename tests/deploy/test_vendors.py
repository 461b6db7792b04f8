"""The vendors' own clients are installed as locked, apart from what the project runs on."""

import importlib.util
import json
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.architecture.house import ROOT
from tests.deploy.test_pins import pins

CLIENTS = [
    "huaweicloudsdkvod.v1",
    "alibabacloud_mts20140618.client",
    "alibabacloud_vod20170321.client",
    "aliyunsdkmts.request.v20140618",
    "aliyunsdkvod.request.v20170321",
    "standardwebhooks",
]
INSTALLED = (
    "import importlib.metadata as m, json;"
    "print(json.dumps([[d.name.lower().replace('_', '-'), d.version] for d in m.distributions()]))"
)

pytestmark = pytest.mark.vendors


def run(python: Path, code: str) -> str:
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("client", CLIENTS)
def test_a_vendors_client_can_be_imported_there_and_not_here(
    client: str, vendors_python: Path
) -> None:
    run(vendors_python, f"import {client}")

    assert importlib.util.find_spec(client.partition(".")[0]) is None


def test_every_client_has_the_version_of_the_lock(vendors_python: Path) -> None:
    installed = {(name, version) for name, version in json.loads(run(vendors_python, INSTALLED))}

    assert installed - pins("requirements-vendors.lock") == set()


def test_every_client_that_the_project_names_is_in_the_lock() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    named = {line.partition(">=")[0] for line in groups["vendors"]}

    assert named - {name for name, _ in pins("requirements-vendors.lock")} == set(), "run make lock"
