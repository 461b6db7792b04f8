"""What failures of ours are called by the vendor."""

from typing import get_args

import pytest

from api.dialects.alibaba.errors import BY_REASON, CODES, refusal_of
from api.dialects.callers import CallReason, CallRefused
from worker.errors import CoverError, RequestError, StorageError
from worker.signing.wire import Reason

# Of keys that lock and of tokens, neither of which this vendor has.
ELSEWHERE = {"locked", "token"}


def reasons() -> set[str]:
    """Every reason that a call can be refused for."""
    others = {each for each in get_args(CallReason)[1:] for each in get_args(each) or (each,)}
    return {*get_args(Reason), *others}


def test_every_reason_that_a_call_can_be_refused_for_has_a_code() -> None:
    assert reasons() - ELSEWHERE == set(BY_REASON)
    assert set(BY_REASON.values()) <= set(CODES)


@pytest.mark.parametrize("reason", sorted(BY_REASON))
def test_a_refused_call_is_told_with_a_colon_in_its_message(reason: CallReason) -> None:
    told = refusal_of(CallRefused(reason, "something is wrong"))
    assert told.message.split(":")[1] == " something is wrong."


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RequestError("queue.unavailable"), 503, "ServiceUnavailable"),
        (StorageError("storage.unavailable"), 503, "ServiceUnavailable"),
        (RequestError("request.too_large"), 413, "RequestEntityTooLarge"),
        (RequestError("request.timeout"), 408, "RequestTimeout"),
        (RequestError("account.key"), 500, "InternalError"),
        (RequestError("job.state", "a detail of ours"), 500, "InternalError"),
    ],
    ids=str,
)
def test_failures_of_ours_have_codes_of_the_vendors(
    error: CoverError, status: int, code: str
) -> None:
    told = refusal_of(error)
    assert (told.status, told.code) == (status, code)
