"""Queries as the vendor's clients send them: flags by their key alone, unknown keys passed over."""

import re
from collections.abc import Mapping
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from api.dialects.tencent_smh.errors import RefusalError

MAX_FIELDS: Final = 100

_NUMBER: Final = re.compile(r"[0-9]{1,15}", re.ASCII)

Told = TypeVar("Told")


class Queries:
    """The parameters of one call. A `+` in a value is a space; in a path it is not."""

    def __init__(self, query_string: bytes) -> None:
        """Raises: RefusalError `ParamInvalid` for what is not UTF-8, and for too many."""
        try:
            told = parse_qsl(
                query_string.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MAX_FIELDS,
            )
        except ValueError as error:
            raise RefusalError("ParamInvalid", "The query cannot be read.") from error
        self._values: dict[str, list[str]] = {}
        for name, value in told:
            self._values.setdefault(name, []).append(value)

    def has(self, name: str) -> bool:
        """Whether the key is there: one SDK sends `?info`, the other `?info=1`."""
        return name in self._values

    def one(self, name: str) -> str | None:
        """The value as it came, perhaps empty. Raises: RefusalError `ParamInvalid` if repeated."""
        values = self._values.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise RefusalError("ParamInvalid", f"{name} is given {len(values)} times.")
        return values[0]

    def number(self, name: str, *, least: int, most: int) -> int | None:
        """A positive decimal number, or None where it is not given.

        Raises: RefusalError `ParamInvalid` for anything else, an empty value included.
        """
        told = self.one(name)
        if told is None:
            return None
        if not _NUMBER.fullmatch(told) or not least <= int(told) <= most:
            raise RefusalError("ParamInvalid", f"{name} is a whole number, {least} to {most}.")
        return int(told)

    def choice(self, name: str, known: Mapping[str, Told], *, code: str = "ParamInvalid") -> Told:
        """What the value stands for in `known`, where "" stands for no value.

        Raises: RefusalError with `code`.
        """
        told = self.one(name) or ""
        if told not in known:
            names = ", ".join(filter(None, known))
            raise RefusalError(code, f"{name} is one of: {names}.")
        return known[told]

    def yes(self, name: str) -> bool:
        """A switch: `0`, or nothing at all, is off."""
        return self.has(name) and self.one(name) != "0"
