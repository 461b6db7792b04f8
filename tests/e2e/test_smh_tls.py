"""An upload as the clients of the vendor make it, to `https://{domain}{path}`."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.api.dialects.tencent_smh.uploader import crc64
from tests.certificate import self_signed
from tests.e2e.conftest import Running
from tests.e2e.librarian import Librarian
from worker.commands.demo import instance


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """An instance with a certificate, and a client that trusts it."""
    pem = self_signed(tmp_path, "DNS:localhost", "IP:127.0.0.1")
    monkeypatch.setenv("FIRSTFRAME_API__TLS_CERTIFICATE", str(pem.certificate))
    monkeypatch.setenv("FIRSTFRAME_API__TLS_KEY", str(pem.key))
    trust = ssl.create_default_context(cafile=pem.certificate)
    data = tmp_path / "data"
    with (
        instance(data, "--workers", "1") as (base_url, pid),
        httpx2.Client(base_url=base_url, verify=trust, timeout=60, trust_env=False) as client,
    ):
        yield Running(data, pid, client)


def test_bytes_go_to_the_host_that_was_called_over_https(running: Running, photo: Path) -> None:
    librarian = Librarian(running)
    librarian.library("holiday")
    port, data = running.client.base_url.port, photo.read_bytes()
    called = f"https://localhost:{port}/api/v1/file/holiday/-"
    given = {"access_token": librarian.token}

    begun = running.client.put(f"{called}/me.jpg", params=given).raise_for_status().json()
    sent = running.client.put(
        f"https://{begun['domain']}{begun['path']}", content=data, headers=begun["headers"]
    )
    confirmed = running.client.post(
        f"{called}/{begun['confirmKey']}",
        params={"confirm": "", **given},
        json={"crc64": crc64(data)},
    )

    assert (begun["domain"], sent.status_code) == (f"localhost:{port}", 200)
    assert confirmed.status_code == 200, confirmed.text
    link = librarian.call("GET", "/album/holiday/-/cover").headers["location"]
    assert link.startswith("https://")
    assert running.client.get(link).content == data
