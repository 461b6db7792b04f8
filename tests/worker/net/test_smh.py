import time
from collections.abc import Callable, Iterator

import httpx2
import pytest

from tests.fakes.smh_vendor import SmhVendor
from worker.errors import SourceError
from worker.net.client import guarded_client
from worker.net.guard import Access
from worker.net.smh import SmhClient
from worker.net.stopwatch import Stopwatch
from worker.rules.smh_answers import SmhRefusedError

TOKEN = "acctk-canary-token"


@pytest.fixture
def vendor(smh_vendor: SmhVendor) -> SmhVendor:
    smh_vendor.put("trip/a.jpg", b"picture")
    smh_vendor.tokens[TOKEN] = {}
    return smh_vendor


@pytest.fixture
def client(vendor: SmhVendor) -> Iterator[SmhClient]:
    stopwatch = Stopwatch(8)
    access = Access(allow_private_addresses=True)
    with guarded_client(access, stopwatch, connect_timeout_s=2, stall_timeout_s=2) as http:
        yield SmhClient(http, stopwatch, vendor.api_url, "smh1", "-", None, lambda refused: TOKEN)


CALLS: dict[str, Callable[[SmhClient], object]] = {
    "directory": lambda client: client.list_page(("trip",), 1, "oldest"),
    "info": lambda client: client.info(("trip", "a.jpg"), None),
    "file": lambda client: client.download(("trip", "a.jpg"), None),
    "token": lambda client: client.create_token("library-canary-secret", 1200),
    "renew": lambda client: client.renew_token(TOKEN),
}
every_call = pytest.mark.parametrize("kind", CALLS)


def failure(client: SmhClient, kind: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        CALLS[kind](client)
    return caught.value


def whole_story(error: BaseException) -> str:
    """An error and everything that led to it, as a log would show them."""
    cause = error.__cause__ or error.__context__
    return f"{error}{error!r}{whole_story(cause) if cause else ''}"


@every_call
def test_what_may_pass_is_tried_again(vendor: SmhVendor, client: SmhClient, kind: str) -> None:
    vendor.fail(kind, 500, "InternalServerError", Retry_After="0")
    vendor.fail(kind, 429, "RateLimitExceeded", Retry_After="0")

    assert CALLS[kind](client)
    assert vendor.calls[kind] == client.requests == 3


def test_two_failures_of_the_server_and_then_all_is_well(
    vendor: SmhVendor, client: SmhClient
) -> None:
    vendor.fail("info", 500, "InternalServerError", times=2)

    assert client.info(("trip", "a.jpg"), None).link
    assert vendor.calls["info"] == 3


@every_call
def test_after_three_tries_the_failure_stands(
    vendor: SmhVendor, client: SmhClient, kind: str
) -> None:
    vendor.fail(kind, 503, "ServerOverloaded", times=9, Retry_After="0")

    assert failure(client, kind).code == "source.server_error"
    assert vendor.calls[kind] == 3


@every_call
@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "EmptyPath"), (403, "NoPermission"), (404, "FileNotFound"), (408, ""), (451, "")],
)
def test_other_refusals_are_final(
    vendor: SmhVendor, client: SmhClient, kind: str, status: int, code: str
) -> None:
    vendor.fail(kind, status, code, times=9)

    error = failure(client, kind)

    assert isinstance(error, SmhRefusedError)
    assert (error.status, error.vendor_code) == (status, code)
    assert vendor.calls[kind] == 1


def test_a_wait_that_is_asked_for_is_kept(vendor: SmhVendor, client: SmhClient) -> None:
    vendor.fail("info", 429, "RateLimitExceeded", Retry_After="1")
    started_s = time.monotonic()

    client.info(("trip", "a.jpg"), None)

    assert 1 <= time.monotonic() - started_s < 3
    assert client.stopwatch.left_s < 7.1


def test_a_wait_longer_than_the_time_left_is_left_to_the_job(
    vendor: SmhVendor, client: SmhClient
) -> None:
    vendor.fail("info", 429, "RateLimitExceeded", Retry_After="120")

    error = failure(client, "info")

    assert (error.code, error.delay_s) == ("source.throttled", 120)
    assert vendor.calls["info"] == 1


def test_nobody_listening_is_tried_three_times(client: SmhClient, closed_port: int) -> None:
    client.base_url = f"http://127.0.0.1:{closed_port}"
    started_s = time.monotonic()

    assert failure(client, "info").code == "source.unreachable"
    assert time.monotonic() - started_s < 4


@every_call
def test_an_answer_that_is_neither_yes_nor_no_is_rejected(
    vendor: SmhVendor, client: SmhClient, kind: str
) -> None:
    vendor.fail(kind, 304)

    assert failure(client, kind).code == "source.rejected"
    assert vendor.calls[kind] == 1


