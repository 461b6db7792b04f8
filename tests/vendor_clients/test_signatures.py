"""Our signatures against the vendors' own signing, and theirs against our verifiers."""

import json
import random
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest

from worker.signing import acs3_hmac_sha256, rpc_hmac_sha1, sdk_hmac_sha256, standard_webhooks
from worker.signing.wire import AccessKey, RawRequest, SignatureRefused

pytestmark = pytest.mark.vendors

PROGRAM = Path(__file__).with_name("signing_functions.py")
REQUESTS = 600
LETTERS = "abcXYZ019 ~*'()!+%&=/?#:;,@$\"\\<>{}[]|^`äßà封面😀-_."
NAME_LETTERS = "abcXYZ019.-_~"
SECRET = "vendors' secret"

Random = random.Random


def text(chosen: Random, letters: str = LETTERS, least: int = 0) -> str:
    return "".join(chosen.choices(letters, k=chosen.randrange(least, 14)))


def key(chosen: Random) -> AccessKey:
    token = text(chosen, "aB1+/=", 1) if chosen.random() < 0.4 else None
    return AccessKey(f"AK{chosen.randrange(10**6)}", text(chosen, least=1), token)


def at(chosen: Random) -> datetime:
    return datetime.fromtimestamp(chosen.randrange(2**31), UTC)


def named(chosen: Random) -> dict[str, str]:
    return {text(chosen, NAME_LETTERS, 1): text(chosen) for _ in range(chosen.randrange(5))}


def written(pairs: Any, chosen: Random, *, plus: bool) -> str:
    """A query as one client or another would write it."""
    return urlencode(pairs, quote_via=quote_plus if plus and chosen.random() < 0.5 else quote)


def signed_for_huawei(chosen: Random) -> tuple[RawRequest, AccessKey]:
    names = [text(chosen) for _ in range(chosen.randrange(4))]
    pairs = [(chosen.choice(names), text(chosen)) for _ in range(2 * len(names))]
    headers = [("Host", "vod.example:8080"), ("Content-Type", "application/json")]
    if chosen.random() < 0.5:
        headers.append(("X-Title", f"a{text(chosen)}b".encode().decode("latin-1")))
    path = "/".join(["", "v1.0", *(quote(text(chosen), safe="") for _ in range(3))])
    request = RawRequest(
        chosen.choice(["PUT", "GET", "POST"]),
        path,
        written(pairs, chosen, plus=False),
        tuple(headers),
        text(chosen).encode(),
    )
    used = key(chosen)
    return sdk_hmac_sha256.sign(request, used, at=at(chosen)), used


def signed_for_alibaba(chosen: Random) -> tuple[RawRequest, AccessKey]:
    headers = [
        ("Host", "mts.example"),
        ("x-acs-action", "UpdateMediaCover"),
        ("x-acs-version", "2014-06-18"),
        ("x-acs-note", f"a{text(chosen)}b".encode().decode("latin-1")),
    ]
    body = text(chosen).encode()
    if body:
        headers.append(("Content-Type", "application/json"))
    query = written(named(chosen), chosen, plus=True)
    request = RawRequest(chosen.choice(["POST", "GET"]), "/", query, tuple(headers), body)
    used = key(chosen)
    return acs3_hmac_sha256.sign(request, used, at=at(chosen), nonce=f"{chosen.random()}"), used


def signed_for_alibaba_v1(chosen: Random) -> tuple[RawRequest, AccessKey]:
    in_query = {"Action": "GetImageInfo", "Version": "2017-03-21", "SignatureType": ""}
    in_query |= {f"Q{name}": value for name, value in named(chosen).items()}
    in_form = {f"F{name}": value for name, value in named(chosen).items()}
    request = RawRequest(
        chosen.choice(["POST", "GET"]),
        "/",
        written(in_query, chosen, plus=True),
        (("Host", "vod.example"), ("Content-Type", "application/x-www-form-urlencoded")),
        written(in_form, chosen, plus=True).encode(),
    )
    used = key(chosen)
    return rpc_hmac_sha1.sign(request, used, at=at(chosen), nonce=f"{chosen.random()}"), used


