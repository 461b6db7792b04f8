"""The plan of the house as data: its rooms, which way arrows may point, and how code is read."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]

_ADAPTERS: Final = (
    "sources decoders detectors scorers saliency encoders sheets stores libraries providers"
)
ADAPTERS: Final = frozenset(_ADAPTERS.split())
_ADAPTER_ARROWS: Final = "net disk ports rules geometry signing contracts errors"
_BELOW_COMMANDS: Final = (
    "wiring settings registry ports state jobs rules geometry signing net sandbox "
    "broker tasks chores telemetry contracts errors"
)

# Room -> the rooms it may import. A room that is not here does not exist.
ARROWS: Final[dict[str, frozenset[str]]] = {
    room: frozenset(targets.split())
    for room, targets in {
        "commands": _BELOW_COMMANDS,
        "api": "wiring settings ports state disk rules broker telemetry contracts signing errors",
        "tasks": "wiring jobs state rules broker telemetry contracts errors",
        "chores": "wiring jobs state rules broker telemetry contracts errors",
        "wiring": "settings registry state ports rules contracts errors",
        "broker": "settings telemetry contracts errors",
        "telemetry": "settings contracts errors",
        "jobs": "disk ports rules geometry contracts errors",
        "state": "contracts rules errors",
        "sandbox": "registry ports rules geometry contracts errors",
        "net": "signing rules contracts errors",
        "disk": "errors",
        "ports": "contracts geometry",
        "rules": "contracts geometry errors",
        "contracts": "",
        "geometry": "",
        "signing": "",
        "errors": "",
        "settings": "registry",
        "registry": "",
        **dict.fromkeys(ADAPTERS, _ADAPTER_ARROWS),
    }.items()
}

HEAVY: Final = frozenset({"av", "cv2", "mediapipe", "numpy", "PIL", "pyvips", "simplejpeg"})
CELERY: Final = frozenset({"celery", "kombu", "billiard"})


class Import(NamedTuple):
    """One imported name: `worker.rules.retry`, at `line`; `at_load` if importing runs it."""

    name: str
    line: int
    at_load: bool


class Module(NamedTuple):
    """One Python file; `path` is relative to the repository."""

    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        """`worker/geometry/crop.py` -> geometry, `worker/tasks.py` -> tasks, `api/…` -> api."""
        return room_of(".".join(self.path.with_suffix("").parts))

    def imports(self) -> list[Import]:
        """Everything imported, also inside functions and for type checkers only."""
        return list(_imports(self.tree.body, at_load=True))


def room_of(dotted: str) -> str:
    """The room of a dotted name of ours; `worker` and `api` alone are doors, not rooms."""
    top, _, rest = dotted.partition(".")
    if top == "api":
        return "api"
    return rest.partition(".")[0] if rest not in {"", "__init__"} else ""


def product() -> list[Module]:
    """Every module of worker/ and api/."""
    return modules("worker", "api")


def modules(*folders: str) -> list[Module]:
    """Every module below the folders, in a stable order."""
    files = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    return [
        Module(file.relative_to(ROOT), ast.parse(file.read_text(), str(file))) for file in files
    ]


def module_of(source: str, path: str) -> Module:
    """A module that exists only as text, to show that a law can be broken."""
    return Module(Path(path), ast.parse(source))


def _imports(body: list[ast.stmt], *, at_load: bool) -> Iterator[Import]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, at_load) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # `from worker import registry` names a room in what it imports.
            yield from (
                Import(f"{node.module}.{alias.name}", node.lineno, at_load) for alias in node.names
            )
        else:
            runs = at_load and not _defers(node)
            for inner in _bodies(node):
                yield from _imports(inner, at_load=runs)


def _defers(node: ast.stmt) -> bool:
    """Whether what is inside does not run when the module is imported."""
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        if isinstance(getattr(node, name, None), list):
            yield getattr(node, name)
    for name in ("handlers", "cases"):
        for inner in getattr(node, name, []):
            yield inner.body


def assert_none(found: Iterable[str]) -> None:
    """Fail with every line of `found`, not only the first."""
    lines = list(found)
    assert not lines, "\n" + "\n".join(lines)
