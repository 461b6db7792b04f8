"""Every variable the settings have, with its field."""

from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from worker.settings import PREFIX, Settings


def variables() -> dict[str, FieldInfo]:
    """`FIRSTFRAME_<SECTION>__<NAME>` -> its field, sections within sections included."""
    return {PREFIX + "__".join(parts).upper(): field for parts, field in _walk(Settings, ())}


def _walk(
    model: type[BaseModel], above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    for name, field in model.model_fields.items():
        here = (*above, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _walk(field.annotation, here)
        else:
            yield here, field
