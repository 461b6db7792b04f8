"""`Prefer: wait` as RFC 7240 says it."""

import pytest

from api.prefer import wait_s


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param([], None, id="no-header"),
        pytest.param(["wait=10"], 10, id="plain"),
        pytest.param(["wait=0"], 0, id="zero"),
        pytest.param(["wait=60"], 60, id="the-most"),
        pytest.param(["wait=3600"], 60, id="more-than-the-most"),
        pytest.param(["Wait = 10"], 10, id="any-case-and-spaces"),
        pytest.param(['wait="7"'], 7, id="quoted"),
        pytest.param(["respond-async, wait=5"], 5, id="several-in-one-header"),
        pytest.param(["respond-async", "wait=5"], 5, id="several-headers"),
        pytest.param(["wait=5; loudly=yes"], 5, id="with-a-parameter"),
        pytest.param(["return=minimal; foo; bar=baz, wait=3"], 3, id="after-parameters"),
        pytest.param(['say="a, wait=9", wait=4'], 4, id="a-comma-in-quotes"),
        pytest.param(['say="\\", wait=9", wait=4'], 4, id="a-quote-in-quotes"),
        pytest.param(["wait=1, wait=2"], 1, id="the-first-counts"),
        pytest.param(["wait=1", "wait=2"], 1, id="the-first-header-counts"),
        pytest.param([", ,wait=6"], 6, id="empty-elements"),
        pytest.param(["@@@, wait=6"], 6, id="after-a-malformed-one"),
        pytest.param(["wait"], None, id="no-value"),
        pytest.param(["wait="], None, id="empty-value"),
        pytest.param(["wait=-1"], None, id="negative"),
        pytest.param(["wait=1.5"], None, id="fraction"),
        pytest.param(["wait=soon"], None, id="a-word"),
        pytest.param(["wait=٣"], None, id="digits-that-are-not-ascii"),
        pytest.param(["wait=" + "9" * 50], None, id="absurdly-long"),
        pytest.param(["await=5"], None, id="another-name"),
    ],
)
def test_how_long_the_caller_waits(headers: list[str], expected: int | None) -> None:
    assert wait_s(headers) == expected
