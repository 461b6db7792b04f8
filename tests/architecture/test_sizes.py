"""Files and functions stay small enough to be read."""

import ast

import pytest

from tests.architecture.house import ROOT, Module, assert_none, module_of, modules

MAX_FILE_LINES = 350
MAX_FUNCTION_LINES = 40
ALL = modules("worker", "api", "deploy", "tests")


def long_functions(module: Module) -> list[str]:
    """Functions over the limit, docstrings not counted."""
    functions = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [
        f"{module.path}:{node.lineno}: {node.name} has {lines} lines"
        for node in functions
        if (lines := _lines_of(node)) > MAX_FUNCTION_LINES
    ]


def _lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    docstring = function.body[0]
    assert docstring.end_lineno is not None
    return lines - (docstring.end_lineno - docstring.lineno + 1)


def test_no_file_is_too_long() -> None:
    lengths = {
        str(module.path): len((ROOT / module.path).read_text().splitlines()) for module in ALL
    }

    assert_none(f"{path}: {n} lines" for path, n in lengths.items() if n > MAX_FILE_LINES)


def test_no_function_is_too_long() -> None:
    assert_none(found for module in ALL for found in long_functions(module))


@pytest.mark.parametrize(("lines", "found"), [(MAX_FUNCTION_LINES - 1, 0), (MAX_FUNCTION_LINES, 1)])
def test_a_docstring_does_not_make_a_function_long(lines: int, found: int) -> None:
    source = 'def f():\n    """One\n\n    two."""\n' + "    x = 1\n" * lines

    assert len(long_functions(module_of(source, "worker/x.py"))) == found
