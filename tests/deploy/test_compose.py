"""The compose file and the image: valid, and speaking only of settings that exist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.architecture.house import ROOT
from tests.deploy.settings_variables import variables
from worker.contracts.names import CALL_LANES
from worker.settings import CONFIG_VARIABLE, PREFIX, Settings

SCHEMA = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
COMPOSE = ROOT / "docker-compose.yml"
SECRET = re.compile(r"\$\{(\w+):\?[^}]+\}")
OURS = {"api": "api", "worker": "worker", "calls": "worker", "chores": "chores"}
WORKERS = ("worker", "calls")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return content


def mistakes(content: dict[str, Any]) -> list[str]:
    """What the specification says is wrong with a compose file."""
    return [
        f"{e.json_path}: {e.message}" for e in Draft202012Validator(SCHEMA).iter_errors(content)
    ]


def unknown_variables(text: str) -> set[str]:
    """Variables with our prefix in a deploy file that no setting reads."""
    return set(re.findall(rf"\b{PREFIX}\w+", text)) - set(variables()) - {CONFIG_VARIABLE}


def test_the_compose_file_obeys_the_specification(compose: dict[str, Any]) -> None:
    assert mistakes(compose) == []


def test_a_compose_file_with_a_mistake_would_be_found(compose: dict[str, Any]) -> None:
    services = {**compose["services"], "worker": {"image": "x", "restarts": "always"}}

    assert len(mistakes({**compose, "services": services})) == 1


@pytest.mark.parametrize("name", ["docker-compose.yml", "deploy/Dockerfile"])
def test_every_variable_is_a_setting(name: str) -> None:
    assert unknown_variables((ROOT / name).read_text()) == set()


def test_an_unknown_variable_would_be_found() -> None:
    known = (
        "FIRSTFRAME_REDIS__URL: x\nFIRSTFRAME_FETCH__OBJECTS__REGION: x\nFIRSTFRAME_CONFIG: /x\n"
    )

    assert unknown_variables(known + "FIRSTFRAME_REDIS__PASSWORD: x") == {
        "FIRSTFRAME_REDIS__PASSWORD"
    }


@pytest.mark.parametrize("name", OURS)
def test_our_processes_read_their_settings_without_a_mistake(
    compose: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in compose["services"][name]["environment"].items():
        monkeypatch.setenv(variable, SECRET.sub("secret", value))

    settings = Settings.read()

    assert settings.store.kind == "minio"
    assert settings.redis.url.get_secret_value() == "redis://:secret@redis:6379/0"
    assert settings.store.public_base_url.endswith(f"/{settings.store.bucket}")


def test_a_page_whose_name_leads_to_this_machine_is_refused(compose: dict[str, Any]) -> None:
    hosts = json.loads(compose["services"]["api"]["environment"]["FIRSTFRAME_API__HOSTS"])

    assert set(hosts) == {"localhost", "127.0.0.1"}


def test_every_secret_comes_from_outside_and_is_required(compose: dict[str, Any]) -> None:
    text = COMPOSE.read_text()
    names = {line.partition("=")[0] for line in _lines(ROOT / "deploy" / "env.example")}

    assert set(SECRET.findall(text)) == names
    assert re.findall(r"\$\{[^}]*\}", text) == [match[0] for match in SECRET.finditer(text)]


def test_redis_keeps_what_it_was_told(compose: dict[str, Any]) -> None:
    command = compose["services"]["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))

    assert options["--appendonly"] == "yes"
    assert options["--appendfsync"] == "always"
    assert options["--maxmemory-policy"] == "noeviction"
    assert SECRET.fullmatch(options["--requirepass"])


def test_everything_published_is_published_on_loopback(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", WORKERS)
def test_workers_can_be_scaled(compose: dict[str, Any], name: str) -> None:
    assert not {"container_name", "ports"} & set(compose["services"][name])


def test_every_lane_is_served(compose: dict[str, Any]) -> None:
    commands = [compose["services"][name]["command"] for name in WORKERS]

    # Without a queue a worker serves the lanes of media.
    assert commands[0] == ["firstframe", "worker"]
    assert [word for word in commands[1] if word in CALL_LANES] == list(CALL_LANES)


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_has_the_time_to_stop_that_it_counts_on(
    compose: dict[str, Any], name: str
) -> None:
    grace = compose["services"][name]["stop_grace_period"]

    assert float(grace.removesuffix("s")) > Settings().worker.stop_grace_s


def test_services_come_back_and_keep_their_data(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert {service["restart"] for service in services.values()} == {"unless-stopped"}
    for name in ("redis", "minio"):
        volume, _, inside = services[name]["volumes"][0].partition(":")
        assert volume in compose["volumes"]
        assert inside == "/data"
        assert services[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", OURS)
def test_the_command_of_a_service_is_one_of_ours(compose: dict[str, Any], name: str) -> None:
    command = compose["services"][name]["command"]

    assert command[:2] == ["firstframe", OURS[name]]
    assert (ROOT / "worker" / "commands" / f"{OURS[name]}.py").is_file()


def test_the_images_that_are_built_are_stages_of_the_dockerfile(compose: dict[str, Any]) -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", _text("deploy/Dockerfile"), re.MULTILINE))
    builds = [s["build"] for s in compose["services"].values() if "build" in s]

    assert {build["target"] for build in builds} <= stages
    assert {build["dockerfile"] for build in builds} == {"deploy/Dockerfile"}


def test_no_image_runs_as_root() -> None:
    stages = re.split(r"^FROM ", _text("deploy/Dockerfile"), flags=re.MULTILINE)[1:]
    shipped = [stage for stage in stages if not stage.partition("\n")[0].endswith("-build")]

    assert len(shipped) == 2
    assert all(re.search(r"^USER 10001$", stage, re.MULTILINE) for stage in shipped)


def _text(name: str) -> str:
    return (ROOT / name).read_text()


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
