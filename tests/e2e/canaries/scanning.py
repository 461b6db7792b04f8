"""Looking for canaries in everything that came out, with a list of where they may be, and why."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

import numpy as np

from tests.e2e.canaries.planted import Canary, forms_of

_BEFORE_BYTES: Final = 100
_KEPT: Final = 20
_HEAD_BYTES: Final = 8


class Output(NamedTuple):
    """Something that came out, where `name` says from where."""

    name: str
    data: bytes

    def __repr__(self) -> str:
        return f"Output({self.name!r}, {len(self.data)} bytes)"


class Allowed(NamedTuple):
    """Canaries that may be in outputs, by patterns of both names."""

    canary: str
    output: str
    reason: str

    def fits(self, canary: str, output: str) -> bool:
        return fnmatchcase(canary, self.canary) and fnmatchcase(output, self.output)


class Hit(NamedTuple):
    """Where a canary was found; `before` is what stands before it, without any canary."""

    canary: str
    form: str
    output: str
    place: int
    before: str = ""

    def __str__(self) -> str:
        return f"{self.canary} ({self.form}) in {self.output} at {self.place}, after {self.before}"


class Scan(NamedTuple):
    """What was compared: so many canaries in so many forms with so many outputs, and found."""

    canaries: int
    forms: int
    outputs: int
    size_bytes: int
    hits: Sequence[Hit]
    allowed: dict[Allowed, int]

    def found(self) -> str:
        """Each canary in each kind of output once, with how often it is there."""
        counts = Counter((hit.canary, hit.output) for hit in self.hits)
        firsts = {(hit.canary, hit.output): hit for hit in reversed(self.hits)}
        return "\n".join(f"{count} times, first: {firsts[key]}" for key, count in counts.items())

    def told(self) -> list[str]:
        """The counts, in lines."""
        return [
            f"{self.canaries} canaries in {self.forms} forms, {self.outputs} outputs of "
            f"{self.size_bytes / 1e6:.1f} MB: {len(self.hits)} hits",
            *(
                f"  allowed {count} times: {each.canary} in {each.output}: {each.reason}"
                for each, count in self.allowed.items()
            ),
        ]


def scan(canaries: Iterable[Canary], outputs: Sequence[Output], allow: Sequence[Allowed]) -> Scan:
    """Look for every form of every canary in every output; the first find of each pair is told."""
    known = list(canaries)
    needles = _Needles(known)
    hits: list[Hit] = []
    allowed = dict.fromkeys(allow, 0)
    for output in outputs:
        for hit in needles.found_in(output):
            excuse = next((each for each in allow if each.fits(hit.canary, hit.output)), None)
            if excuse is None:
                before = output.data[max(0, hit.place - _BEFORE_BYTES) : hit.place]
                hits.append(hit._replace(before=_blanked(before, needles.forms)))
            else:
                allowed[excuse] += 1
    size_bytes = sum(len(output.data) for output in outputs)
    return Scan(len(known), len(needles.forms), len(outputs), size_bytes, hits, allowed)


class _Needles:
    """All forms of all canaries, found by their first eight bytes in one pass over an output."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        self.forms = {
            form: (each.name, name)
            for each in canaries
            for form, name in forms_of(each.secret).items()
        }
        self._by_head: dict[bytes, list[bytes]] = {}
        for form in self.forms:
            self._by_head.setdefault(form[:_HEAD_BYTES], []).append(form)
        self._heads = np.sort(np.frombuffer(b"".join(self._by_head), np.uint64))

    def found_in(self, output: Output) -> Iterator[Hit]:
        """A hit for each canary that is there."""
        seen: set[str] = set()
        for place in self._places(output.data):
            for form in self._by_head[output.data[place : place + _HEAD_BYTES]]:
                canary, name = self.forms[form]
                if canary not in seen and output.data.startswith(form, place):
                    seen.add(canary)
                    yield Hit(canary, name, output.name, place)

    def _places(self, data: bytes) -> Iterator[int]:
        for offset in range(_HEAD_BYTES if len(data) >= 2 * _HEAD_BYTES else 0):
            count = (len(data) - offset) // _HEAD_BYTES
            words = np.frombuffer(data, np.uint64, count, offset)
            nearest = np.searchsorted(self._heads, words) % len(self._heads)
            for number in np.flatnonzero(self._heads[nearest] == words):
                yield offset + _HEAD_BYTES * int(number)


def _blanked(data: bytes, forms: Iterable[bytes]) -> str:
    for form in sorted(forms, key=len, reverse=True):
        data = data.replace(form, b"***")
    # What is cut at its beginning may be the end of a canary.
    return repr(data[_KEPT:])
