"""Requests that no client would send: read or refused, by one exception, in linear time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worker.signing.requests import check, every_scheme, signed, with_header
from worker.signing.wire import RawRequest, SignatureRefused


@contextmanager
def within(*, seconds: float) -> Iterator[None]:
    """Linear work on a megabyte takes milliseconds, quadratic work takes minutes."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < seconds


FIELDS = st.text(st.characters(max_codepoint=0xFF), max_size=40)
PARAMETERS = st.sampled_from(
    ["Action", "Signature", "Timestamp", "SignatureNonce", "AccessKeyId", "SignatureMethod", "a"]
)
NAMES = st.sampled_from(
    ["Host", "X-Sdk-Date", "Authorization", "content-type", "x-acs-action", "x-acs-date", "x-a"]
)
AUTHORIZATIONS = st.builds(
    "{} {}={}, SignedHeaders={}, Signature={}".format,
    st.sampled_from(["SDK-HMAC-SHA256", "ACS3-HMAC-SHA256", ""]),
    st.sampled_from(["Access", "Credential"]),
    FIELDS,
    FIELDS | st.sampled_from(["host;x-sdk-date", "host", ";", "host;host"]),
    FIELDS | st.just("0" * 64),
)
REQUESTS = st.builds(
    RawRequest,
    method=FIELDS | st.sampled_from(["GET", "POST", "PUT"]),
    target=FIELDS | st.just("/"),
    query=FIELDS | st.lists(st.builds("{}={}".format, PARAMETERS, FIELDS)).map("&".join),
    headers=st.lists(st.tuples(NAMES | FIELDS, FIELDS | AUTHORIZATIONS)).map(tuple),
    body=st.binary(max_size=40),
)


@every_scheme
@given(request=REQUESTS)
def test_whatever_comes_is_read_or_refused(scheme: ModuleType, request: RawRequest) -> None:
    with suppress(SignatureRefused):
        check(scheme, request)


@st.composite
def genuine_then_broken(draw: st.DrawFn, scheme: ModuleType) -> RawRequest:
    """A genuine request of which one piece was replaced."""
    request = signed(scheme)
    kind = draw(st.sampled_from(["header", "query", "target", "method"]))
    if kind != "header":
        name = kind
        text = getattr(request, name)
        cut = draw(st.integers(0, len(text)))
        return request._replace(**{name: text[:cut] + draw(FIELDS) + text[cut + 1 :]})
    at = draw(st.integers(0, len(request.headers) - 1))
    pair = draw(st.tuples(NAMES | FIELDS, FIELDS | AUTHORIZATIONS))
    headers = (*request.headers[:at], pair, *request.headers[at + 1 :])
    return request._replace(headers=headers)


@every_scheme
@given(data=st.data())
def test_a_genuine_request_with_one_broken_piece_is_read_or_refused(
    scheme: ModuleType, data: st.DataObject
) -> None:
    request = data.draw(genuine_then_broken(scheme))
    with suppress(SignatureRefused):
        check(scheme, request)


PIECES = [b"a", b"%", b"%2", b"+", b"&", b"=", b"a=b&", b"\xff", b";", b",", b" ", b"host;"]


@every_scheme
@pytest.mark.parametrize("piece", PIECES, ids=repr)
@pytest.mark.parametrize("field", ["target", "query", "body", "Authorization", "Host"])
def test_a_megabyte_anywhere_is_read_or_refused_soon(
    scheme: ModuleType, field: str, piece: bytes
) -> None:
    text: Any = (piece * (1_000_000 // len(piece))).decode("latin-1")
    request = signed(scheme)
    if field == "body":
        form = ("Content-Type", "application/x-www-form-urlencoded")
        request = request._replace(body=text.encode("latin-1"), headers=(*request.headers, form))
    elif field in {"target", "query"}:
        request = request._replace(**{field: text})
    else:
        request = with_header(field, text)(request)

    with within(seconds=2), suppress(SignatureRefused):
        check(scheme, request)


@every_scheme
def test_thousands_of_headers_are_read_or_refused_soon(scheme: ModuleType) -> None:
    many = tuple((f"x-{number}", "") for number in range(100_000))
    request = signed(scheme)

    with within(seconds=2):
        check(scheme, request._replace(headers=(*request.headers, *many)))


@every_scheme
def test_thousands_of_parameters_are_refused_soon(scheme: ModuleType) -> None:
    query = "&".join(f"a{number}=" for number in range(100_000))

    with within(seconds=2), pytest.raises(SignatureRefused) as refused:
        check(scheme, signed(scheme)._replace(query=query))

    assert refused.value.reason == "malformed"
