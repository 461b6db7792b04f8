import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.smh_files import crc64
from tests.fakes.smh_vendor import SmhVendor
from tests.worker.rules.test_webhooks import COVER, RECORD
from worker.contracts.targets import SmhTarget
from worker.errors import ProviderError
from worker.ports.recording import CoverCopy, Receipt, Shown
from worker.providers.tencent_smh import TencentSmhProvider
from worker.rules.smh_writes import LABEL_PREFIX
from worker.state.connection import connect
from worker.state.tokens import VendorTokens

PICTURE = b"a picture of faces"
COPY = CoverCopy(COVER, lambda: PICTURE, RECORD)
TARGET = SmhTarget(provider="tencent_smh", library_id="smh1", path="trip/a b é.mp4")
BESIDE = ("trip", "a b é.mp4.cover.jpg")
LABEL = f"{LABEL_PREFIX}{COVER.url}"
Make = Callable[..., TencentSmhProvider]
# Every call of a record that changes something at last, and whether its outcome is then open.
STEPS = {
    "beside": [("info", False), ("begin", False), ("send", False), ("confirm", True)],
    "label": [("details", False), ("labels", True)],
}
ROWS = [(mode, step, unsure) for mode, steps in STEPS.items() for step, unsure in steps]


@pytest.fixture
def vendor(smh_vendor: SmhVendor) -> SmhVendor:
    smh_vendor.put("trip/a b é.mp4", b"film", type="video", fields={"labels": ["ours", "cover"]})
    return smh_vendor


@pytest.fixture
def make(vendor: SmhVendor, one_redis_url: str) -> Iterator[Make]:
    """Makes providers with a profile that fits the fake."""
    with ExitStack() as opened:
        client = connect(one_redis_url, timeout_s=5, connect_timeout_s=5)
        opened.enter_context(client)
        client.flushdb()

        def made(mode: str, **how: Any) -> TencentSmhProvider:
            given: dict[str, Any] = {
                "base_url": vendor.api_url,
                "library_id": vendor.library_id,
                "library_secret": vendor.secret,
                "link_hosts": [vendor.storage_host],
                "token_period_s": 3600,
                "tokens": VendorTokens(client, vendor.secret),
                "mode": mode,
                "timeout_s": 5,
                "allow_private_addresses": True,
                "account": "tencent_smh/main",
            }
            return opened.enter_context(closing(TencentSmhProvider(**{**given, **how})))

        yield made


def failure(
    provider: TencentSmhProvider, target: SmhTarget = TARGET, copy: CoverCopy = COPY
) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        provider.record(target, copy)
    return caught.value


def labels(vendor: SmhVendor) -> Any:
    file = vendor.find("-", ("trip", "a b é.mp4"))
    assert file is not None
    return file.fields["labels"]


def stands(vendor: SmhVendor, mode: str) -> bool:
    """Whether the cover is there, by the fake's own word."""
    file = vendor.find("-", BESIDE)
    by_file = file is not None and file.body == PICTURE
    return by_file if mode == "beside" else LABEL in labels(vendor)


def test_a_cover_is_uploaded_beside_its_medium(make: Make, vendor: SmhVendor) -> None:
    provider = make("beside")

    receipt = provider.record(TARGET, COPY)

    assert receipt == Receipt("r-1", f"crc64:{crc64(PICTURE)}")
    shown = provider.read(TARGET)
    assert shown is not None
    assert shown.reference == receipt.reference
    assert provider.shows(shown, COPY, TARGET, receipt.reference)
    assert provider.shows(shown, COPY, TARGET, None)
    assert vendor.find("-", BESIDE).body == PICTURE  # type: ignore[union-attr]


def test_a_second_cover_takes_the_place_of_the_first(make: Make, vendor: SmhVendor) -> None:
    provider = make("beside")
    other = COPY._replace(read=lambda: b"another")

    for copy in (COPY, COPY, other):
        provider.record(TARGET, copy)

    shown = provider.read(TARGET)
    assert shown is not None
    assert provider.shows(shown, other, TARGET, None)
    assert not provider.shows(shown, COPY, TARGET, None)
    assert len(vendor.directories["-", ("trip",)]) == 2
    assert len(vendor.journal.changes()) == 2


