"""The parameters of a call, out of its query and its form, each checked when it is asked for.

Parameters that no call has are passed over. One that may be left out and comes empty counts as left
out, unless its call says otherwise.
"""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

from api.dialects.alibaba.errors import RefusalError
from worker.signing import canonical
from worker.signing.wire import RawRequest, SignatureRefused

# The products, by the version that a call names.
MPS: Final = "2014-06-18"
VOD: Final = "2017-03-21"

_LONG: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_FLAGS: Final = {"true": True, "false": False}


class Parameters:
    """Names and values of one call, still encoded; none is there twice."""

    def __init__(self, pairs: Sequence[canonical.Pair], version: str) -> None:
        """Raises: RefusalError naming a parameter that is there twice."""
        self._encoded = dict(pairs)
        self._version = version
        if len(self._encoded) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise self.wrong(unquote(twice)[:100], "it is given more than once")

    def wrong(self, name: str, message: str, kind: str = "Format") -> RefusalError:
        """A parameter is wrong; of the two products, only MPS says how in its code."""
        code = "InvalidParameter" if self._version == VOD else f"InvalidParameter.{kind}"
        return RefusalError(code, f"{name}: {message}.")

    def text(self, name: str) -> str | None:
        """The value, perhaps empty; None where there is none."""
        encoded = self._encoded.get(name)
        if encoded is None:
            return None
        try:
            return unquote(encoded, errors="strict")
        except UnicodeDecodeError as error:
            raise self.wrong(name, "it is not UTF-8") from error

    def needed(self, name: str) -> str:
        """A value that must be there, and not be empty."""
        value = self.text(name)
        if not value:
            raise RefusalError(f"Missing{name}", f"{name}: it is mandatory for this action.")
        return value

    def ids(self, name: str, most: int) -> list[str]:
        """Ids with commas between them, each once."""
        told = list(dict.fromkeys(self.needed(name).split(",")))
        if len(told) > most:
            raise self.wrong(name, f"there are more than {most}", "OutOfRange")
        return told

    def long(self, name: str, *, least: int = -(10**18), most: int = 10**18) -> int | None:
        """A whole number in decimal."""
        value = self.text(name)
        if not value:
            return None
        if not _LONG.fullmatch(value):
            raise self.wrong(name, "expected a whole number")
        if not least <= int(value) <= most:
            raise self.wrong(name, f"expected {least} to {most}", "OutOfRange")
        return int(value)

    def one_of(self, name: str, choices: Sequence[str], default: str) -> str:
        """One of some words."""
        value = self.text(name) or default
        if value not in choices:
            raise self.wrong(name, f"expected {' or '.join(choices)}")
        return value

    def flag(self, name: str) -> bool:
        """Whether it is `true`, in letters of any size: clients write their own language's."""
        value = (self.text(name) or "false").lower()
        if value not in _FLAGS:
            raise self.wrong(name, "expected true or false")
        return _FLAGS[value]


def pairs_of(raw: RawRequest) -> list[canonical.Pair]:
    """All parameters, those of the query first. Raises: RefusalError for what cannot be read."""
    try:
        form = canonical.form_pairs(raw, canonical.headers_of(raw.headers))
        query = canonical.query_pairs(raw.query, plus_is_space=True)
    except SignatureRefused as refused:
        raise RefusalError("InvalidParameter.Format", f"{refused.detail}.") from refused
    if form is None:
        raise RefusalError("InvalidParameter.Format", "A body is a form of parameters.")
    return [*query, *form]