@pytest.mark.parametrize("kind", ["directory", "info", "token", "renew"])
def test_a_redirect_of_a_call_is_never_followed(
    vendor: SmhVendor, client: SmhClient, kind: str
) -> None:
    vendor.fail(kind, 302, "Found", Location=f"{vendor.api_url}/elsewhere")

    assert failure(client, kind).code == "source.rejected"
    assert [seen.kind for seen in vendor.seen] == [kind]


def test_a_download_gives_its_link_and_does_not_go_there(
    vendor: SmhVendor, client: SmhClient
) -> None:
    download = client.download(("trip", "a.jpg"), None)

    assert download.link is not None
    assert vendor.storage_host in download.link
    assert download.facts.size_bytes == 7
    assert vendor.calls["storage"] == 0


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>login</html>", id="html"),
        pytest.param(b"[]", id="no-object"),
        pytest.param(b"[" * 200_000, id="deep"),
        pytest.param(b'{"a": "' + b"x" * 5_000_000 + b'"}', id="endless"),
    ],
)
@pytest.mark.parametrize("kind", ["directory", "info", "token"])
def test_an_answer_that_cannot_be_read_is_rejected_at_once(
    vendor: SmhVendor, client: SmhClient, kind: str, body: bytes
) -> None:
    vendor.faults.body = body

    assert failure(client, kind).code == "source.rejected"
    assert vendor.calls[kind] == 1


def test_a_listing_without_contents_is_rejected(vendor: SmhVendor, client: SmhClient) -> None:
    vendor.faults.without_contents = True

    assert "contents" in failure(client, "directory").message


@pytest.mark.parametrize("code", ["NoPermission", "AccessTokenNotMatchSpace"])
def test_only_an_invalid_token_is_asked_for_again(
    vendor: SmhVendor, client: SmhClient, code: str
) -> None:
    asked: list[str | None] = []

    def token(refused: str | None) -> str:
        asked.append(refused)
        return TOKEN

    client.token = token
    vendor.fail("info", 403, code)
    error = failure(client, "info")
    vendor.fail("info", 403, "InvalidAccessToken")
    client.info(("trip", "a.jpg"), None)

    assert error.code == "source.forbidden"
    assert code in error.message
    assert asked == [None, None, TOKEN]


@every_call
def test_no_secret_and_no_word_of_the_vendors_is_in_an_error_or_a_log(
    vendor: SmhVendor, client: SmhClient, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    vendor.fail(kind, 400, "EmptyPath", times=9)

    refused = failure(client, kind)
    client.base_url, client.stopwatch = "http://127.0.0.1:1", Stopwatch(0.01)
    unreachable = failure(client, kind)

    told = caplog.text + whole_story(refused) + whole_story(unreachable)
    assert "canary" not in told


def test_names_travel_as_one_segment_each(vendor: SmhVendor, client: SmhClient) -> None:
    vendor.put("trip/ä +%2F?#.jpg")

    client.info(("trip", "ä +%2F?#.jpg"), None)

    assert "/file/smh1/-/trip/%C3%A4%20%2B%252F%3F%23.jpg?" in vendor.seen[-1].target


def test_the_list_is_asked_for_as_the_vendor_documents_it(
    vendor: SmhVendor, client: SmhClient
) -> None:
    client.list_page(("trip",), 1, "newest")
    client.list_after(("trip",), None)

    paged, marked = (dict(httpx2.URL(seen.target).params) for seen in vendor.seen)
    del paged["access_token"], marked["access_token"]
    assert paged == {
        "by-page": "1",
        "page": "1",
        "page_size": "20",
        "filter": "onlyFile",
        "order_by": "creationTime",
        "order_by_type": "desc",
    }
    assert marked == {"by-marker": "1", "limit": "100"}


def test_where_a_download_is_shown_its_signed_link_is_not(client: SmhClient) -> None:
    found = client.info(("trip", "a.jpg"), None)

    assert "q-signature=" in str(found.link)
    assert "q-signature" not in repr(found)


def test_the_secret_is_in_no_address_of_a_request(vendor: SmhVendor, client: SmhClient) -> None:
    assert client.create_token("library-canary-secret", 1200).life_s == 1200

    assert [seen.kind for seen in vendor.seen] == ["token"]
    assert "canary" not in vendor.seen[0].target
    assert vendor.seen[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize("word", ["EmptyLibraryId", "EmptyLibrarySecret", "EmptyLibraryIdOrSecret"])
def test_a_vendor_that_reads_no_bodies_is_told_the_secret_its_way(
    vendor: SmhVendor, client: SmhClient, word: str
) -> None:
    vendor.faults.reads_bodies, vendor.faults.secret_missed = False, word

    for _ in range(2):
        assert client.create_token("library-canary-secret", 1200).life_s == 1200

    assert ["canary" in seen.target for seen in vendor.seen] == [False, True, True]


def test_a_secret_that_is_wrong_is_sent_once(vendor: SmhVendor, client: SmhClient) -> None:
    with pytest.raises(SmhRefusedError, match="WrongLibraryIdOrSecret"):
        client.create_token("another-canary", 1200)

    assert vendor.calls["token"] == 1
    assert "canary" not in vendor.seen[0].target
