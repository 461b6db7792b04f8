import inspect
import ssl

import httpcore2
import httpx2
import pytest

from worker.errors import CODES
from worker.net import failures
from worker.net.failures import FAILURES, OUR_MISTAKES, RequestFailedError, reason_of, translated


def _exceptions_of(module: object) -> list[type[Exception]]:
    return [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and not issubclass(kind, Warning)
    ]


@pytest.mark.parametrize(
    "kind",
    sorted({*_exceptions_of(httpx2), *_exceptions_of(httpcore2)}, key=str),
    ids=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
def test_every_exception_of_the_http_stack_has_a_row(kind: type[Exception]) -> None:
    assert (kind in FAILURES) != (kind in OUR_MISTAKES)


def test_every_exception_of_the_guard_has_a_row() -> None:
    guards = {
        kind
        for kind in _exceptions_of(failures)
        if issubclass(kind, failures.GuardError) and kind is not failures.GuardError
    }

    assert guards <= set(FAILURES)


def test_every_reason_is_the_second_half_of_a_source_code() -> None:
    assert {f"source.{reason}" for reason in FAILURES.values()} <= set(CODES)


def test_a_bad_certificate_is_told_from_an_unreachable_host() -> None:
    bad = httpcore2.ConnectError("no")
    bad.__cause__ = ssl.SSLCertVerificationError("self-signed")

    assert reason_of(bad) == "tls"
    assert reason_of(httpcore2.ConnectError("refused")) == "unreachable"


def test_a_broken_protocol_means_missing_bytes_only_in_a_body() -> None:
    broken = httpcore2.RemoteProtocolError("peer closed")

    assert reason_of(broken) == "unreachable"
    assert reason_of(broken, in_body=True) == "truncated"


def test_the_first_exception_stays_the_cause() -> None:
    with pytest.raises(RequestFailedError) as caught, translated():
        raise httpx2.ReadTimeout("slow")

    assert caught.value.reason == "timeout"
    assert isinstance(caught.value.__cause__, httpx2.ReadTimeout)


def test_a_mistake_of_ours_is_not_dressed_up() -> None:
    with pytest.raises(httpx2.StreamConsumed), translated():
        raise httpx2.StreamConsumed