def test_a_label_takes_the_place_of_the_cover_label_and_of_no_other(
    make: Make, vendor: SmhVendor
) -> None:
    provider = make("label")
    older = COVER.model_copy(update={"url": "https://covers.example/older.jpg"})

    provider.record(TARGET, COPY._replace(cover=older))
    receipt = provider.record(TARGET, COPY)

    assert labels(vendor) == ["ours", "cover", LABEL]
    shown = provider.read(TARGET)
    assert (receipt.reference, shown) == (COVER.url, Shown(COVER.url))
    assert shown is not None
    assert provider.shows(shown, COPY, TARGET, None)


@pytest.mark.parametrize("mode", STEPS)
def test_without_a_cover_nothing_is_shown(make: Make, mode: str) -> None:
    provider = make(mode)

    shown = provider.read(TARGET)

    assert shown is not None
    assert shown.reference is None
    assert not provider.shows(shown, COPY, TARGET, None)


@pytest.mark.parametrize("mode", STEPS)
def test_a_medium_that_is_not_there_is_not_found_and_nothing_is_left(
    make: Make, vendor: SmhVendor, mode: str
) -> None:
    gone = TARGET.model_copy(update={"path": "trip/gone.mp4"})

    assert failure(make(mode), gone).code == "provider.not_found"
    assert vendor.journal.changes(net=False) == []


@pytest.mark.parametrize("path", ["..", "trip/../a.mp4", "/", "./."])
def test_no_path_leads_out_of_its_space(make: Make, vendor: SmhVendor, path: str) -> None:
    target = TARGET.model_copy(update={"path": path})

    assert failure(make("beside"), target).code == "provider.not_found"
    assert vendor.seen == []


@pytest.mark.parametrize(("mode", "step", "unsure"), ROWS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_that_breaks_leaves_open_only_what_may_have_happened(
    make: Make, vendor: SmhVendor, mode: str, step: str, unsure: bool, when: Any
) -> None:
    if step in {"info", "details"} and when == "after":
        return  # A read has no effect to break behind.
    vendor.sever(step, when)
    provider = make(mode)

    error = failure(provider)

    assert (error.code, error.unsure) == ("provider.unavailable", unsure)
    assert stands(vendor, mode) == (unsure and when == "after")
    provider.record(TARGET, COPY)
    assert len(vendor.journal.changes()) == 1


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(row[:2]))
@pytest.mark.parametrize(
    ("status", "word", "code"),
    [
        (429, "RateLimitExceeded", "provider.throttled"),
        (503, "ServerOverloaded", "provider.unavailable"),
        (400, "ParamInvalid", "provider.rejected"),
        (403, "NoPermission", "provider.auth"),
        (404, "SpaceNotFound", "provider.not_found"),
        (302, "", "provider.unavailable"),
    ],
)
def test_a_refusal_is_told_by_its_kind(
    make: Make, vendor: SmhVendor, row: tuple[str, str, bool], status: int, word: str, code: str
) -> None:
    mode, step, unsure = row
    if step == "send":
        vendor.faults.storage = [(status, word)]
        code = "provider.unavailable" if status == 403 else code
    else:
        vendor.fail(step, status, word, Retry_After="7")

    error = failure(make(mode))

    assert error.code == code
    assert error.unsure == (unsure and code == "provider.unavailable")
    assert "canary" not in f"{error}{error.facts()}"
    if step != "send" and status in {429, 503}:
        assert error.delay_s == 7


@pytest.mark.parametrize(("mode", "step", "unsure"), ROWS)
def test_a_token_that_ended_is_replaced_once(
    make: Make, vendor: SmhVendor, mode: str, step: str, unsure: bool
) -> None:
    if step == "send":
        return  # No token goes to storage.
    vendor.fail(step, 403, "InvalidAccessToken")

    make(mode).record(TARGET, COPY)

    assert stands(vendor, mode)
    assert vendor.calls["token"] == 2


@pytest.mark.parametrize(
    ("mode", "grant"), [("beside", "upload_file_force"), ("label", "space_admin")]
)
def test_a_token_may_do_no_more_than_is_needed_and_is_shared(
    make: Make, vendor: SmhVendor, mode: str, grant: str
) -> None:
    make(mode).record(TARGET, COPY)
    make(mode).record(TARGET, COPY)

    assert [scope["grant"] for scope in vendor.tokens.values()] == [grant]


