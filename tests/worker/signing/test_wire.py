"""What all request signatures have in common: clocks, secrets, what is shown of them."""

from datetime import timedelta
from types import ModuleType
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worker.signing.requests import AT, TEMPORARY_KEY, check, every_scheme, signed
from worker.signing import acs3_hmac_sha256, rpc_hmac_sha1, sdk_hmac_sha256
from worker.signing.wire import RawRequest, SignatureRefused


@every_scheme
@pytest.mark.parametrize("off_s", [0, 1, 899, 900, -899, -900])
def test_a_clock_may_be_a_quarter_of_an_hour_off(scheme: ModuleType, off_s: int) -> None:
    check(scheme, signed(scheme), now=AT + timedelta(seconds=off_s))


@every_scheme
@pytest.mark.parametrize("off_s", [901, -901, 960, -960, 10**9])
def test_a_clock_further_off_is_refused(scheme: ModuleType, off_s: int) -> None:
    with pytest.raises(SignatureRefused) as refused:
        check(scheme, signed(scheme), now=AT + timedelta(seconds=off_s))

    assert refused.value.reason == "skewed"


@every_scheme
def test_the_window_is_the_server_s_choice(scheme: ModuleType) -> None:
    check(scheme, signed(scheme), now=AT + timedelta(seconds=59), window_s=60)
    with pytest.raises(SignatureRefused):
        check(scheme, signed(scheme), now=AT + timedelta(seconds=61), window_s=60)


@every_scheme
@pytest.mark.parametrize("secret", ["", "secre", "secret ", "SECRET", "секрет"])
def test_another_secret_believes_nothing(scheme: ModuleType, secret: str) -> None:
    with pytest.raises(SignatureRefused) as refused:
        check(scheme, signed(scheme), secret)

    assert refused.value.reason == "mismatch"


@every_scheme
def test_an_empty_secret_believes_nothing_even_where_it_signed(scheme: ModuleType) -> None:
    request = signed(scheme, key=TEMPORARY_KEY._replace(secret=""))

    with pytest.raises(SignatureRefused) as refused:
        check(scheme, request, "")

    assert refused.value.reason == "mismatch"


@every_scheme
def test_neither_keys_nor_requests_nor_claims_show_what_is_secret(scheme: ModuleType) -> None:
    key = TEMPORARY_KEY._replace(secret="canary-secret", security_token="canary-token")
    request = signed(scheme, key=key)
    claim = check(scheme, request, "canary-secret")
    shown = f"{key} {key!r} {[key]} {request!r} {request} {claim!r} {claim}"

    assert "canary" not in shown
    assert claim.signature not in shown


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TEXT_PAIRS = st.dictionaries(TEXTS.filter(bool), TEXTS, max_size=5)


@every_scheme
@given(
    pairs=TEXT_PAIRS, body=st.binary(max_size=50), token=st.none() | st.text("aB1+/=", min_size=1)
)
@settings(max_examples=50)
def test_what_is_signed_is_believed(
    scheme: ModuleType, pairs: dict[str, str], body: bytes, token: str | None
) -> None:
    # No name of theirs is one of the scheme's own: those start with a capital.
    query = urlencode({f"p{name}": value for name, value in pairs.items()})
    if scheme is sdk_hmac_sha256:
        query = query.replace("+", "%20")
    plain = {
        sdk_hmac_sha256: ("PUT", "/v1.0/a/asset/cover"),
        acs3_hmac_sha256: ("POST", "/"),
        rpc_hmac_sha1: ("POST", "/"),
    }[scheme]
    request = RawRequest(
        *plain,
        query,
        (
            ("host", "vendor.example"),
            ("content-type", "application/json"),
            ("x-acs-action", "A"),
            ("x-acs-version", "1"),
        ),
        b"" if scheme is rpc_hmac_sha1 else body,
    )

    claim = check(scheme, signed(scheme, request, TEMPORARY_KEY._replace(security_token=token)))

    assert claim.security_token == token
