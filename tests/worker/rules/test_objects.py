from collections.abc import Callable

import pytest

from worker.errors import RequestError
from worker.rules.objects import MAX_LINK_LIFE_S, check_link, check_public, check_put

COVER = "covers/ab/cd.jpg"
UPLOAD = "uploads/acme/one"


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(lambda: check_put(COVER, "image/jpeg"), id="cover"),
        pytest.param(lambda: check_put(UPLOAD, "application/octet-stream"), id="upload"),
        pytest.param(lambda: check_public(COVER), id="public"),
        pytest.param(lambda: check_link(UPLOAD, 1), id="a-second"),
        pytest.param(lambda: check_link(UPLOAD, MAX_LINK_LIFE_S), id="a-week"),
    ],
)
def test_what_is_allowed_passes(check: Callable[[], None]) -> None:
    check()


@pytest.mark.parametrize(
    ("check", "said"),
    [
        pytest.param(lambda: check_put("../a.jpg", "image/jpeg"), "key", id="put-no-key"),
        pytest.param(lambda: check_put(COVER, "image/png"), "image/jpeg", id="put-other-type"),
        pytest.param(lambda: check_public("/etc/passwd"), "key", id="public-no-key"),
        pytest.param(lambda: check_public(UPLOAD), "public", id="public-private"),
        pytest.param(lambda: check_link("", 60), "key", id="link-no-key"),
        pytest.param(lambda: check_link(UPLOAD, 0), "seconds", id="link-dead"),
        pytest.param(lambda: check_link(UPLOAD, MAX_LINK_LIFE_S + 1), "seconds", id="link-long"),
    ],
)
def test_what_is_refused_is_named(check: Callable[[], None], said: str) -> None:
    with pytest.raises(RequestError, match=said) as refused:
        check()

    assert refused.value.code == "request.invalid"
