"""One instance stands in for Huawei VOD and is its own client: what is recorded is read back."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest
from PIL import Image

from tests.e2e.steps import cover, upload
from worker.commands.demo import instance
from worker.commands.demo_account import DemoAccount, draw_account, keep_account
from worker.commands.demo_vendors import Clients, clients_of
from worker.commands.instance import LOOPBACK, free_port
from worker.net.vendor_calls import host_of

MODES = pytest.mark.parametrize("mode", ["url", "upload"])


class Stand(NamedTuple):
    """A client of the instance's own API, and one of the vendor API that it serves."""

    client: httpx2.Client
    vendor: Clients
    environment: dict[str, str]

    def covers(self, medium: Path, *sizes: int) -> Any:
        job = cover(self.client, {"upload": upload(self.client, medium)}, wait_s=60, sizes=sizes)
        assert job["status"] == "succeeded", job["error"]
        return job

    def images(self, job: Any) -> list[Any]:
        told = self.client.get("/v1/images", params={"job": job["id"]}).raise_for_status().json()
        return list(told["images"])

    def records(self, image: Any, mode: str) -> Any:
        """Record a picture at its own medium, as at the vendor, and wait for the end."""
        target = {"provider": "huawei_vod", "profile": mode, "asset_id": image["medium"]}
        answer = self.client.post(
            "/v1/records",
            json={"image": image["image_id"], "target": target},
            headers={"Prefer": "wait=30"},
        )
        record = answer.raise_for_status().json()
        assert record["state"] == "recorded", record
        return record

    def shown(self, medium: str) -> tuple[str, bytes]:
        """What the vendor's details tell, without the name of the asset, and the picture there."""
        told = self.vendor.huawei.cover(medium).url
        assert told is not None
        url = told.partition("#")[0]
        return url, self.client.get(url).raise_for_status().content


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    data, account = tmp_path_factory.mktemp("own") / "data", draw_account()
    port = free_port(LOOPBACK)
    base_url = f"http://{LOOPBACK}:{port}"
    variables = {**_profile("url", account, base_url), **_profile("upload", account, base_url)}
    with ExitStack() as opened:
        options = ("--port", str(port), "--workers", "1")
        opened.enter_context(instance(data, *options, variables=variables))
        keep_account(account, data)
        yield Stand(
            opened.enter_context(httpx2.Client(base_url=base_url, timeout=90, trust_env=False)),
            opened.enter_context(clients_of(account, base_url)),
            {**variables, "FIRSTFRAME_CONFIG": str(data / "firstframe.toml")},
        )


def _profile(mode: str, account: DemoAccount, base_url: str) -> dict[str, str]:
    told = {
        "base_url": base_url,
        "project_id": account.info.project_id,
        "access_key": account.info.access_key,
        "secret_key": account.secret,
        "mode": mode,
        "upload_hosts": f'["{host_of(base_url)}"]',
        "allow_private_addresses": "true",
    }
    section = f"FIRSTFRAME_PROVIDERS__HUAWEI_VOD__{mode.upper()}__"
    return {f"{section}{name.upper()}": value for name, value in told.items()}


@pytest.fixture
def medium(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A picture of its own for each test."""
    path = tmp_path / "medium.png"
    shade = hashlib.sha256(request.node.name.encode()).digest()
    Image.linear_gradient("L").resize((400, 300)).point(lambda value: value ^ shade[0]).save(path)
    return path


@MODES
def test_a_cover_is_recorded_and_read_back(stand: Stand, medium: Path, mode: str) -> None:
    (image,) = stand.images(stand.covers(medium, 128))

    record = stand.records(image, mode)

    url, picture = stand.shown(image["medium"])
    result, digest = record["result"], hashlib.sha256(picture).hexdigest()
    assert record["attempts"] == 1
    if mode == "url":
        assert (result["verified"], result["reference"], url) == (True, image["url"], image["url"])
    else:
        assert (result["verified"], result["reference"]) == (False, f"{url}#sha256={digest}")
        assert digest != record["cover"]["sha256"]


@MODES
def test_a_cover_that_is_recorded_again_is_known(stand: Stand, medium: Path, mode: str) -> None:
    (image,) = stand.images(stand.covers(medium, 128))
    first = stand.records(image, mode)

    again = stand.records(image, mode)

    assert again["fence"] > first["fence"]
    assert again["attempts"] == 1
    assert again["result"]["reference"] == first["result"]["reference"]


@MODES
def test_of_two_covers_the_later_is_shown(stand: Stand, medium: Path, mode: str) -> None:
    small, large = stand.images(stand.covers(medium, 64, 128))
    before = stand.records(small, mode)

    after = stand.records(large, mode)

    assert after["result"]["reference"] != before["result"]["reference"]
    url, _ = stand.shown(large["medium"])
    assert after["result"]["reference"].startswith(url)


def test_what_the_vendor_shows_agrees_with_the_ledger(stand: Stand, medium: Path) -> None:
    (image,) = stand.images(stand.covers(medium, 128))
    stand.records(image, "upload")

    done = subprocess.run(
        [
            *(sys.executable, "-m", "worker.commands", "records", "reconcile"),
            *("--provider", "huawei_vod", "--profile", "upload"),
        ],
        env={**os.environ, **stand.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
