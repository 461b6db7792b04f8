"""How a test speaks to a fake that runs in a thread or as a program of its own."""

import http.client
import json
import time
from typing import Any
from urllib.parse import urlsplit

JSON = {"Content-Type": "application/json"}
JUNK: dict[str, dict[str, Any]] = {
    "html": {"status": 200, "body": "<html>ok</html>", "headers": {"Content-Type": "text/html"}},
    "empty": {"status": 200, "body": "", "headers": JSON},
    "cut_json": {"status": 200, "body": '{"RequestId": "A', "headers": JSON},
    "other_json": {"status": 200, "body": '{"hello": [1]}', "headers": JSON},
    "list_json": {"status": 200, "body": "[]", "headers": JSON},
    "no_content": {"status": 204},
    "redirect": {"status": 302, "headers": {"Location": "http://127.0.0.1:9/elsewhere"}},
    "html_502": {"status": 502, "body": "<html>Bad Gateway</html>"},
}
"""Answers that no vendor documents; each is an `answer` fault."""


class Control:
    """Programs faults, looks at what is held, reads the journal; `url` is where the vendor is."""

    def __init__(self, url: str, control: str) -> None:
        self.url = url
        self._place = urlsplit(control)

    @property
    def host(self) -> str:
        """host:port, as vendors' clients want an endpoint."""
        return urlsplit(self.url).netloc

    def do(self, command: str, **told: Any) -> Any:
        """One command of the fake, with what it gives."""
        assert self._place.hostname is not None
        connection = http.client.HTTPConnection(
            self._place.hostname, self._place.port or 80, timeout=20
        )
        try:
            connection.request("POST", self._place.path, json.dumps({"do": command, **told}))
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert "error" not in answer, answer
        return answer["given"]

    def fault(self, call: str, how: str, **details: Any) -> None:
        """Plan a fault; the fields are those of `tests.fakes.faults.Fault`."""
        self.do("fault", call=call, how=how, **details)

    def junk(self, call: str, kind: str, when: str = "after", **details: Any) -> None:
        """Let a call be answered by something of `JUNK`."""
        self.fault(call, "answer", when=when, **JUNK[kind], **details)

    def hold(self, call: str, when: str = "before", **details: Any) -> None:
        """Hold the next call of a name, before its effect or after it."""
        self.fault(call, "hold", when=when, **details)

    def wait_held(self, call: str | None = None, *, timeout_s: float = 20) -> dict[str, Any]:
        """The first call that is held, waited for: its id, call, target and when."""
        held: dict[str, Any] = _awaited(
            lambda: next((e for e in self.do("held") if call in (None, e["call"])), None),
            f"{call} to be held",
            timeout_s,
        )
        return held

    def release(self, verdict: str = "go", hold_id: int | None = None) -> int:
        """Let held calls go on, or `drop` them; how many there were."""
        return int(self.do("release", verdict=verdict, hold_id=hold_id))

    def wait_calls(self, call: str, count: int = 1, *, timeout_s: float = 20) -> None:
        """Until so many calls of a name have been answered."""
        _awaited(
            lambda: (
                sum(entry["status"] is not None for entry in self.do("journal", call=call)) >= count
            ),
            f"{count} answers to {call}",
            timeout_s,
        )

    def journal(self, call: str | None = None) -> list[dict[str, Any]]:
        """Every call in the order it came (`tests.fakes.journal.Entry`)."""
        return list(self.do("journal", call=call))

    def changes(self, target: str | None = None, *, net: bool = True) -> list[dict[str, Any]]:
        """What changed a target, in the order it took effect (`tests.fakes.journal.Change`)."""
        return list(self.do("changes", target=target, net=net))

    def covers(self, target: str) -> list[str | None]:
        """What stood as a target's cover, one after the other, without what stood before."""
        return [change["after"] for change in self.changes(target)]


def _awaited(look: Any, what: str, timeout_s: float) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        time.sleep(0.005)
    return found
