import gzip
import json
import time
from typing import Any

import pytest

from tests.fakes.control import Control
from tests.fakes.running import PROJECT_ID
from tests.http_server import Handler, MediaServer, whole
from worker.errors import ProviderError
from worker.net.deadline import nothing_sent_after
from worker.net.temporary_keys import TemporaryKeys, access_keys, key_of, unix_s_of
from worker.signing.wire import AccessKey

END, END_S = "2026-01-02T03:04:05Z", 1767323045.0
FORMS: dict[str, Any] = {
    "huawei": {
        "credential": {
            "access": "AK",
            "secret": "SK",
            "securitytoken": "T",
            "expires_at": "2026-01-02T03:04:05.000000Z",
        }
    },
    "huawei-newer": {
        "credentials": {
            "access_key_id": "AK",
            "secret_access_key": "SK",
            "security_token": "T",
            "expiration": END,
        }
    },
    "alibaba": {
        "Code": "Success",
        "AccessKeyId": "AK",
        "AccessKeySecret": "SK",
        "SecurityToken": "T",
        "Expiration": END,
        "LastUpdated": "2026-01-01T03:04:05Z",
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_tells_key_token_and_end(form: str) -> None:
    assert key_of(json.dumps(FORMS[form]).encode()) == (AccessKey("AK", "SK", "T"), END_S)


def test_a_key_may_have_neither_token_nor_end() -> None:
    told = {"AccessKeyId": "AK", "AccessKeySecret": "SK"}
    assert key_of(json.dumps(told).encode()) == (AccessKey("AK", "SK"), None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"canary-role",
        b'{"credential": "canary"}',
        b'{"credential": {"access": "canary"}}',
        b'{"AccessKeyId": "canary", "AccessKeySecret": ""}',
        b'{"Code": "Failed", "AccessKeyId": "canary", "AccessKeySecret": "canary"}',
        b"[" * 60_000,
    ],
)
def test_what_tells_no_key_is_refused_without_being_repeated(body: bytes) -> None:
    with pytest.raises(ProviderError, match="tells no key") as caught:
        key_of(body)
    assert caught.value.code == "provider.unavailable"
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "at_s"),
    [(END, END_S), ("2026-01-02T03:04:05", END_S), ("2026-01-02T04:04:05+01:00", END_S)]
    + [(odd, None) for odd in ("soon", "", None, 7)],
)
def test_ends_are_read_leniently(text: object, at_s: float | None) -> None:
    assert unix_s_of(text) == at_s


def test_huaweis_metadata_server_is_asked_with_its_token(huawei_vod: Control) -> None:
    url = huawei_vod.do("hand_out_keys", project_id=PROJECT_ID)

    key, ends_s = TemporaryKeys(url).fetch()

    assert key.security_token
    assert ends_s is not None
    assert [entry["call"] for entry in huawei_vod.journal()] == ["metadata_token", "temporary_key"]


def test_alibabas_metadata_server_is_asked_for_its_role_first(alibaba: Control) -> None:
    listing = alibaba.do("hand_out_keys")

    by_listing, _ = TemporaryKeys(listing).fetch()
    by_name, _ = TemporaryKeys(f"{listing}firstframe-role").fetch()

    assert by_listing == by_name
    assert by_name.security_token


def test_a_metadata_server_that_knows_no_tokens_is_asked_without(media_server: MediaServer) -> None:
    path = "/openstack/latest/securitykey"
    url = media_server.serve(path, whole(json.dumps(FORMS["huawei"]).encode()))

    assert TemporaryKeys(url).fetch().value.id == "AK"


def test_a_server_that_packs_what_it_may_is_asked_for_plain_bytes(
    media_server: MediaServer,
) -> None:
    plain = json.dumps(FORMS["alibaba"]).encode()

    def answer(handler: Handler) -> None:
        if "gzip" in handler.headers.get("Accept-Encoding", ""):
            handler.answer(200, gzip.compress(plain), **{"Content-Encoding": "gzip"})
        else:
            handler.answer(200, plain)

    assert TemporaryKeys(media_server.serve("/key", answer)).fetch().value.id == "AK"


def test_an_answer_that_drips_ends_soon(media_server: MediaServer) -> None:
    def drip(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(40):
            handler.wfile.write(b" ")
            time.sleep(0.05)

    url, began_s = media_server.serve("/key", drip), time.monotonic()

    with nothing_sent_after(began_s + 0.4), pytest.raises(ProviderError, match="timeout"):
        TemporaryKeys(url).fetch()
    assert time.monotonic() - began_s < 1.5


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, b""), (302, b""), (500, b"{}"), (200, b" " * 70_000), (200, b"{}")],
    ids=["missing", "redirect", "failing", "too-long", "no-key"],
)
def test_a_url_that_gives_no_key_is_unavailable(
    media_server: MediaServer, status: int, body: bytes
) -> None:
    def answer(handler: Handler) -> None:
        handler.answer(status, body, Location="http://127.0.0.1:9/")

    url = f"{media_server.serve('/key', answer)}?canary"

    with pytest.raises(ProviderError) as caught:
        TemporaryKeys(url).fetch()
    assert caught.value.code == "provider.unavailable"
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/canary", "nonsense://canary", "http://[::bad/canary"]
)
def test_a_url_that_cannot_be_read_is_unavailable(url: str) -> None:
    with pytest.raises(ProviderError, match="credentials_url") as caught:
        TemporaryKeys(url).fetch()
    assert caught.value.code == "provider.unavailable"


def test_the_settings_key_is_used_where_no_url_is_set() -> None:
    key = AccessKey("AK", "SK")
    assert access_keys(key, None).get() is key