def test_a_user_is_named_in_the_token_and_in_calls(make: Make, vendor: SmhVendor) -> None:
    make("label").record(TARGET.model_copy(update={"user_id": "u1"}), COPY)

    assert [scope["user"] for scope in vendor.tokens.values()] == ["u1"]
    [seen] = vendor.of_kind("labels")
    assert parse_qs(urlsplit(seen.target).query)["user_id"] == ["u1"]


@pytest.mark.parametrize("mode", STEPS)
def test_a_wrong_secret_is_told_without_it(make: Make, vendor: SmhVendor, mode: str) -> None:
    error = failure(make(mode, library_secret="wrong-canary-secret"))

    assert error.code == "provider.auth"
    assert "canary" not in f"{error}{error!r}{error.__cause__!r}"


def test_an_upload_confirmed_before_is_done(make: Make, vendor: SmhVendor) -> None:
    vendor.fail("confirm", 409, "UploadComplete")

    assert make("beside").record(TARGET, COPY).reference == f"crc64:{crc64(PICTURE)}"


@pytest.mark.parametrize("word", ["UploadIncomplete", "BadCrc64", "ConfirmKeyNotFound"])
def test_an_upload_that_went_wrong_is_tried_again(make: Make, vendor: SmhVendor, word: str) -> None:
    vendor.fail("confirm", 400, word)

    assert failure(make("beside")).code == "provider.unavailable"


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"<html>", b'{"domain": "a/b", "path": "/x", "headers": {}, "confirmKey": "k"}'],
)
def test_an_answer_that_makes_no_sense_is_no_upload(
    make: Make, vendor: SmhVendor, body: bytes
) -> None:
    provider = make("beside")
    provider.read(TARGET)
    vendor.faults.body = body

    assert failure(provider).code == "provider.unavailable"
    assert vendor.journal.changes(net=False) == []


def test_storage_is_where_the_profile_says_and_nowhere_else(make: Make, vendor: SmhVendor) -> None:
    error = failure(make("beside", link_hosts=["elsewhere.example"]))

    assert (error.code, error.unsure) == ("provider.unavailable", False)
    assert vendor.of_kind("send") == []


def test_no_token_goes_to_storage(make: Make, vendor: SmhVendor) -> None:
    make("beside").record(TARGET, COPY)

    [sent] = vendor.of_kind("send")
    assert not any(token in f"{sent}" for token in vendor.tokens)


@pytest.mark.parametrize(
    ("mode", "change", "code"),
    [
        ("beside", {"content_type": "image/webp"}, "provider.unsupported"),
        ("label", {"url": None}, "provider.url_unfit"),
        ("none", {}, "provider.unsupported"),
    ],
)
def test_what_cannot_be_left_is_refused_before_any_call(
    make: Make, vendor: SmhVendor, mode: str, change: dict[str, Any], code: str
) -> None:
    copy = COPY._replace(cover=COVER.model_copy(update=change))

    assert failure(make(mode), copy=copy).code == code
    assert vendor.journal.changes(net=False) == []


def test_another_library_is_not_the_profiles(make: Make, vendor: SmhVendor) -> None:
    other = TARGET.model_copy(update={"library_id": "smh2"})

    assert failure(make("beside"), other).code == "provider.not_allowed"
    assert vendor.seen == []


@pytest.mark.parametrize(("mode", "step"), [("beside", "begin"), ("label", "labels")])
def test_what_would_be_sent_is_what_is_sent(
    make: Make, vendor: SmhVendor, mode: str, step: str
) -> None:
    provider = make(mode)
    would = provider.would_send(TARGET, COVER)
    assert vendor.seen == []

    provider.record(TARGET, COPY)

    [seen] = vendor.of_kind(step)
    assert seen.method == would["method"]
    assert seen.target.partition("?")[0] == urlsplit(would["url"]).path
    assert set(parse_qs(urlsplit(would["url"]).query)) <= set(parse_qs(urlsplit(seen.target).query))
    assert "canary" not in json.dumps(dict(would))


def test_a_vendor_that_tells_no_checksum_cannot_be_read_back(make: Make, vendor: SmhVendor) -> None:
    provider = make("beside")
    provider.record(TARGET, COPY)
    file = vendor.find("-", BESIDE)
    assert file is not None
    file.fields["crc64"] = None

    assert provider.read(TARGET) is None


def test_its_looks_tell_no_secret(make: Make) -> None:
    assert "canary" not in repr(make("beside"))
