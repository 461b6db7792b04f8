import pytest

from tests.fakes.smh_vendor import SmhVendor
from tests.worker.net.network import Certificate
from tests.worker.sources.smh_reading import (
    SmhOpener,
    album,
    file,
    over_tls,
    read_whole,
    smh_source,
)

OLDEST, MIDDLE, NEWEST = (f"2024-03-0{day}T10:00:00.000Z" for day in (1, 2, 3))


def fill(vendor: SmhVendor) -> None:
    """An album whose order by name is not that of its upload times."""
    vendor.put("trip/b.jpg", b"middle", created=MIDDLE)
    vendor.put("trip/c.mp4", b"oldest", created=OLDEST, type="video")
    vendor.put("trip/a.jpg", b"newest", created=NEWEST)


@pytest.mark.parametrize(("first", "name"), [("oldest", "c.mp4"), ("newest", "a.jpg")])
def test_the_first_medium_by_upload_time_is_read(smh: SmhOpener, first: str, name: str) -> None:
    fill(smh.vendor)

    reader = smh(album(), first=first)

    assert read_whole(reader) == first.encode()
    assert reader.label == f"tencent_smh:smh1/-/trip/{name}"


def test_a_name_that_nothing_can_send_is_passed_over(smh: SmhOpener) -> None:
    smh.vendor.put("trip/\ud800.jpg", b"odd", created=OLDEST)
    smh.vendor.put("trip/b.jpg", b"good", created=NEWEST)

    assert read_whole(smh(album())) == b"good"


def test_without_an_album_the_first_medium_of_the_space_is_read(smh: SmhOpener) -> None:
    smh.vendor.put("only.jpg", b"in the space", space="team")

    assert read_whole(smh(album(None, space_id="team"))) == b"in the space"


@pytest.mark.parametrize("first", ["oldest", "newest"])
def test_ties_go_to_the_lesser_name_also_over_the_end_of_a_page(smh: SmhOpener, first: str) -> None:
    names = [f"{number:02}.jpg" for number in range(45)]
    for name in reversed(names):
        smh.vendor.put(f"trip/{name}", name.encode(), created=MIDDLE)

    assert read_whole(smh(album(), first=first)) == b"00.jpg"
    assert smh.vendor.calls["directory"] == 3


@pytest.mark.parametrize(
    ("how", "lists"),
    [
        pytest.param({"unsorted": True}, 2, id="unsorted"),
        pytest.param({"refuses_pages": True}, 3, id="page-mode-refused"),
        pytest.param({"refuses_selectors": True}, 2, id="selectors-refused"),
        pytest.param({"wants_selectors": True}, 1, id="selectors-wanted"),
        pytest.param({"unsorted": True, "number_markers": True}, 2, id="unsorted-and-numbers"),
        pytest.param({"refuses_pages": True, "refuses_selectors": True}, 4, id="only-plain-scan"),
        pytest.param({"refuses_pages": True, "wants_selectors": True}, 3, id="only-new-scan"),
    ],
)
def test_whatever_way_of_listing_a_server_has_the_choice_is_the_same(
    smh: SmhOpener, how: dict[str, bool], lists: int
) -> None:
    fill(smh.vendor)
    vars(smh.vendor.faults).update(how)

    assert read_whole(smh(album())) == b"oldest"
    assert smh.vendor.calls["directory"] == lists


@pytest.mark.parametrize("number_markers", [True, False], ids=["numbers", "strings"])
def test_markers_of_either_kind_lead_through_a_long_listing(
    smh: SmhOpener, number_markers: bool
) -> None:
    for number in range(250):
        smh.vendor.put(f"trip/{number:03}.jpg", created=NEWEST)
    smh.vendor.put("trip/zz.jpg", b"oldest", created=OLDEST)
    smh.vendor.faults.refuses_pages = True
    smh.vendor.faults.number_markers = number_markers

    assert read_whole(smh(album())) == b"oldest"
    asked = [seen for seen in smh.vendor.of_kind("directory") if "by-marker" in seen.target]
    assert len(asked) == 3


def long_scan(vendor: SmhVendor) -> None:
    for number in range(150):
        vendor.put(f"trip/{number:03}.jpg", b"%d" % number, created=MIDDLE)
    vendor.faults.refuses_pages = True


