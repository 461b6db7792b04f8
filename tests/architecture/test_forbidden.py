"""Calls and names that are never right here, each with its reason."""

import ast
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import pytest

from tests.architecture.house import Module, assert_none, module_of, modules

PRODUCT = modules("worker", "api", "deploy")
TESTS = modules("tests")

# The bench measures against the libraries' own plain way, on files it has made itself.
BASELINES: Final = ("worker/commands/bench", "tests/")
# Only these turn any failure at all into a job's end or an answer.
BORDERS: Final = {"worker/tasks.py", "api/errors.py"}

FORBIDDEN_IMPORTS: Final = {
    "pickle": "reading it runs code",
    "marshal": "reading it runs code",
    "shelve": "reading it runs code",
    "unittest.mock": "a mock of our own code proves nothing",
}
FORBIDDEN_CALLS: Final = {
    "cv2.VideoCapture": "opens any address FFmpeg knows, past the guarded transport",
    "cv2.imread": "reads by name, past the caps on bytes and pixels",
    "cv2.imwrite": "writes by name, past the store",
    "print": "commands write through rich or standard output, the rest logs",
    "eval": "runs what it reads",
    "exec": "runs what it reads",
    "monkeypatch.setattr": "a test survives a rewrite of the code only without it",
}
FORBIDDEN_NAMES: Final = re.compile(
    r"(?:^|(?<=[a-z0-9]))(?:Manager|Helper|Util|Utils|Base|Abstract|Impl|Service|Context)(?=[A-Z]|$)"
)


class Found(NamedTuple):
    what: str
    line: int


def forbidden(module: Module) -> list[str]:
    """Everything in the module that no law allows, a line each."""
    found = [*_imports(module), *_calls(module), *_names(module)]
    if str(module.path) not in BORDERS:
        found += _blind_handlers(module)
    return [f"{module.path}:{line}: {what}" for what, line in found]


def _imports(module: Module) -> Iterator[Found]:
    for name, line, _ in module.imports():
        for banned, reason in FORBIDDEN_IMPORTS.items():
            if name == banned or name.startswith(f"{banned}."):
                yield Found(f"{banned}: {reason}", line)


def _calls(module: Module) -> Iterator[Found]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in FORBIDDEN_CALLS:
            yield Found(f"{called}: {FORBIDDEN_CALLS[called]}", node.lineno)
        if called == "av.open" and _opens_by_name(module, node):
            yield Found("av.open of a name: FFmpeg would choose the protocol", node.lineno)
        if any(k.arg == "trust_env" and _is_true(k.value) for k in node.keywords):
            yield Found("trust_env: the environment would choose a proxy", node.lineno)


def _opens_by_name(module: Module, call: ast.Call) -> bool:
    if str(module.path).startswith(BASELINES) or not call.args or _writes(call):
        return False
    source = call.args[0]
    made_text = isinstance(source, ast.Call) and ast.unparse(source.func) in {"str", "Path"}
    literal = isinstance(source, ast.Constant) and isinstance(source.value, str)
    return made_text or literal or isinstance(source, ast.JoinedStr)


def _writes(call: ast.Call) -> bool:
    mode = [*call.args[1:2], *(k.value for k in call.keywords if k.arg == "mode")]
    return [ast.unparse(value) for value in mode] == ["'w'"]


def _is_true(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def _names(module: Module) -> Iterator[Found]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef) and FORBIDDEN_NAMES.search(node.name):
            yield Found(f"class {node.name}: the name says nothing", node.lineno)


def _blind_handlers(module: Module) -> Iterator[Found]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and not _raises_again(node):
            caught = ast.unparse(node.type) if node.type else "everything"
            if re.search(r"\b(Exception|BaseException|everything)\b", caught):
                yield Found(f"except {caught}: allowed in {sorted(BORDERS)}", node.lineno)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    """Cleaning up and letting the failure go on hides nothing."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_nothing_forbidden_in_the_product() -> None:
    assert_none(found for module in PRODUCT for found in forbidden(module))


def test_nothing_forbidden_in_the_tests() -> None:
    assert_none(found for module in TESTS for found in forbidden(module))


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from unittest import mock",
        "from unittest.mock import patch",
        "import cv2\ncv2.VideoCapture(0)",
        "cv2.imread(name)",
        "av.open('clip.mp4')",
        "av.open(str(path))",
        "av.open(f'{folder}/clip.mp4')",
        "av.open(str(path), mode='r')",
        "httpx2.Client(trust_env=True)",
        "print(1)",
        "monkeypatch.setattr(a, 'b', 1)",
        "class JobManager: pass",
        "class BaseStore: pass",
        "try:\n    f()\nexcept Exception:\n    pass",
        "try:\n    f()\nexcept:\n    pass",
        "try:\n    f()\nexcept (OSError, BaseException) as e:\n    log(e)",
    ],
)
def test_it_would_be_found(source: str) -> None:
    assert len(forbidden(module_of(source, "worker/stores/minio.py"))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "av.open(file, options=options)",
        "av.open(str(path), 'w')",
        "httpx2.Client(trust_env=False)",
        "class Database: pass",
        "class Servicing: pass",
        "try:\n    f()\nexcept BaseException:\n    close()\n    raise",
    ],
)
def test_it_would_be_let_through(source: str) -> None:
    assert forbidden(module_of(source, "worker/stores/minio.py")) == []