def as_json(request: RawRequest, used: AccessKey) -> dict[str, Any]:
    return {
        "method": request.method,
        "target": request.target,
        "query": request.query,
        "headers": {name.lower(): value for name, value in request.headers},
        "body": request.body.decode("latin-1"),
        "id": used.id,
        "secret": used.secret,
    }


def signed_webhook(chosen: Random) -> dict[str, Any]:
    secrets = [standard_webhooks.new_secret() for _ in range(2)]
    body = text(chosen)
    headers = standard_webhooks.sign(
        message_id=f"msg_{chosen.randrange(10**9)}",
        at=at(chosen),
        body=body.encode(),
        secrets=secrets,
    )
    return {"headers": headers, "body": body, "secret": chosen.choice(secrets)}


SIGNERS: dict[str, Callable[[Random], tuple[RawRequest, AccessKey]]] = {
    "huawei": signed_for_huawei,
    "acs3": signed_for_alibaba,
    "rpc": signed_for_alibaba_v1,
}
MODULES: dict[str, ModuleType] = {
    "huawei": sdk_hmac_sha256,
    "acs3": acs3_hmac_sha256,
    "rpc": rpc_hmac_sha1,
}


@pytest.fixture(scope="module")
def answer(vendors_python: Path) -> Any:
    """What the vendors' functions say of our requests, and what their clients send."""
    chosen = Random(6)
    given: dict[str, list[dict[str, Any]]] = {
        scheme: [as_json(*sign(chosen)) for _ in range(REQUESTS)]
        for scheme, sign in SIGNERS.items()
    }
    given["webhooks"] = [signed_webhook(chosen) for _ in range(REQUESTS)]
    done = subprocess.run(
        [vendors_python, "-I", PROGRAM],
        input=json.dumps(given).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return json.loads(done.stdout)


def raw_request(recorded: str) -> RawRequest:
    head, _, body = recorded.partition("\r\n\r\n")
    line, *lines = head.split("\r\n")
    method, target, _ = line.split(" ")
    path, _, query = target.partition("?")
    headers = [
        (name, value.strip(" \t")) for name, _, value in (one.partition(":") for one in lines)
    ]
    return RawRequest(method, path, query, tuple(headers), body.encode("latin-1"))


@pytest.mark.parametrize("scheme", [*SIGNERS, "webhooks"])
def test_the_vendors_own_functions_sign_our_requests_alike(answer: Any, scheme: str) -> None:
    assert answer["wrong"][scheme] == []


@pytest.mark.parametrize("scheme", MODULES)
def test_the_vendors_own_functions_tell_a_changed_request(answer: Any, scheme: str) -> None:
    assert answer["told"][scheme] == REQUESTS


@pytest.mark.parametrize("scheme", MODULES)
def test_requests_of_the_vendors_clients_are_believed(answer: Any, scheme: str) -> None:
    requests = [raw_request(recorded) for recorded in answer["recorded"][scheme]]
    module = MODULES[scheme]
    nonces = set()
    for request in requests:
        claim = module.read(request)
        module.verify(request, claim, SECRET, now=datetime.now(UTC))
        assert claim.access_key_id == "AKID"
        nonces.add(claim.nonce)

    assert len(requests) >= 500
    assert len(nonces) == (1 if scheme == "huawei" else len(requests))


@pytest.mark.parametrize("scheme", MODULES)
def test_requests_of_the_vendors_clients_with_another_secret_are_refused(
    answer: Any, scheme: str
) -> None:
    module = MODULES[scheme]
    for recorded in answer["recorded"][scheme][:20]:
        request = raw_request(recorded)
        with pytest.raises(SignatureRefused) as refused:
            module.verify(request, module.read(request), "other", now=datetime.now(UTC))
        assert refused.value.reason == "mismatch"