def test_a_lost_marker_begins_the_scan_anew_once(smh: SmhOpener) -> None:
    long_scan(smh.vendor)
    smh.vendor.faults.loses_markers = 1

    assert read_whole(smh(album())) == b"0"


@pytest.mark.parametrize(
    ("fault", "value", "code"),
    [
        pytest.param("loses_markers", 2, "source.changed", id="marker-lost-twice"),
        pytest.param("repeats_marker", True, "source.rejected", id="marker-repeated"),
    ],
)
def test_a_scan_that_leads_nowhere_is_an_error(
    smh: SmhOpener, fault: str, value: int, code: str
) -> None:
    long_scan(smh.vendor)
    setattr(smh.vendor.faults, fault, value)

    assert smh.failure(album()).code == code


@pytest.mark.parametrize("kind", ["dir", "symlink", "virtual", "multi-file", "file", "?"])
def test_what_is_no_medium_is_passed_over(smh: SmhOpener, kind: str) -> None:
    for number in range(25):
        smh.vendor.put(f"trip/{number}", type=kind, created=OLDEST)
    smh.vendor.put("trip/gone.jpg", created=OLDEST, fields={"removedByQuota": True})
    smh.vendor.put("trip/z.jpg", b"medium", created=NEWEST)

    assert read_whole(smh(album())) == b"medium"


def test_an_album_without_a_medium_says_so(smh: SmhOpener) -> None:
    smh.vendor.put("trip/notes.txt", type="file")

    error = smh.failure(album())

    assert (error.code, error.message) == (
        "source.not_found",
        "The album has no image and no video.",
    )


def test_an_album_of_ten_thousand_costs_a_list_an_info_and_a_range(smh: SmhOpener) -> None:
    for number in range(10_000):
        at = f"2024-{1 + number % 12:02}-{1 + number % 28:02}T00:00:00.{number % 997:03}Z"
        smh.vendor.put_unchecked(f"trip/{number:05}.jpg", created=at)
    smh.vendor.put("trip/zz.mp4", bytes(5_000_000), type="video", created="2020-01-01T00:00:00Z")
    smh.vendor.calls.clear()

    # On a busy machine the fake sorts that many for longer than sources usually wait for it.
    reader = smh(album(), stall_timeout_s=10)

    assert smh.vendor.calls == {"token": 1, "directory": 1, "info": 1, "storage": 1}
    assert reader.requests == 4
    assert reader.bytes_read == 64 * 1024


def test_a_file_is_read_by_its_path_in_any_spelling(smh: SmhOpener) -> None:
    path = "trip/日本 1+1=100%25 #?&.jpg"
    smh.vendor.put(path, b"here")

    assert read_whole(smh(file(path))) == b"here"


def test_an_older_version_is_read_when_it_is_named(smh: SmhOpener) -> None:
    smh.vendor.put("trip/a.jpg", b"now", versions={"7": b"before"})

    assert read_whole(smh(file())) == b"now"
    assert read_whole(smh(file(history_id="7"))) == b"before"
    assert smh.failure(file(history_id="8")).code == "source.not_found"


@pytest.mark.parametrize("path", ["..", "trip/../../other", ".", "/", "a/./b"])
def test_a_path_never_leads_out_of_its_space(smh: SmhOpener, path: str) -> None:
    assert smh.failure(file(path)).code == "source.not_found"
    assert smh.vendor.seen == []


def test_the_user_is_passed_on(smh: SmhOpener) -> None:
    smh.vendor.put("trip/a.jpg")

    smh(album(user_id="ann lee"))

    api = [seen for seen in smh.vendor.seen if seen.kind != "storage"]
    assert len(api) == 3
    assert all("user_id=ann+lee" in seen.target for seen in api)


def test_a_public_library_is_read_without_a_token(smh: SmhOpener) -> None:
    smh.vendor.public_read = True
    smh.vendor.put("trip/a.jpg", b"open")

    assert read_whole(smh(album(), public_read=True, library_secret="")) == b"open"
    assert smh.vendor.calls["token"] == 0
    assert not any("access_token" in seen.target for seen in smh.vendor.seen)


