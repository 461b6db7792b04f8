"""What is installed is pinned once, by hash, and no registry is named."""

import re
import tomllib

import pytest

from tests.architecture.house import ROOT

LOCKS = [
    "requirements.lock",
    "requirements-vendors.lock",
    "deploy/runtime.lock",
    "deploy/tools.lock",
]
PIN = re.compile(r"^([a-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def pins(name: str) -> set[tuple[str, str]]:
    return set(PIN.findall((ROOT / name).read_text()))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_hashes_and_names_no_host(name: str) -> None:
    text = (ROOT / name).read_text()
    packages = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())

    assert packages
    assert [package for package in packages if "--hash=sha256:" not in package] == []
    assert "://" not in text
    assert "--index" not in text


def test_images_run_the_versions_that_are_tested() -> None:
    assert pins("deploy/runtime.lock") < pins("requirements.lock")


@pytest.mark.parametrize("name", ["requirements.lock", "deploy/runtime.lock"])
def test_a_lock_has_every_package_the_project_asks_for(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {re.split(r"[^a-z0-9._-]", line)[0] for line in project["dependencies"]}

    assert asked - {package for package, _ in pins(name)} == set(), "run make lock"


def test_images_carry_no_developers_tools() -> None:
    names = {name for name, _ in pins("deploy/runtime.lock")}

    assert not names & {"pytest", "mypy", "ruff", "hypothesis"}
    assert {
        "celery",
        "redis",
        "av",
        "opencv-python-headless",
        "mediapipe",
        "pillow",
        "minio",
    } <= names


def test_nothing_overwrites_the_headless_opencv() -> None:
    text = (ROOT / "requirements.lock").read_text()
    others = re.findall(r"^(?:opencv-(?:contrib-)?python|sounddevice)==.*$", text, re.MULTILINE)

    assert [line for line in others if "sys_platform == 'never'" not in line] == []


def test_the_minio_server_is_pinned_in_one_place() -> None:
    files = [
        file
        for pattern in ("deploy/*", "tests/**/*.py", ".ci/*", "Makefile", "docker-compose.yml")
        for file in ROOT.glob(pattern)
        if file.is_file()
    ]
    naming = [file.name for file in files if "minio/minio" + "@v" in file.read_text()]

    assert naming == ["build_minio.sh"]
