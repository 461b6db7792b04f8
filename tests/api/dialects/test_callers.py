"""The gate over a real Redis; what its dialects make of refusals is told by their own tests."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import TypeVar

import pytest

from api.dialects.callers import CallReason, CallRefused, Gate
from tests.worker.state.tellers import ACCESS_KEY, SECRET, Teller, account, opened, sealed
from worker.contracts.accounts import Account
from worker.signing import acs3_hmac_sha256, rpc_hmac_sha1, sdk_hmac_sha256
from worker.signing.wire import AccessKey, RawRequest

Told = TypeVar("Told")

KEY = AccessKey(ACCESS_KEY, SECRET)
HOST = ("Host", "here.example")
NAMED = (("x-acs-action", "UpdateMediaCover"), ("x-acs-version", "2014-06-18"))


@pytest.fixture
def teller(one_redis_url: str) -> Iterator[Teller]:
    with opened(one_redis_url) as made:
        made.records.create(account(), sealed=sealed())
        yield made


def _signed(scheme: ModuleType, key: AccessKey = KEY, nonce: str = "n1") -> RawRequest:
    at = datetime.now(UTC)
    if scheme is sdk_hmac_sha256:
        return sdk_hmac_sha256.sign(RawRequest("GET", "/v1.0/p/x", "", (HOST,)), key, at=at)
    if scheme is acs3_hmac_sha256:
        raw = RawRequest("POST", "/", "MediaId=a", (HOST, *NAMED))
        return acs3_hmac_sha256.sign(raw, key, at=at, nonce=nonce)
    raw = RawRequest("POST", "/", "Action=UpdateMediaCover&Version=2014-06-18", (HOST,))
    return rpc_hmac_sha1.sign(raw, key, at=at, nonce=nonce)


def _at(teller: Teller, call: Callable[[Gate], Awaitable[Told]], *, may_lock: bool = False) -> Told:
    return teller.ask(
        lambda callers: call(Gate(callers, "alibaba", window_s=900, may_lock=may_lock))
    )


async def _reason(call: Awaitable[object]) -> CallReason | None:
    try:
        await call
    except CallRefused as refused:
        return refused.reason
    return None


SCHEMES = [sdk_hmac_sha256, acs3_hmac_sha256, rpc_hmac_sha1]
IDS = [scheme.__name__.rpartition(".")[2] for scheme in SCHEMES]


@pytest.mark.parametrize("scheme", SCHEMES, ids=IDS)
def test_a_call_is_its_accounts_however_it_is_signed(teller: Teller, scheme: ModuleType) -> None:
    async def let_in(gate: Gate) -> Account:
        return await gate.by_signature(_signed(scheme), scheme)

    assert _at(teller, let_in) == account()


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        pytest.param(KEY._replace(secret="wrong"), "mismatch", id="secret"),
        pytest.param(KEY._replace(id="AKNOBODYS00000000001"), "unknown_key", id="key"),
        pytest.param(KEY._replace(id="no key of ours".replace(" ", "-")), "unknown_key", id="form"),
        pytest.param(KEY._replace(security_token="STS"), "temporary", id="temporary"),
    ],
)
@pytest.mark.parametrize("scheme", SCHEMES, ids=IDS)
def test_whoever_it_is_not_is_refused(
    teller: Teller, scheme: ModuleType, key: AccessKey, reason: CallReason
) -> None:
    async def refused(gate: Gate) -> CallReason | None:
        return await _reason(gate.by_signature(_signed(scheme, key), scheme))

    assert _at(teller, refused) == reason


@pytest.mark.parametrize("scheme", SCHEMES[1:], ids=IDS[1:])
def test_a_nonce_counts_once(teller: Teller, scheme: ModuleType) -> None:
    async def reasons(gate: Gate) -> list[CallReason | None]:
        calls = [_signed(scheme), _signed(scheme), _signed(scheme, nonce="n2")]
        return [await _reason(gate.by_signature(raw, scheme)) for raw in calls]

    assert _at(teller, reasons) == [None, "replayed", None]


def test_a_nonce_of_a_wrong_signature_is_not_used_up(teller: Teller) -> None:
    async def reasons(gate: Gate) -> list[CallReason | None]:
        wrong = _signed(acs3_hmac_sha256, KEY._replace(secret="wrong"))
        calls = [wrong, _signed(acs3_hmac_sha256)]
        return [await _reason(gate.by_signature(raw, acs3_hmac_sha256)) for raw in calls]

    assert _at(teller, reasons) == ["mismatch", None]


@pytest.mark.parametrize(("may_lock", "reason"), [(True, "locked"), (False, None)])
def test_a_key_is_locked_where_the_dialect_locks_keys(
    teller: Teller, may_lock: bool, reason: CallReason | None
) -> None:
    async def refused(gate: Gate) -> CallReason | None:
        for number in range(6):
            wrong = _signed(acs3_hmac_sha256, KEY._replace(secret="wrong"), f"w{number}")
            await _reason(gate.by_signature(wrong, acs3_hmac_sha256))
        return await _reason(gate.by_signature(_signed(acs3_hmac_sha256), acs3_hmac_sha256))

    assert _at(teller, refused, may_lock=may_lock) == reason


def test_an_account_of_other_dialects_is_nobody(one_redis_url: str) -> None:
    with opened(one_redis_url) as teller:
        teller.records.create(account(dialects=("huawei_vod",)), sealed=sealed())

        async def reasons(gate: Gate) -> list[CallReason | None]:
            token = await gate.callers.give_token(ACCESS_KEY, 1, life_s=60)
            return [
                await _reason(gate.by_signature(_signed(acs3_hmac_sha256), acs3_hmac_sha256)),
                await _reason(gate.by_secret("shop", SECRET)),
                await _reason(gate.by_token(token)),
                await _reason(gate.by_link(ACCESS_KEY, lambda _: True)),
            ]

        assert _at(teller, reasons) == ["unknown_key", "mismatch", "token", "mismatch"]


def test_after_a_rotation_a_signature_may_be_of_either_secret(teller: Teller) -> None:
    teller.records.rotate(ACCESS_KEY, sealed=sealed("new"), overlap_s=60)

    async def reasons(gate: Gate) -> list[CallReason | None]:
        keys = [KEY, KEY._replace(secret="new"), KEY._replace(secret="wrong")]
        calls = [_signed(sdk_hmac_sha256, key) for key in keys]
        return [await _reason(gate.by_signature(raw, sdk_hmac_sha256)) for raw in calls]

    assert _at(teller, reasons) == [None, None, "mismatch"]


def test_of_one_nonce_sent_by_many_at_once_one_counts(teller: Teller) -> None:
    raw = _signed(acs3_hmac_sha256)

    async def reasons(gate: Gate) -> list[CallReason | None]:
        calls = [_reason(gate.by_signature(raw, acs3_hmac_sha256)) for _ in range(20)]
        return await asyncio.gather(*calls)

    told = _at(teller, reasons)

    assert sorted(map(str, told)) == ["None", *["replayed"] * 19]
