"""Serving over TLS: `firstframe api` and `up` with a certificate, and certificates that fail."""

import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.certificate import Pem, self_signed

COMMAND = [sys.executable, "-m", "worker.commands"]


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Pem:
    return self_signed(
        tmp_path_factory.mktemp("certificate"), "DNS:localhost", "IP:127.0.0.1", "IP:::1"
    )


def _variables(pem: Pem, **others: str) -> dict[str, str]:
    told = {
        "FIRSTFRAME_API__TLS_CERTIFICATE": str(pem.certificate),
        "FIRSTFRAME_API__TLS_KEY": str(pem.key),
    }
    return {**os.environ, **told, **others}


@pytest.mark.parametrize("command", ["api", "up"])
def test_with_a_certificate_it_serves_over_tls_only(
    command: str, pem: Pem, tmp_path: Path, one_redis_url: str
) -> None:
    options = ["--workers", "1", "--data", str(tmp_path / "data")] if command == "up" else []
    variables = {
        "FIRSTFRAME_REDIS__URL": one_redis_url,
        "FIRSTFRAME_STORE__FOLDER": str(tmp_path),
    }
    with subprocess.Popen(
        [*COMMAND, command, "--port", "0", *options],
        env=_variables(pem, **(variables if command == "api" else {})),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout
        word, url = process.stdout.readline().decode().split()
        trust = ssl.create_default_context(cafile=str(pem.certificate))
        with urllib.request.urlopen(f"{url}/readyz", timeout=5, context=trust) as answer:
            told = json.load(answer)
        plain = url.replace("https://", "http://")
        with pytest.raises(OSError, match=r".+"):
            urllib.request.urlopen(f"{plain}/readyz", timeout=5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0

    assert (word, told["ready"]) == ("ready", True)
    assert url.startswith("https://127.0.0.1:")


@pytest.mark.parametrize("command", ["api", "up"])
def test_a_certificate_that_cannot_be_used_is_told_before_anything_starts(
    command: str, pem: Pem, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    other.write_text("no key")
    options = ["--data", str(tmp_path / "data")] if command == "up" else []

    done = subprocess.run(
        [*COMMAND, command, "--port", "0", *options],
        env=_variables(Pem(pem.certificate, other)),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == (1 if command == "up" else 2)
    assert "other.pem cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_certificate_without_its_key_is_a_mistake_in_the_settings(pem: Pem) -> None:
    variables = _variables(pem)
    del variables["FIRSTFRAME_API__TLS_KEY"]

    done = subprocess.run(
        [*COMMAND, "api"], env=variables, capture_output=True, text=True, timeout=30, check=False
    )

    assert done.returncode == 2
    assert "tls_certificate and tls_key go together" in done.stderr
