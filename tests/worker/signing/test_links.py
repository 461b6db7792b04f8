from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.signing.links import sign, verify

LINK = {"method": "GET", "key": "uploads/acme/one", "secret": "s3cret"}


def opened(query: str, *, now_s: float = 1000, **changes: Any) -> bool:
    parts = {name: values[0] for name, values in parse_qs(query).items()}
    return verify(**{**LINK, **parts, "now_s": now_s, **changes})


def test_a_link_opens_what_it_was_signed_for() -> None:
    assert opened(sign(**LINK, expires_s=1060))


def test_a_link_has_a_known_form() -> None:
    """So that links given out stay good over releases."""
    query = sign(method="GET", key="uploads/acme/one", expires_s=1700000000, secret="s3cret")

    assert query == (
        "expires=1700000000"
        "&signature=deffffc7c6615ee81999899b3fc062bb02b6f669fecbaaa9bf3dae34036f88ef"
    )


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"now_s": 1060}, id="expired"),
        pytest.param({"method": "PUT"}, id="other-method"),
        pytest.param({"key": "uploads/acme/two"}, id="other-key"),
        pytest.param({"secret": "other"}, id="other-secret"),
        pytest.param({"expires": "9999"}, id="later-expiry"),
        pytest.param({"expires": ""}, id="no-expiry"),
        pytest.param({"expires": "-1"}, id="negative-expiry"),
        pytest.param({"expires": "1060\n"}, id="newline"),
        pytest.param({"expires": "١٠٦٠"}, id="other-digits"),
        pytest.param({"expires": "9" * 5000}, id="endless-expiry"),
        pytest.param({"signature": ""}, id="no-signature"),
        pytest.param({"secret": ""}, id="no-secret"),
        pytest.param({"signature": "ä" * 64}, id="not-ascii"),
        pytest.param({"signature": "\ud800"}, id="lone-surrogate"),
    ],
)
def test_a_changed_or_old_link_opens_nothing(changes: dict[str, Any]) -> None:
    assert not opened(sign(**LINK, expires_s=1060), **changes)


def test_an_empty_secret_opens_nothing() -> None:
    link = {"method": "GET", "key": "uploads/acme/one", "secret": ""}

    assert not opened(sign(**link, expires_s=1060), secret="")


@given(
    method=st.text(),
    key=st.text(alphabet=st.characters(), max_size=40),
    secret=st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"])),
    expires_s=st.integers(0, 10**12 - 1),
    flipped=st.integers(0, 63),
)
def test_only_the_very_signature_opens(
    method: str, key: str, secret: str, expires_s: int, flipped: int
) -> None:
    link = {"method": method, "key": key, "secret": secret}
    expires, signature = (
        part.partition("=")[2] for part in sign(**link, expires_s=expires_s).split("&")
    )
    changed = "0" if signature[flipped] != "0" else "1"
    tampered = signature[:flipped] + changed + signature[flipped + 1 :]
    now_s = expires_s - 1

    assert verify(**link, expires=expires, signature=signature, now_s=now_s)
    assert not verify(**link, expires=expires, signature=tampered, now_s=now_s)
