"""The rows about signing: both sides sign, in turn, and where theirs is missing ours is told."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.dialects.callers import Scheme
from worker.commands.bench_signing import OURS, THEIRS, row_of, vendors_program
from worker.signing import acs3_hmac_sha256, rpc_hmac_sha1, sdk_hmac_sha256

SECRET = "s3cr3t" * 5


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("SDK-HMAC-SHA256", sdk_hmac_sha256),
        ("ACS3-HMAC-SHA256", acs3_hmac_sha256),
        ("RPC v1", rpc_hmac_sha1),
    ],
)
def test_what_is_signed_is_a_complete_request(name: str, scheme: Scheme) -> None:
    request = OURS[name]()

    claim = scheme.read(request)
    scheme.verify(request, claim, SECRET, now=datetime.now(UTC))
    again = OURS[name]()
    assert name == "SDK-HMAC-SHA256" or scheme.read(again).nonce != claim.nonce


@pytest.mark.vendors
def test_the_vendors_own_clients_sign_with_every_scheme(vendors_python: Path) -> None:
    assert vendors_python.exists()
    with vendors_program() as sign:
        assert all(sign(name) > 0 for name in OURS)


def test_without_the_vendors_clients_the_row_tells_ours_and_fails_nothing() -> None:
    row = row_of("RPC v1", [(None, 0.2), (None, 0.4), (None, 0.3)])

    assert (row.ours_took, row.theirs_took, row.ratio) == (0.3, None, None)
    assert row.reached


@pytest.mark.parametrize(
    ("ours_s", "reached"), [(0.9, True), (1.0, True), (1.1, False)], ids=["less", "as-much", "more"]
)
def test_ours_is_to_take_no_longer_than_theirs(ours_s: float, reached: bool) -> None:
    row = row_of("RPC v1", [(1.0, ours_s), (2.0, 2 * ours_s), (3.0, 3 * ours_s)])

    assert row.theirs == THEIRS
    assert row.reached is reached
