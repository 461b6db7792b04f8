"""Every variable the settings have, with its field."""

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from worker.settings import PREFIX, Settings


def variables() -> dict[str, FieldInfo]:
    """`FIRSTFRAME_<SECTION>__<NAME>` -> its field, sections within sections included.

    Where sections have names that an operator gives, they are those of one called `main`.
    """
    return {PREFIX + "__".join(parts).upper(): field for parts, field in _walk(Settings, ())}


def _walk(
    model: type[BaseModel], above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    for name, field in model.model_fields.items():
        here = (*above, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _walk(field.annotation, here)
        elif (named := _named_section(field)) is not None:
            yield from _walk(named, (*here, "main"))
        else:
            yield here, field


def _named_section(field: FieldInfo) -> type[BaseModel] | None:
    """The section of a table from names to sections."""
    inner = get_args(field.annotation)[-1:]
    sections = [kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return sections[0] if sections else None
