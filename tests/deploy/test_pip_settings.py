"""uv is told what pip is told."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.pip_settings import config_files, pip_options, uv_variables
from tests.architecture.house import ROOT


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        pytest.param({}, {}, id="nothing-set"),
        pytest.param(
            {"index-url": "https://mirror.example/simple"},
            {"UV_DEFAULT_INDEX": "https://mirror.example/simple"},
            id="mirror",
        ),
        pytest.param(
            {"extra-index-url": "https://a.example/s\nhttps://b.example/s"},
            {
                "UV_INDEX": "https://a.example/s https://b.example/s",
                "UV_INDEX_STRATEGY": "unsafe-best-match",
            },
            id="two-more-indexes",
        ),
        pytest.param(
            {"cert": "/ca.pem", "timeout": "60", "trusted-host": "a.example b.example"},
            {
                "SSL_CERT_FILE": "/ca.pem",
                "UV_HTTP_TIMEOUT": "60",
                "UV_INSECURE_HOST": "a.example b.example",
            },
            id="certificate-timeout-hosts",
        ),
        pytest.param(
            {"no-index": "true", "find-links": "/wheels /more"},
            {"UV_FIND_LINKS": "/wheels,/more", "UV_NO_INDEX": "1"},
            id="folders-only",
        ),
    ],
)
def test_pip_options_become_variables(options: dict[str, str], variables: dict[str, str]) -> None:
    assert uv_variables({}, options) == variables


def test_a_variable_that_is_set_is_left_alone() -> None:
    environ = {"UV_DEFAULT_INDEX": "https://mine.example/simple", "SSL_CERT_FILE": "/mine.pem"}

    assert uv_variables(environ, {"index-url": "https://a.example", "cert": "/ca.pem"}) == {}


def test_the_users_file_wins_over_the_machines_and_the_environment_over_both(
    tmp_path: Path,
) -> None:
    machine, user = tmp_path / "machine.conf", tmp_path / "user.conf"
    machine.write_text("[global]\nindex-url = https://machine.example\ncert = /machine.pem\n")
    user.write_text("[global]\nindex_url = https://user.example/%24\n[install]\ntimeout = 5\n")

    options = pip_options({"PIP_DEFAULT_TIMEOUT": "7"}, [machine, user])

    assert options["index-url"] == "https://user.example/%24"
    assert options["cert"] == "/machine.pem"
    assert options["timeout"] == "7"


def test_pips_files_are_found_where_pip_looks() -> None:
    environ = {"HOME": "/home/someone", "PIP_CONFIG_FILE": "/own.conf"}
    files = [str(file) for file in config_files(environ)]

    assert files[-2:] == ["/home/someone/.config/pip/pip.conf", "/own.conf"]
    assert "/etc/pip.conf" in files
    assert config_files({"PIP_CONFIG_FILE": "/dev/null"}) == []


def test_what_is_printed_survives_a_shell(tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = https://user:p'a$s@mirror.example/simple?a=1&b=2\n")
    printed = f'eval "$({sys.executable} deploy/pip_settings.py)"; printf %s "$UV_DEFAULT_INDEX"'

    done = subprocess.run(
        ["bash", "-c", printed],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PIP_CONFIG_FILE": str(config)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "https://user:p'a$s@mirror.example/simple?a=1&b=2"


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text("index-url = no section\n")

    done = subprocess.run(
        [sys.executable, "deploy/pip_settings.py"],
        cwd=ROOT,
        env={"HOME": str(tmp_path), "PIP_CONFIG_FILE": str(config)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert str(config) in done.stderr
