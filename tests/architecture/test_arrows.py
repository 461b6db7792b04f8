"""Arrows point down: each room imports only what the plan lets it."""

import ast
import re
import sys
from collections.abc import Callable

import pytest

from tests.architecture.house import (
    ADAPTERS,
    ARROWS,
    CELERY,
    HEAVY,
    ROOT,
    Module,
    assert_none,
    module_of,
    product,
    room_of,
)

CELERY_ROOMS = {"broker", "tasks", "telemetry", "commands"}
CELERY_FILES = {"worker/state/lanes.py"}
ADAPTER_NAME = re.compile(r"^(worker|api)(\.[a-z_]+)+:[A-Za-z_]+$")
PURE: frozenset[str] = frozenset()
CORE = {
    **dict.fromkeys(["geometry", "signing", "ports", "errors", "registry"], PURE),
    "contracts": frozenset({"pydantic", "pydantic_core"}),
    # Arithmetic, as hashlib is.
    "rules": frozenset({"anycrc"}),
}
PRODUCT = product()

Law = Callable[[Module], list[str]]


def wrong_arrows(module: Module) -> list[str]:
    """Imports of ours that the plan does not draw, a line each."""
    found: list[str] = []
    if not module.room:
        return found
    for name, line, _ in module.imports():
        top = name.partition(".")[0]
        target = room_of(name)
        if top not in {"worker", "api"} or target in {module.room, ""}:
            continue
        if target not in ARROWS[module.room]:
            found.append(f"{module.path}:{line}: {module.room} -> {target} ({name})")
    return found


def heavy_at_load(module: Module) -> list[str]:
    """Media libraries imported at module level outside an adapter's room."""
    if module.room in ADAPTERS:
        return []
    return [
        f"{module.path}:{line}: {name}"
        for name, line, at_load in module.imports()
        if at_load and name.partition(".")[0] in HEAVY
    ]


def foreign_in_the_core(module: Module) -> list[str]:
    """Packages that are not Python's own where everything else rests."""
    if module.room not in CORE:
        return []
    allowed = sys.stdlib_module_names | CORE[module.room] | {"worker"}
    return [
        f"{module.path}:{line}: {name}"
        for name, line, _ in module.imports()
        if name.partition(".")[0] not in allowed
    ]


def celery_out_of_place(module: Module) -> list[str]:
    """Celery imported where jobs should not know what carries them."""
    if module.room in CELERY_ROOMS or str(module.path) in CELERY_FILES:
        return []
    return [
        f"{module.path}:{line}: {name}"
        for name, line, _ in module.imports()
        if name.partition(".")[0] in CELERY
    ]


def test_every_folder_and_module_is_a_room_of_the_plan() -> None:
    found = {module.room for module in PRODUCT} - {""}

    assert found <= set(ARROWS), f"unknown rooms: {sorted(found - set(ARROWS))}"


def test_every_folder_at_the_top_is_known() -> None:
    known = {"worker", "api", "tests", "deploy", "docs", "bench"}
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert folders <= known


LAWS = [wrong_arrows, heavy_at_load, foreign_in_the_core, celery_out_of_place]


@pytest.mark.parametrize("law", LAWS)
def test_every_import_obeys(law: Law) -> None:
    assert_none(found for module in PRODUCT for found in law(module))


def test_adapters_are_named_as_strings_in_the_registry_only() -> None:
    # Commands start the API by its import string.
    elsewhere = [module for module in PRODUCT if module.room not in {"registry", "commands"}]
    assert_none(
        f"{module.path}:{node.lineno}: {node.value}"
        for module in elsewhere
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and ADAPTER_NAME.match(node.value)
    )


@pytest.mark.parametrize(
    ("path", "source", "broken"),
    [
        pytest.param(
            "worker/stores/minio.py",
            "from worker.stores import local\nfrom worker.sources.http import HttpSource",
            wrong_arrows,
            id="adapter-to-adapter",
        ),
        pytest.param(
            "worker/geometry/crop.py",
            "def f():\n    from worker import errors",
            wrong_arrows,
            id="inside-a-function",
        ),
        pytest.param(
            "worker/encoders/jpeg.py",
            "try:\n    import worker.settings\nexcept ImportError:\n    pass",
            wrong_arrows,
            id="adapter-to-settings",
        ),
        pytest.param("api/app.py", "import numpy.typing", heavy_at_load, id="numpy-in-api"),
        pytest.param(
            "worker/jobs/cover.py",
            "class A:\n    from PIL import Image",
            heavy_at_load,
            id="pillow-in-a-class",
        ),
        pytest.param(
            "worker/contracts/jobs.py", "import redis", foreign_in_the_core, id="redis-in-contracts"
        ),
        pytest.param(
            "worker/state/jobs.py", "from celery import Celery", celery_out_of_place, id="celery"
        ),
    ],
)
def test_a_wrong_import_would_be_found(path: str, source: str, broken: Law) -> None:
    assert len(broken(module_of(source, path))) == 1


def test_a_library_imported_when_needed_or_for_types_only_is_no_load() -> None:
    source = "if TYPE_CHECKING:\n    import numpy\ndef f():\n    import cv2"

    assert heavy_at_load(module_of(source, "worker/ports.py")) == []
