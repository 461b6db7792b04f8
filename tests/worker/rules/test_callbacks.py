"""Callback URLs: what can never be called is refused when it is named."""

from typing import Any

import pytest

from worker.rules.callbacks import callback_mistake

STRICT: dict[str, Any] = {
    "allow_http": False,
    "allow_private_addresses": False,
    "allowed_ports": (443,),
}
OWN: dict[str, Any] = {"allow_http": True, "allow_private_addresses": True, "allowed_ports": (443,)}


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://example.com/hook", id="https"),
        pytest.param("https://example.com/hook?token=secret#part", id="query-and-fragment"),
        pytest.param("https://example.com:443", id="the-port-that-is-allowed"),
        pytest.param("HTTPS://EXAMPLE.COM/", id="capitals"),
        pytest.param("https://8.8.8.8/", id="public-address"),
        pytest.param("https://xn--bcher-kva.example/", id="punycode"),
    ],
)
def test_what_can_be_called_is_taken(url: str) -> None:
    assert callback_mistake(url, **STRICT) is None


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://example.com/hook", id="http"),
        pytest.param("ftp://example.com/hook", id="ftp"),
        pytest.param("example.com/hook", id="relative"),
        pytest.param("https:///hook", id="no-host"),
        pytest.param("https://example.com:8443/", id="another-port"),
        pytest.param("https://example.com:0/", id="port-0"),
        pytest.param("https://example.com:99999/", id="no-port"),
        pytest.param("https://user:pass@example.com/", id="user"),
        pytest.param("https://exa mple.com/", id="space"),
        pytest.param("https://example.com/\n", id="control-character"),
        pytest.param("https://bücher.example/", id="not-ascii"),
        pytest.param("https://127.0.0.1/", id="loopback"),
        pytest.param("https://[::1]/", id="loopback-6"),
        pytest.param("https://10.0.0.1/", id="private"),
        pytest.param("https://169.254.169.254/latest", id="metadata"),
        pytest.param("https://2130706433/", id="an-address-as-a-number"),
    ],
)
def test_what_could_never_be_called_is_refused(url: str) -> None:
    assert callback_mistake(url, **STRICT)


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        pytest.param("http://127.0.0.1:9000/hook", True, id="a-receiver-of-your-own"),
        pytest.param("https://10.0.0.1:8443/hook", True, id="private"),
        pytest.param("http://169.254.169.254/latest", False, id="metadata-never"),
    ],
)
def test_receivers_of_ones_own_are_called_where_the_settings_say_so(
    url: str, is_taken: bool
) -> None:
    assert (callback_mistake(url, **OWN) is None) == is_taken
