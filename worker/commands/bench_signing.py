"""Signing one request, against the vendors' own clients in turn."""

import json
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import quote

from worker.commands.bench_snapshots import Measured
from worker.signing import acs3_hmac_sha256, rpc_hmac_sha1, sdk_hmac_sha256
from worker.signing.wire import AccessKey, RawRequest

COUNT: Final = 10_000
# So many in turn with theirs, that both see the same of what else the machine does.
_PIECE: Final = 500
THEIRS: Final = "the vendor's client"
_ROOT: Final = Path(__file__).parents[2]
_PYTHON: Final = _ROOT / ".vendors" / "bin" / "python"
_PROGRAM: Final = Path(__file__).with_name("bench_vendors.py")

_KEY: Final = AccessKey("LTAI5tBenchBenchBench000", "s3cr3t" * 5)
_URL: Final = "http://covers.example.com/public/0123456789abcdef0123456789abcdef/cover-512.jpg"
# What both sides are told: of the request as much as the caller of a vendor's client tells it.
_ASKED: Final[dict[str, Any]] = {
    "host": "vendor.example.com",
    "path": f"/v1.0/{'0' * 32}/asset/cover",
    "body": {"thumbnailUrl": _URL},
    "parameters": {"MediaId": "0" * 32, "CoverURL": _URL},
    "action": "UpdateMediaCover",
    "version": "2014-06-18",
    "key_id": _KEY.id,
    "secret": _KEY.secret,
}

Theirs = Callable[[str], float]


def signing_rows(rounds: int) -> list[Measured]:
    """CPU of ten thousand requests, signed and complete, by ours and theirs in small turns."""
    is_there = _PYTHON.exists()
    with vendors_program() if is_there else nullcontext() as theirs:
        taken = {name: _taken(name, theirs, rounds) for name in OURS}
    return [row_of(name, pairs) for name, pairs in taken.items()]


@contextmanager
def vendors_program() -> Iterator[Theirs]:
    """What has the vendors' program sign a piece; gives the CPU seconds that took."""
    command = [str(_PYTHON), "-I", str(_PROGRAM)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        asking, told = process.stdin, process.stdout
        assert asking is not None
        assert told is not None

        def sign(scheme: str) -> float:
            asking.write(json.dumps({**_ASKED, "scheme": scheme, "count": _PIECE}) + "\n")
            asking.flush()
            return float(told.readline())

        yield sign
        asking.close()


def huawei() -> RawRequest:
    """As `worker.net.huawei` has it signed."""
    headers = (("Host", _ASKED["host"]), ("Content-Type", "application/json"))
    body = json.dumps(_ASKED["body"]).encode()
    unsigned = RawRequest("PUT", _ASKED["path"], "", headers, body)
    return sdk_hmac_sha256.sign(unsigned, _KEY, at=datetime.now(UTC))


def acs3() -> RawRequest:
    """As `worker.net.alibaba` has it signed."""
    unsigned = _named(_ASKED["parameters"])
    return acs3_hmac_sha256.sign(unsigned, _KEY, at=datetime.now(UTC), nonce=secrets.token_hex(16))


def rpc_v1() -> RawRequest:
    """The same in the older scheme."""
    action, version = _ASKED["action"], _ASKED["version"]
    named = {**_ASKED["parameters"], "Action": action, "Version": version, "Format": "JSON"}
    return rpc_hmac_sha1.sign(
        _named(named), _KEY, at=datetime.now(UTC), nonce=secrets.token_hex(16)
    )


OURS: Final[dict[str, Callable[[], RawRequest]]] = {
    "SDK-HMAC-SHA256": huawei,
    "ACS3-HMAC-SHA256": acs3,
    "RPC v1": rpc_v1,
}


def _named(parameters: Mapping[str, str]) -> RawRequest:
    query = "&".join(
        f"{name}={quote(value, safe='~')}" for name, value in sorted(parameters.items())
    )
    headers = (
        ("Host", _ASKED["host"]),
        ("Accept", "application/json"),
        ("x-acs-action", _ASKED["action"]),
        ("x-acs-version", _ASKED["version"]),
    )
    return RawRequest("POST", "/", query, headers)


def _taken(name: str, theirs: Theirs | None, rounds: int) -> list[tuple[float | None, float]]:
    """CPU seconds of theirs and ours in each round, after one that warms both up."""
    sums = [_round(name, theirs) for _ in range(1 + rounds)]
    return sums[1:]


def _round(name: str, theirs: Theirs | None) -> tuple[float | None, float]:
    pieces = [(theirs(name) if theirs else None, _signed(name)) for _ in range(COUNT // _PIECE)]
    theirs_s = [each for each, _ in pieces if each is not None]
    return sum(theirs_s) if theirs_s else None, sum(ours_s for _, ours_s in pieces)


def _signed(name: str) -> float:
    sign, began_s = OURS[name], time.process_time()
    for _ in range(_PIECE):
        sign()
    return time.process_time() - began_s


def row_of(name: str, pairs: Sequence[tuple[float | None, float]]) -> Measured:
    """The medians of some rounds; theirs None where there is no such client."""
    both = [(theirs_s, ours_s) for theirs_s, ours_s in pairs if theirs_s is not None]
    return Measured(
        name,
        THEIRS,
        "cpu_s",
        median(ours_s for _, ours_s in pairs),
        median(theirs_s for theirs_s, _ in both) if both else None,
        median(ours_s / theirs_s for theirs_s, ours_s in both) if both else None,
        asked=1,
    )
