"""The scan itself: it finds a canary in every form, and says where without saying the canary."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.e2e.canaries.planted import Planted
from tests.e2e.canaries.scanning import Allowed, Output, scan


@pytest.fixture
def planted() -> Planted:
    planted = Planted()
    planted.draw("one")
    planted.draw("other")
    return planted


FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda secret: f"a={secret}",
    "url": lambda secret: quote(secret, safe=""),
    "json": lambda secret: json.dumps({"a": f"é{secret}"}),
    "hex": lambda secret: secret.encode().hex(),
    "upper-case-hex": lambda secret: secret.encode().hex().upper(),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "inside-base64-1": lambda secret: base64.b64encode(f"x{secret}y".encode()).decode(),
    "inside-base64-2": lambda secret: base64.b64encode(f"xx{secret}".encode()).decode(),
    "inside-base64-3": lambda secret: base64.b64encode(f"xxx{secret}y".encode()).decode(),
    "url-safe-base64": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
    "cut": lambda secret: f"what is cut: {secret[:14]}",
    "rest": lambda secret: f"{secret[-12:]} is left",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("place", range(9))
def test_a_canary_is_found_in_every_form_at_every_place(
    planted: Planted, form: Callable[[str], str], place: int
) -> None:
    (secret,) = planted.among("one")
    data = b"." * (100 + place) + form(secret).encode() + b"." * 9

    (hit,) = scan(planted, [Output("nothing", b"no canary"), Output("log", data)], ()).hits

    assert (hit.canary, hit.output) == ("one", "log")
    assert secret not in str(hit)


def test_what_is_allowed_is_counted_and_no_hit(planted: Planted) -> None:
    (secret,) = planted.among("one")
    allowed = Allowed("o*", "redis *", "it is used from there")
    outputs = [Output(name, secret.encode()) for name in ("redis key", "log")]

    found = scan(planted, outputs, (allowed,))

    assert [hit.output for hit in found.hits] == ["log"]
    assert found.allowed == {allowed: 1}
    assert (found.canaries, found.outputs) == (2, 2)
