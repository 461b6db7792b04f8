"""What a fake does wrong, and when: faults by the name of a call, and calls that are held."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal

When = Literal["before", "after"]
Verdict = Literal["go", "drop"]


@dataclass
class Fault:
    """One kind of misbehaviour at a call, before its effect or after it.

    `how`: `reset` ends the connection, `slow` waits `seconds`, `hold` waits for a release, `answer`
    gives `status`, `headers` and `body`, `error` gives the vendor's own form of `code`.
    Where a body has `(token)`, the token of the call stands instead.
    It lets `skip` calls pass, then strikes `times` times; with a `target` only calls for that one.
    """

    call: str
    how: Literal["reset", "slow", "hold", "answer", "error"]
    when: When = "before"
    times: int = 1
    skip: int = 0
    target: str = ""
    seconds: float = 0
    status: int = 500
    code: str = ""
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class FaultPlan:
    """The faults that are still to come; `*` names every call."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, **fault: Any) -> None:
        self._faults.append(Fault(**fault))

    def clear(self) -> None:
        self._faults.clear()

    def take(self, call: str, target: str) -> Fault | None:
        """The fault of this call, of several the one that was planned first."""
        for fault in self._faults:
            if fault.call not in (call, "*") or fault.target not in (target, ""):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
            return fault
        return None


class Holds:
    """Calls that wait until someone outside lets them go on."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[dict[str, Any], asyncio.Future[Verdict]]] = {}
        self._number = 0

    async def hold(self, **told: Any) -> Verdict:
        """Wait; `told` says what is held."""
        self._number = number = self._number + 1
        future: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._waiting[number] = ({"id": number, **told}, future)
        try:
            return await future
        finally:
            del self._waiting[number]

    def held(self) -> list[dict[str, Any]]:
        """What is held now, in the order it came; `id` is for `release`."""
        return [told for told, future in self._waiting.values() if not future.done()]

    def release(self, verdict: Verdict = "go", hold_id: int | None = None) -> int:
        """Let one go on or all of them, or drop them with their connection; how many there were."""
        chosen = [
            future
            for number, (_, future) in self._waiting.items()
            if hold_id in (None, number) and not future.done()
        ]
        for future in chosen:
            future.set_result(verdict)
        return len(chosen)
