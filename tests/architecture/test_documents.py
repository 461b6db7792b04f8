"""Documents say what the code says: every setting, every error code, every test they name."""

import ast
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from tests.architecture.house import ROOT, Module, assert_none, module_of, modules
from tests.deploy.settings_variables import variables
from worker.contracts.names import QUEUE_OF_LANE
from worker.errors import CODES, Retry

SETTINGS: Final = ROOT / "docs" / "settings.md"
PAGES: Final = [
    path.relative_to(ROOT)
    for pattern in ("*.md", ".github/*.md", "docs/*.md")
    for path in sorted(ROOT.glob(pattern))
]
ERRORS: Final = ROOT / "docs" / "errors.md"
REDIS: Final = ROOT / "docs" / "redis.md"
# Pages of ours and the letters that number the sentences of the vendors' pages on them.
VENDORS: Final = [("docs/tencent-smh.md", "AB"), ("docs/providers.md", "HMV")]

# How docs/errors.md says what happens by itself.
RETRY_TEXTS: Final = {
    Retry.NEVER: "final",
    Retry.BACKOFF: "tried again, with growing delays",
    Retry.ONCE: "tried once more",
    Retry.TWICE: "tried twice more",
    Retry.WAIT: "waits",
    Retry.CALLER: "no job was made",
}


def rows(text: str) -> dict[str, list[str]]:
    """The table rows of a page by the code in their first cell."""
    lines = re.findall(r"^\| `([^`]+)` \|(.*)\|$", text, re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split(" |")] for name, rest in lines}


def key_names(module: Module) -> set[str]:
    """The names after `ff:` in a module's texts; an empty one where a script puts it together."""
    nodes = [node for node in ast.walk(module.tree) if isinstance(node, ast.Constant)]
    texts = [node.value for node in nodes if isinstance(node.value, str)]
    return {name for text in texts for name in re.findall(r"(?<![a-z`])ff:([a-z_]*)", text)}


def named_tests(text: str) -> list[tuple[str, str]]:
    """The tests that a page names, as file and function."""
    return re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)


def is_test(file: Path, name: str) -> bool:
    """Whether a file has a test function of that name."""
    body = ast.parse(file.read_text()).body if file.is_file() else []
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in body)


def shown_default(field: FieldInfo) -> str:
    """A default as the settings page shows it."""
    value: Any = None if field.is_required() else field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value == "":
        return "none"
    if isinstance(value, list | dict | bool):
        value = json.dumps(value)
    return f"`{value}`"


def test_every_setting_is_on_the_settings_page_with_its_default() -> None:
    shown = {name: cells[0] for name, cells in rows(SETTINGS.read_text()).items()}

    assert shown == {name: shown_default(field) for name, field in variables().items()}


def test_every_setting_says_what_it_means() -> None:
    assert [
        n for n, cells in rows(SETTINGS.read_text()).items() if not cells[1].endswith(".")
    ] == []


def test_every_error_code_is_on_the_errors_page_with_its_consequences() -> None:
    shown = {name: tuple(cells[:2]) for name, cells in rows(ERRORS.read_text()).items()}

    assert shown == {
        code: (str(row.http_status), RETRY_TEXTS[row.retry]) for code, row in CODES.items()
    }


def test_every_error_code_says_its_cause_and_what_to_do() -> None:
    thin = [code for code, cells in rows(ERRORS.read_text()).items() if not _is_full(cells)]

    assert thin == []


def test_every_key_of_ours_in_redis_is_on_its_page() -> None:
    written = {name for module in modules("worker", "api") for name in key_names(module)}

    # A key whose first name a script puts together.
    assert "" in written
    written = (written - {""}) | {"dirs", "files"}
    assert written == set(re.findall(r"`ff:([a-z_]+)", REDIS.read_text()))


def test_every_queue_in_redis_is_on_its_page() -> None:
    (queues,) = re.findall(
        r"^\| (.*) \| lists of Celery's messages", REDIS.read_text(), re.MULTILINE
    )

    assert re.findall(r"`([^`]+)`", queues) == list(QUEUE_OF_LANE.values())


def test_a_new_key_would_be_found() -> None:
    source = '''"""Of `ff:words`."""\nKEY = f"redis.call('GET', 'ff:new:' .. {1})"'''

    assert key_names(module_of(source, "worker/state/new.py")) == {"new"}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_in_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", (ROOT / page).read_text())
    inside = [link for link in links if "://" not in link]

    assert_none(link for link in inside if not (ROOT / page).parent.joinpath(link).exists())


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    assert_none(
        f"{page}: {file}::{name}"
        for file, name in named_tests(ROOT.joinpath(page).read_text())
        if not is_test(ROOT / file, name)
    )


@pytest.mark.parametrize(("page", "letters"), VENDORS)
def test_every_sentence_of_the_vendors_pages_has_its_tests(page: str, letters: str) -> None:
    text = ROOT.joinpath(page).read_text()
    lines = re.findall(rf"^\| ([{letters}])(\d+) \|.*$", text, re.MULTILINE)
    proved = re.findall(
        rf"^\| ([{letters}])(\d+) \|.*`tests/[\w/]+\.py::\w+` \|$", text, re.MULTILINE
    )
    numbers = {letter: [int(number) for at, number in lines if at == letter] for letter in letters}

    assert numbers == {at: list(range(1, len(found) + 1)) for at, found in numbers.items()}
    assert all(numbers.values())
    assert lines == proved


def test_a_test_that_is_gone_is_noticed() -> None:
    named = named_tests("see `tests/architecture/test_documents.py::test_rows_are_read` and more")
    ((file, name),) = named

    assert is_test(ROOT / file, name)
    assert not is_test(ROOT / file, "test_rows_are_written")
    assert not is_test(ROOT / "tests" / "test_nothing.py", name)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "| `a.b` | 422 | final | Why. | Do. |", {"a.b": ["422", "final", "Why.", "Do."]}
        ),
        pytest.param("| Code | HTTP |", {}, id="head"),
    ],
)
def test_rows_are_read(line: str, expected: Mapping[str, list[str]]) -> None:
    assert rows(line) == expected


def _is_full(cells: list[str]) -> bool:
    return len(cells) == 4 and all(len(cell) > 10 for cell in cells[2:])