def test_tokens_are_asked_for_once_and_may_only_read(smh: SmhOpener) -> None:
    fill(smh.vendor)

    for reference in (album(), album(), file("trip/b.jpg")):
        smh(reference)

    (asked,) = smh.vendor.of_kind("token")
    assert asked.method == "POST"
    assert "period=3600" in asked.target
    assert "grant" not in asked.target


def test_each_space_has_its_own_token(smh: SmhOpener) -> None:
    smh.vendor.put("a.jpg", b"one", space="one")
    smh.vendor.put("a.jpg", b"two", space="two")

    assert read_whole(smh(album(None, space_id="one"))) == b"one"
    assert read_whole(smh(album(None, space_id="two"))) == b"two"
    assert smh.vendor.calls["token"] == 2


def test_an_invalid_token_is_replaced_once_and_the_call_repeated(smh: SmhOpener) -> None:
    fill(smh.vendor)
    smh(album())
    smh.vendor.tokens.clear()

    assert read_whole(smh(album())) == b"oldest"
    assert smh.vendor.calls["token"] == 2


def test_in_its_last_minute_a_token_is_renewed_without_the_secret(smh: SmhOpener) -> None:
    fill(smh.vendor)
    smh(album())
    smh.age_tokens(left_s=30)

    smh(album())
    smh(album())

    assert (smh.vendor.calls["token"], smh.vendor.calls["renew"]) == (1, 1)
    assert smh.vendor.secret not in smh.vendor.of_kind("renew")[0].target


def test_a_token_that_cannot_be_renewed_is_made_anew(smh: SmhOpener) -> None:
    fill(smh.vendor)
    smh(album())
    smh.age_tokens(left_s=30)
    smh.vendor.tokens.clear()

    assert read_whole(smh(album())) == b"oldest"
    assert (smh.vendor.calls["token"], smh.vendor.calls["renew"]) == (2, 1)


def test_a_wrong_secret_is_told_and_never_shown(smh: SmhOpener) -> None:
    error = smh.failure(album(), library_secret="wrong-canary")

    assert error.code == "source.forbidden"
    assert "WrongLibraryIdOrSecret" in error.message
    source = smh_source(smh.vendor, smh.tokens, library_secret="wrong-canary")
    assert "canary" not in f"{error}{error!r}{source!r}"


def test_a_library_that_takes_no_token_of_its_own_is_left_after_one_more(smh: SmhOpener) -> None:
    smh.vendor.fail("directory", 403, "InvalidAccessToken", times=5)

    error = smh.failure(album())

    assert (error.code, smh.vendor.calls["token"]) == ("source.forbidden", 2)
    assert smh.vendor.calls["directory"] == 2


def test_over_tls_api_and_storage_are_read_at_their_own_names(
    smh: SmhOpener, certificate: Certificate
) -> None:
    fill(smh.vendor)

    assert read_whole(smh(album(), **over_tls(smh.vendor, certificate))) == b"oldest"
    hosts = {seen.kind: seen.headers["host"] for seen in smh.vendor.seen}
    assert hosts == {
        "token": "public.test",
        "directory": "public.test",
        "info": "public.test",
        "storage": "public.test:8443",
    }


@pytest.mark.parametrize(
    ("fault", "value", "code"),
    [
        pytest.param("link_scheme", "http", "source.url_not_allowed", id="plain-link"),
        pytest.param("link_host", "private.test", "source.address_blocked", id="private-link"),
        pytest.param("link_host", "loopback.test", "source.url_not_allowed", id="unlisted-link"),
        pytest.param("link_host", "public.test", "source.url_not_allowed", id="unlisted-port"),
        pytest.param(
            "redirect_to", "https://private.test/x", "source.address_blocked", id="private-redirect"
        ),
        pytest.param(
            "redirect_to", "http://public.test:8443/", "source.url_not_allowed", id="plain-redirect"
        ),
    ],
)
def test_over_tls_nothing_leads_to_plain_private_or_unlisted_hosts(
    smh: SmhOpener, certificate: Certificate, fault: str, value: str, code: str
) -> None:
    fill(smh.vendor)
    how = over_tls(smh.vendor, certificate)
    setattr(smh.vendor.faults, fault, value)

    assert smh.failure(album(), **how).code == code
