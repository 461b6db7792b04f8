"""How an adapter is made: each of its keywords gets the setting of the same name."""

from inspect import signature
from typing import Any

from pydantic import SecretStr

from worker import registry
from worker.settings import Section


def values(section: Section) -> dict[str, Any]:
    """A section's values by their names, secrets opened."""
    return {name: opened(getattr(section, name)) for name in type(section).model_fields}


def opened(value: Any) -> Any:
    """A setting's value, with its secret opened, or all of a list of secrets."""
    if isinstance(value, list):
        return [opened(each) for each in value]
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def made(table: dict[str, str], name: str, values: dict[str, Any]) -> Any:
    """The adapter that `table` lists under `name`, with those of `values` its constructor names.

    Raises: TypeError, Python's own, for a keyword that has neither a value nor a default.
    """
    adapter = registry.load(table, name)
    wanted = signature(adapter).parameters
    return adapter(**{key: value for key, value in values.items() if key in wanted})
