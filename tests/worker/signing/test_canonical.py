"""The one form of requests, and that hostile ones are read or refused in linear time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worker.signing.requests import check, every_scheme, signed, with_header
from worker.signing import canonical
from worker.signing.wire import RawRequest, SignatureRefused


@contextmanager
def within(*, seconds: float) -> Iterator[None]:
    """Linear work on a megabyte takes milliseconds, quadratic work takes minutes."""
    begun = time.thread_time()
    yield
    assert time.thread_time() - begun < seconds


@pytest.mark.parametrize(
    ("query", "canonical_query"),
    [
        pytest.param("b=2&a=1", "a=1&b=2", id="sorted"),
        pytest.param("", "", id="empty"),
        pytest.param("&&a&", "a=", id="empty-parts"),
        pytest.param("a=b=c", "a=b%3Dc", id="equals-sign"),
        pytest.param("a=b=c&d", "a=b%3Dc&d=", id="as-many-equals-signs-as-parts"),
        pytest.param("a-=1&a=2", "a=2&a-=1", id="names-before-equals-signs"),
        pytest.param("a=2&a=1&a=", "a=&a=1&a=2", id="repeated"),
        pytest.param("aB=&a%5B=", "aB=&a%5B=", id="names-as-decoded"),
        pytest.param("a=%5B&a=B", "a=B&a=%5B", id="values-as-decoded"),
        pytest.param("a=%7e%41%2d%5f%2e%7E", "a=~A-_.~", id="needless-escapes"),
        pytest.param("a=-._~*'()!", "a=-._~%2A%27%28%29%21", id="marks"),
        pytest.param("a=%5f%5F%2D%7E%60%40", "a=__-~%60%40", id="escapes-next-to-unreserved"),
        pytest.param("a=+%2B%20", "a=%20%2B%20", id="spaces"),
        pytest.param("a=%e5%b0%81\xe5\xb0\x81", "a=%E5%B0%81%E5%B0%81", id="beyond-ascii"),
        pytest.param("a=%ff", "a=%FF", id="no-utf-8"),
        pytest.param("a=%zz%2", "a=%25zz%252", id="broken-escapes"),
    ],
)
def test_a_query_has_one_form(query: str, canonical_query: str) -> None:
    assert canonical.query(canonical.query_pairs(query, plus_is_space=True)) == canonical_query


@pytest.mark.parametrize("byte", range(256))
def test_every_byte_has_one_form(byte: int) -> None:
    """However it is written, it comes out as the library that both vendors use writes it."""
    expected = f"a={quote(bytes([byte]), safe='~')}"
    for written in (f"a=%{byte:02x}", f"a=%{byte:02X}"):
        assert canonical.query(canonical.query_pairs(written, plus_is_space=True)) == expected


@pytest.mark.parametrize(
    ("path", "canonical_path"),
    [
        pytest.param("/a/b", "/a/b", id="plain"),
        pytest.param("/%7e%61%2f", "/~a/", id="needless-escapes"),
        pytest.param("/a b+\xe5*", "/a%20b%2B%E5%2A", id="bare-reserved"),
        pytest.param("", "", id="empty"),
    ],
)
def test_a_path_has_one_form(path: str, canonical_path: str) -> None:
    assert canonical.path(path) == canonical_path


@pytest.mark.parametrize(
    ("value", "trimmed"),
    [
        pytest.param(" \ta b\t ", "a b", id="spaces"),
        pytest.param("a\xa0", "a\xa0", id="last-byte-of-a-letter"),
    ],
)
def test_only_what_is_space_on_the_wire_is_trimmed(value: str, trimmed: str) -> None:
    assert canonical.only({"a": [value]}, "a") == trimmed


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

    with within(seconds=20), suppress(SignatureRefused):
        check(scheme, request)


@every_scheme
def test_thousands_of_headers_are_read_or_refused_soon(scheme: ModuleType) -> None:
    many = tuple((f"x-{number}", "") for number in range(100_000))
    request = signed(scheme)

    with within(seconds=20):
        check(scheme, request._replace(headers=(*request.headers, *many)))


@every_scheme
def test_thousands_of_parameters_are_refused_soon(scheme: ModuleType) -> None:
    query = "&".join(f"a{number}=" for number in range(100_000))

    with within(seconds=20), pytest.raises(SignatureRefused) as refused:
        check(scheme, signed(scheme)._replace(query=query))

    assert refused.value.reason == "malformed"
